"""The settings that are tried, as ``--set`` gives them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared.history.replay import Rules
from shared.models.monitor import FlappingLimits
from shared.monitors.policy import Policy
from shared.settings import SettingError, Settings

FIELDS = ("failure_threshold", "success_threshold", "quorum", "locations")
LIMITS = ("FLAPPING_STARTS", "FLAPPING_ENDS")


class BadChange(ValueError):
    """The field judges nothing, or the value does not fit it. The text names both."""


def parsed(text: str) -> tuple[str, Any]:
    """``failure_threshold=3`` as the field, and the value as a monitor or the limits of flapping have it.

    Raises:
        BadChange: there is no such field, or it cannot have this value.
    """
    field, sign, value = (part.strip() for part in text.partition("="))
    if field not in (*FIELDS, *LIMITS):
        raise BadChange(f"{field!r} is none of {', '.join((*FIELDS, *LIMITS))}")
    if not sign or not value:
        raise BadChange(f"{field} has no value: expected one such as {field}={_example(field)}")
    return field, _limit(field, value) if field in LIMITS else _of_policy(field, value)


def rules(changes: Mapping[str, Any], settings: Settings) -> Rules:
    """The rules that judge: the ``changes``, otherwise those in force then. The limits of flapping are those of now."""
    fields = {name: value for name, value in changes.items() if name in FIELDS}
    starts = changes.get("FLAPPING_STARTS", settings.flapping_starts)
    return Rules(fields, FlappingLimits(starts, changes.get("FLAPPING_ENDS", settings.flapping_ends)))


def _example(field: str) -> str:
    return {"locations": "seoul,tokyo", "quorum": "majority"}.get(field, "3" if field in FIELDS else "50%")


def _limit(field: str, value: str) -> float:
    try:
        settings = Settings.from_env({field: value})
    except SettingError as error:
        raise BadChange(str(error)) from None
    return settings.flapping_starts if field == "FLAPPING_STARTS" else settings.flapping_ends


def _of_policy(field: str, value: str) -> Any:
    given: Any = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else value
    if field == "locations":
        given = [name.strip() for name in value.split(",")]
    try:
        policy = Policy.model_validate({"name": "replay", "url": "http://localhost/", field: given})
    except ValidationError as error:
        expected = error.errors(include_url=False)[0]["msg"]
        raise BadChange(f"{field}={value!r} cannot be: {expected}") from None
    if field == "quorum":
        return None if policy.quorum == "majority" else policy.quorum
    return getattr(policy, field)
