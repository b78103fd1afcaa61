"""Sends the configuration to the backend, which answers with what changes."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from shared.settings import secrets
from shared.settings.proxies import backend_options
from shared.settings.secrets import without_password

CONNECT_SECONDS = 5.0
Kind = Literal["added", "changed", "removed"]
# Thousands of monitors are written in one transaction.
RESPONSE_SECONDS = 60.0
_MAX_SHOWN = 2_000
_SIGNS: dict[Kind, str] = {"added": "+", "changed": "~", "removed": "-"}
# The statuses of a new deployment's public URL until it is ready, and of a system whose store is busy.
_NOT_YET = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


class NotApplied(Exception):
    """The backend did not take the configuration, and changed nothing. The text says why and holds no secret."""


class NotReached(NotApplied):
    """The backend did not respond, or cannot serve yet. To try again may help."""


class Change(BaseModel):
    """A monitor that changes, and in which fields."""

    name: str
    fields: list[str]


class PartChange(BaseModel):
    """A window, an escalation, a page, a drill or a summary that changes, and in which fields."""

    change: Kind
    section: str
    name: str | None
    fields: list[str]

    def line(self) -> str:
        """It as people read it."""
        name = f" '{_shown(self.name)}'" if self.name is not None else ""
        fields = f": {', '.join(map(_shown, self.fields))}" if self.fields else ""
        return f"{_SIGNS[self.change]} {_shown(self.section)}{name}{fields}"


class Plan(BaseModel):
    """The changes that the backend makes, or would make (``dry_run``). ``version``: the configuration's, counted there.

    ``channels``: the digest of those that it runs with; None if it says none. ``locations``: where agents have ever
    been; None if an older backend does not say.
    ``parts``: the changes beside the monitors, which an older backend does not say either.
    """

    version: int
    dry_run: bool
    added: list[str]
    changed: list[Change]
    removed: list[str]
    unchanged: int
    channels: str | None = None
    locations: list[str] | None = None
    parts: list[PartChange] = []

    def lines(self) -> Iterator[str]:
        """A line for each monitor and each other part that changes, then one with the counts."""
        yield from (f"+ {_shown(name)}" for name in self.added)
        yield from (f"~ {_shown(change.name)}: {', '.join(map(_shown, change.fields))}" for change in self.changed)
        yield from (f"- {_shown(name)}" for name in self.removed)
        yield from (part.line() for part in self.parts)
        parts = [part.change for part in self.parts]
        counts = (f"{len(getattr(self, each)) + parts.count(each)} {each}" for each in _SIGNS)
        yield f"{', '.join(counts)}, {self.unchanged} unchanged"

    def changes_nothing(self) -> bool:
        """Whether all is as it was."""
        return not (self.added or self.changed or self.removed or self.parts)


def put(body: Mapping[str, Any], url: str, key: str, environ: Mapping[str, str], *, is_dry_run: bool) -> Plan:
    """Send a configuration to the backend at ``url``, all or nothing.

    Raises:
        NotApplied: the backend cannot be reached, or refuses.
        SettingError: a proxy variable is malformed.
    """
    import requests

    at = without_password(url)
    data, kind = _packed(json.dumps(body).encode())
    with requests.Session() as session:
        session.trust_env = False  # see proxies
        session.verify = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True
        try:
            response = session.put(
                f"{url}/config",
                params={"dry_run": "true"} if is_dry_run else None,
                data=data,
                headers={"X-API-Key": key, "Content-Type": kind},
                timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
                # A redirect might carry the key to another host.
                allow_redirects=False,
                **backend_options(url, environ),
            )
        except requests.Timeout:
            doubt = "" if is_dry_run else "; whether it took the configuration is not known"
            raise NotReached(f"{at} did not answer in time{doubt}") from None
        except (requests.RequestException, OSError, ValueError) as error:
            reason = type(error).__name__
            raise NotReached(f"{at} cannot be reached ({reason}): expected the system to run there") from None
    if response.status_code in _NOT_YET:
        raise NotReached(f"{at} did not take the configuration: {reason_of(response, key, environ)}")
    if response.status_code != HTTPStatus.OK:
        raise NotApplied(f"{at} did not take the configuration: {reason_of(response, key, environ)}")
    try:
        return Plan.model_validate_json(response.content)
    except ValidationError:
        raise NotApplied(f"{at} answered with something else than a plan: expected Bonghwa's backend there") from None


def _packed(data: bytes) -> tuple[bytes, str]:
    """The body as it is sent, and its Content-Type."""
    # Imported here: commands that send nothing start without it.
    from shared.web import MAX_BODY_BYTES, PACKED

    if len(data) <= MAX_BODY_BYTES:
        return data, "application/json"
    import gzip  # few have thousands of monitors

    return gzip.compress(data), PACKED


def reason_of(response: Any, key: str, environ: Mapping[str, str]) -> str:
    """Why it was refused. The responder may echo our key."""
    status = response.status_code
    try:
        detail = str(response.json()["detail"])
    except (ValueError, TypeError, KeyError):
        # The answer is a proxy's, or another program's.
        detail = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    if status == HTTPStatus.UNAUTHORIZED:
        detail = f"{detail}; the first key in API_KEY was sent"
    parts = {*secrets.secret_parts(environ), key}
    return without_password(secrets.masked(_shown(f"{status} {detail}".strip()), parts))[:_MAX_SHOWN]


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
