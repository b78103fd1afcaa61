"""The settings page's findings about the system itself: problems first, then what works, each with its facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from functions.dashboard.lists.agents import clock_said
from functions.dashboard.overview.troubles import is_missed, troubles
from functions.dashboard.visit import Visit
from shared.alerting import CLOCK_TOLERANCE
from shared.alerting.agents import SILENT_AFTER_INTERVALS
from shared.alerting.health import UPKEEP, Health, HealthFacts, is_given_up
from shared.channels import configured
from shared.messages import one_line
from shared.models import as_time
from shared.pages.formatting import Named, duration
from shared.pages.states import Shown
from shared.store import Row

MAX_ANSWER = 300
# A check and its report take a while.
_SLACK = 60.0


class Finding(NamedTuple):
    """One thing that was looked at. ``href``: where more of it is, below the dashboard. ``quote``: a channel says so.

    ``at``: when that was.
    """

    shown: Shown
    text: str
    href: str = ""
    quote: str = ""
    at: datetime | None = None


class Delivery(NamedTuple):
    """How a channel answered the last drill. ``why``: the channel's own words, if it refused the message."""

    channel: str
    seconds: float | None
    why: str = ""


class Drill(NamedTuple):
    """The last drill that is over."""

    shown: Shown
    text: str
    at: datetime | None
    deliveries: list[Delivery]


def findings_of(visit: Visit, health: Health, known: HealthFacts, *, unkept_since: datetime | None) -> list[Finding]:
    """Everything that was looked at, worst first. ``unkept_since``: since when each upkeep has failed."""
    channels = configured()
    accepted, failed = visit.store.visits.overview.deliveries(list(channels))
    last = _last_attempts(accepted, failed)
    # The list below quotes the channel's own words about the last failure.
    bad = [Finding("down", found.text, found.href) for found in troubles(visit, channels, (), health, known)]
    if unkept_since:
        bad.append(Finding("slow", visit.markup("schedule_fails", name=Named(UPKEEP)), at=unkept_since))
    return [*bad, *_failures(visit, failed, last), *_clocks(visit, known), *_well(visit, last, known)]


def drill_of(visit: Visit, last: Any) -> Drill | None:
    """The last drill as the store says it; None before the first."""
    if not last:
        return None
    language, say = visit.language, visit.say
    deliveries = [Delivery(name, seconds) for name, seconds in last["delivered"].items()]
    deliveries += [Delivery(name, None, one_line(str(why), MAX_ANSWER)) for name, why in last["failed"].items()]
    at = as_time(last["at"])
    ago = duration(max(0.0, (visit.at - at).total_seconds()), language) if at else "–"
    by = last["acknowledged_by"]
    if last["ok"]:
        text = say("drill_acknowledged", ago=ago, name=by) if by else say("drill_well", ago=ago)
    else:
        text = say("drill_failed" if last["failed"] else "drill_missed", ago=ago)
    return Drill("up" if last["ok"] else "down", text, at, deliveries)


def _last_attempts(accepted: list[Row], failed: list[Row]) -> list[Row]:
    """The last attempt of each channel, whether it was accepted or not."""
    newest: dict[str, Row] = {}
    for row in (*accepted, *failed):
        known = newest.get(row["channel"])
        if known is None or row["attempted_at"] > known["attempted_at"]:
            newest[row["channel"]] = row
    return list(newest.values())


def _failures(visit: Visit, failed: list[Row], last: list[Row]) -> Iterator[Finding]:
    """The last failure of each channel; one that was followed by a success is over."""
    for row in sorted(failed, key=lambda row: row["attempted_at"], reverse=True):
        is_over = row not in last
        text = visit.markup("finding_recovered" if is_over else "finding_refused", name=Named(row["channel"]))
        quote = one_line(row["answer"] or "", MAX_ANSWER)
        yield Finding("unk" if is_over else "slow", text, "/channels", quote, as_time(row["attempted_at"]))


def _clocks(visit: Visit, known: HealthFacts) -> Iterator[Finding]:
    for agent in known.agents:
        ahead = agent.last_seen_at - visit.at
        if ahead > CLOCK_TOLERANCE:
            time = duration(ahead.total_seconds(), visit.language)
            yield Finding("slow", visit.markup("finding_clock", name=Named(agent.name), time=time), "/agents")
        elif agent.clock_ahead_seconds and not is_given_up(agent, known):
            yield Finding("slow", clock_said(visit, agent), "/agents")


def _well(visit: Visit, last: list[Row], known: HealthFacts) -> Iterator[Finding]:
    for agent in known.agents:
        seconds = max(0.0, (visit.at - agent.last_seen_at).total_seconds())
        ago = duration(seconds, visit.language)
        if is_given_up(agent, known):
            yield Finding("paus", visit.markup("finding_given_up", name=Named(agent.name), ago=ago), "/agents")
        elif not agent.is_offline and not is_missed(visit, agent, known):
            # After a start, an agent has a while to report again.
            shown: Shown = "up" if seconds <= SILENT_AFTER_INTERVALS * agent.interval_seconds + _SLACK else "pend"
            yield Finding(shown, visit.markup("finding_agent", name=Named(agent.name), ago=ago), "/agents")
    for row in last:
        if row["status"] == "SENT" and row["channel"] not in known.refused:
            at = as_time(row["attempted_at"])
            yield Finding("up", visit.markup("finding_delivered", name=Named(row["channel"])), "/channels", at=at)
    yield Finding("up", visit.say("finding_store"))
