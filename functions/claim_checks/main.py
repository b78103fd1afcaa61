"""/checks: an agent claims the checks that fall due at its location, and reports those that are only tried."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from functions.claim_checks.trials import report_trial
from shared import web
from shared.models import as_text, now
from shared.models.monitor import DEFAULT_LOCATION
from shared.models.scalars import ReportedName, Text, whole
from shared.models.values import MAX_ID
from shared.monitors.due import time_of
from shared.settings import Settings
from shared.store import open_store


class ClaimRequest(BaseModel):
    """The claiming agent, and how far ahead it claims.

    ``known``: the version of the configuration that the agent has already. ``targets``: the URLs that the agent watches
    by its own setting, every ``target_interval`` seconds, for at most ``target_timeout`` seconds.
    """

    model_config = ConfigDict(strict=True)

    agent: Annotated[Text, Field(min_length=1, max_length=255)]
    location: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    seconds: Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)] = 30.0
    targets: Annotated[tuple[ReportedName, ...], Field(max_length=1_000)] = ()
    target_interval: Annotated[float, Field(ge=0.1, le=86_400, allow_inf_nan=False)] = 30.0
    target_timeout: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None
    known: Annotated[int, Field(ge=0, le=MAX_ID), BeforeValidator(whole)] | None = None


@web.route("POST", "/checks/claim", access="ingest")
def claim(request: Request, settings: Settings) -> Response:
    """200 with ``{"version", "now", "until", "checks": [{"name", "due_at"}], "policies", "removed", "is_complete"}``.

    ``policies`` are those that the agent does not know; it forgets the names in ``removed``, and if ``is_complete``
    every one that is not in ``policies``. No check is given out twice at a location. Besides, ``"trials": [{"id",
    "policy"}]`` are checks that somebody wants to see before anything is saved.
    """
    asked = ClaimRequest.model_validate_json(web.body_of(request))
    at, location = now(), asked.location or DEFAULT_LOCATION
    claimed = open_store(settings).checks.claim(
        location,
        now=at,
        seconds=asked.seconds,
        targets=asked.targets,
        target_interval=asked.target_interval,
        target_timeout=asked.target_timeout,
        known=asked.known,
    )
    policies: list[Any] = []
    # Monitors that are not to be checked there any more: gone, paused, a heartbeat now, or another location's.
    removed: list[str] = []
    for row in claimed.changed:
        if _is_checked_at(location, row):
            policies.append(json.loads(row["policy"]))
        elif not claimed.is_all:
            removed.append(row["name"])
    return web.answer(
        {
            "version": claimed.version,
            "now": as_text(at),
            "until": as_text(claimed.until),
            "checks": [{"name": due.name, "due_at": as_text(time_of(due.at))} for due in claimed.checks],
            "policies": policies,
            "removed": removed,
            "is_complete": claimed.is_all,
            "trials": [{"id": row["id"], "policy": json.loads(row["policy"])} for row in claimed.trials],
        }
    )


def _is_checked_at(location: str, row: Mapping[str, Any]) -> bool:
    """Whether an agent there needs the policy, which may hold secrets."""
    if not (row["is_watched"] and row["interval_seconds"] and row["policy"]):
        return False
    return row["locations"] is None or location in json.loads(row["locations"])


@functions_framework.http
@web.routes(claim, report_trial)
def claim_checks() -> None:
    """An agent asks which checks are due, and reports the results of trials."""
