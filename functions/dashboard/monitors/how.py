"""How a monitor is checked, in words: what of its policy is worth a line."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.dashboard.visit import Visit
from shared.alerting.agents import TIMEOUT_SECONDS
from shared.messages import seconds_text
from shared.monitors.durations import seconds_of
from shared.pages.formatting import duration
from shared.pages.markdown import linked
from shared.pages.states import shown_state

if TYPE_CHECKING:
    from shared.store import Entry

# Fields that have lines of their own below, or that the page says elsewhere.
_SAID = {
    *("name", "group", "url", "interval", "timeout", "failure_threshold", "success_threshold", "conditions"),
    *("enabled", "heartbeat", "dns", "description"),
}


class Fact(NamedTuple):
    """A line: what, and the values; ``is_code``: as they are written in the file."""

    label: str
    values: list[str]
    is_code: bool = False


def how_of(visit: Visit, entry: "Entry", policy: Mapping[str, Any]) -> list[Fact]:
    """The lines about a monitor. ``policy``: with its secrets masked."""
    return [fact for fact in _facts(visit, entry, policy) if any(fact.values)]


def _facts(visit: Visit, entry: "Entry", policy: Mapping[str, Any]) -> Iterator[Fact]:
    say, row = visit.say, entry.row
    if policy.get("description"):
        yield Fact(say("field_description"), [linked(policy["description"])])
    yield Fact(say("how_group"), [row["group_name"] or ""])
    if row["interval_seconds"] is not None:
        every = seconds_text(row["interval_seconds"], visit.language)
        # The row has how long all tries take together. The number of tries is a line of its own.
        timeout = entry.policy.timeout if entry.policy else row["timeout_seconds"] or TIMEOUT_SECONDS
        within = seconds_text(timeout, visit.language)
        yield Fact(say("how_every"), [say("how_interval", every=every, within=within)])
    heartbeat, dns = policy.get("heartbeat"), policy.get("dns")
    if heartbeat:
        times = {name: seconds_text(seconds_of(heartbeat[name]), visit.language) for name in ("period", "grace")}
        yield Fact(say("how_ping"), [say("how_period", **times)])
    if dns:
        yield Fact(say("field_dns"), [f"{dns['query_name']} {dns['query_type']}"], is_code=True)
    failures = say("how_failed_pings" if heartbeat else "how_failures", n=row["failure_threshold"])
    missed = [say("how_missed")] if heartbeat else []
    yield Fact(say("how_down"), [*missed, failures, say("how_successes", n=row["success_threshold"])])
    yield Fact(say("how_conditions"), list(policy.get("conditions") or ()), is_code=True)
    yield from _rest(visit, entry)
    seen = entry.locations(visit.at)
    yield Fact(say("how_seen"), [_seen(visit, each) for each in seen[1:] and seen])
    if row["source"] == "file":
        where = f"{visit.settings.config_file.name}:{row['line']}" if row["line"] else visit.settings.config_file.name
        yield Fact(say("how_from"), [say("how_file", file=where)])
    elif row["source"] != "api":
        yield Fact(say("how_from"), [say(f"how_{row['source']}")])


def _seen(visit: Visit, place: Mapping[str, Any]) -> str:
    """How a location sees the monitor, and how old that is."""
    ago = (visit.at - datetime.fromisoformat(place["last_checked_at"])).total_seconds()
    age = visit.say("ago", time=duration(max(0.0, ago), visit.language))
    return f"{place['location']}: {visit.say(shown_state(place['state']))} ({age})"


def _rest(visit: Visit, entry: "Entry") -> Iterator[Fact]:
    """The other fields that somebody wrote into the policy, by name."""
    from shared.monitors.masking import masked

    if entry.policy is None:
        return
    shown = masked(entry.policy)
    given = entry.policy.model_dump(exclude_defaults=True)
    lines = [f"{name}: {_text(shown[name])}" for name in given if name not in _SAID and shown.get(name) is not None]
    yield Fact(visit.say("how_rest"), lines, is_code=True)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_text(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
