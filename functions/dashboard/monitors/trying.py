"""A check that is tried before it is saved: an agent does it, and the form shows what it found."""

import os
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.dashboard.visit import Visit
from shared import web
from shared.logs import step
from shared.messages import said_cause
from shared.models.monitor import DEFAULT_LOCATION
from shared.pages.formatting import duration, milliseconds
from shared.pages.states import Shown
from shared.settings import is_in_cloud
from shared.store import TrialNotFound

if TYPE_CHECKING:
    from shared.monitors.conditions.trial import JudgedCondition, TrialResult
    from shared.monitors.policy import Policy
    from shared.store import Trial

# After how many seconds a page without a script asks again.
_AGAIN, _AGAIN_IN_CLOUD = 1, 5
_PHASES = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "response_time_ms")


class Line(NamedTuple):
    """One fact that a check found."""

    label: str
    text: str


class Tried(NamedTuple):
    """A trial as the page shows it. ``again``: the seconds until the page looks again; 0 once the trial is over."""

    shown: Shown
    verdict: str
    text: str
    again: int = 0
    conditions: "tuple[JudgedCondition, ...]" = ()
    lines: tuple[Line, ...] = ()
    answer: str | None = None


def begin_trial(
    visit: Visit, policy: "Policy", number: int | None, source: int | None = None, *, version: int | None = None
) -> str:
    """Let an agent try a policy; the path of the form that shows what it found.

    ``number``: the monitor's, if any. ``source``: that of the monitor which it is a duplicate of, if any.
    ``version``: that of the stored policy which was edited. The form needs it to notice later changes.
    """
    trial = visit.store.visits.trials.begin(policy, monitor_id=number, now=visit.at)
    step("server", "trial_begun", trial_id=trial, target_url=policy.target)
    where = "new" if number is None else f"{number}/edit"
    origin = "" if source is None else f"&from={source}"
    origin += "" if version is None else f"&version={version}"
    return f"/dashboard/monitors/{where}?trial={trial}{origin}#trial"


def trial_named(visit: Visit, text: str, number: int | None) -> "Trial | None":
    """The trial with this number, if it is one of the form for this monitor; None if it is over an hour old."""
    if not web.is_id(text):
        return None
    try:
        trial = visit.store.visits.trials.get(int(text), now=visit.at)
    except TrialNotFound:
        return None
    if trial.monitor_id != number:
        raise web.Problem(404, visit.say("nothing_here"))
    return trial


def policy_tried(trial: "Trial") -> "Policy":
    """The policy that a trial tries."""
    from shared.monitors.policy import Policy

    return Policy.model_validate_json(trial.policy)


def tried_of(visit: Visit, trial: "Trial", policy: "Policy") -> Tried:
    """The trial as the page shows it."""
    if trial.result is not None:
        from shared.monitors.conditions.trial import TrialResult

        return _found(visit, TrialResult.model_validate_json(trial.result), policy)
    if trial.is_given_up:
        return Tried("unk", visit.say("trial_given_up"), visit.say("trial_given_up_means"))
    again = _AGAIN_IN_CLOUD if is_in_cloud(os.environ) else _AGAIN
    if trial.is_given:
        return Tried("pend", visit.say("trial_runs"), visit.say("trial_runs_means"), again)
    return Tried("pend", visit.say("trial_waits"), _waiting(visit, policy), again)


def _waiting(visit: Visit, policy: "Policy") -> str:
    if policy.locations:
        return visit.say("trial_waits_at", places=", ".join(policy.locations))
    if not is_in_cloud(os.environ):
        return visit.say("trial_waits_here")
    often = [agent.interval_seconds for agent in visit.store.health_facts(now=visit.at).agents]
    return visit.say("trial_waits_run", time=duration(min(often), visit.language)) if often else visit.say("no_agents")


def _found(visit: Visit, result: "TrialResult", policy: "Policy") -> Tried:
    event, say = result.event, visit.say
    limit = policy.max_response_time
    cause = said_cause(event.cause, event.error_message, visit.language) if not event.is_success else ""
    text = cause[:1].upper() + cause[1:]
    if event.is_inconclusive:
        shown, verdict = "unk", say("trial_unknown")
    elif not event.is_success:
        shown, verdict = "down", say("trial_fails")
    elif limit and (event.response_time_ms or 0) > limit * 1_000:
        shown, verdict = "slow", say("trial_slow")
        text = say("trial_slow_means", limit=milliseconds(limit * 1_000, visit.language))
    else:
        shown, verdict = "up", say("trial_works")
    return Tried(
        shown,  # type: ignore[arg-type]  # one of those above
        verdict,
        text,
        conditions=result.conditions,
        lines=tuple(_lines(visit, event)),
        answer=result.answer,
    )


def _lines(visit: Visit, event: Any) -> list[Line]:
    say, language = visit.say, visit.language
    found = []
    if event.status_code is not None:
        found.append(Line(say("trial_status"), str(event.status_code)))
    for phase in _PHASES:
        value = getattr(event, phase)
        if value is not None:
            found.append(Line(say(f"trial_{phase}"), milliseconds(value, language)))
    if event.ip:
        found.append(Line(say("trial_ip"), event.ip))
    if event.certificate_expires_at:
        left = (event.certificate_expires_at.astimezone(UTC) - visit.at).total_seconds()
        found.append(Line(say("certificate"), duration(left, language) if left > 0 else say("trial_expired")))
    found.append(Line(say("agent"), event.location or event.agent or DEFAULT_LOCATION))
    return found
