"""The stories, bars and lines of a page: what each bucket says in words, and which story it leads to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from markupsafe import Markup

from functions.status_page.facts import starts_of
from functions.status_page.visible import Monitor, Page
from shared.pages import formatting
from shared.pages.bars import Day, bar
from shared.pages.sparkline import sparkline
from shared.pages.states import Shown
from shared.words import Language

PERIODS = {"24h": "hours", "90d": "days", "12m": "months"}
_FORMS = {"hours": "d24", "days": "d90", "months": "d12"}


class Drawn(NamedTuple):
    """The parts of a monitor's row beside its name and state. ``uptime``: in words, or that nothing is known."""

    monitor: Monitor
    uptime: str
    bar: Markup
    spark: Markup


def rows_of(page: Page, period: str, say: Any, language: Language) -> dict[int, Drawn]:
    """The rows of all monitors of a page, by their ids."""
    at = datetime.fromisoformat(page.at)
    starts = starts_of(period, at)
    ends = [*starts[1:], at]
    stories: dict[str, list[dict[str, Any]]] = {}
    for outage in (*page.past, *page.open):
        stories.setdefault(outage["name"], []).append({**outage, "anchor": anchor_of(outage, page)})
    return {
        monitor.id: Drawn(
            monitor,
            say("uptime", uptime=text) if (text := uptime_text(monitor.buckets[period])) else say("no_data"),
            _bar(monitor, period, list(zip(starts, ends, strict=True)), stories.get(monitor.name, []), say, language),
            pace_line(monitor, say, language),
        )
        for monitor in page.monitors
    }


def uptime_of(buckets: Sequence[Sequence[int]]) -> float | None:
    """The share of the known time that was not down."""
    known, down = (sum(each[number] for each in buckets) for number in (0, 1))
    return 1 - down / known if known else None


def uptime_text(buckets: Sequence[Sequence[int]]) -> str:
    """The same as text; empty if nothing is known."""
    share = uptime_of(buckets)
    if share is None:
        return ""
    return formatting.uptime(share, is_whole=not any(each[1] for each in buckets))


def pace_line(monitor: Monitor, say: Any, language: Language) -> Markup:
    """The response times of the last day."""
    now = next((each for each in reversed(monitor.pace) if each is not None), None)
    if now is None:
        return Markup()
    return sparkline(monitor.pace, say("pace", pace=formatting.milliseconds(now, language)))


def mark_of(bucket: Sequence[int]) -> Shown | None:
    """The worst state in a bucket; None if nothing was wrong, "unk" if nothing is known."""
    known, down, slow, planned = bucket
    if down:
        return "down"
    if slow:
        return "slow"
    if planned:
        return "plan"
    return None if known else "unk"


def _bar(
    monitor: Monitor,
    period: str,
    spans: Sequence[tuple[datetime, datetime]],
    stories: Sequence[dict[str, Any]],
    say: Any,
    language: Language,
) -> Markup:
    days = [
        _day(bucket, span, period, stories, say, language)
        for bucket, span in zip(monitor.buckets[period], spans, strict=True)
    ]
    count = sum(bool(day.tip) for day in days)
    label = say(
        "bar_bad" if count else "bar_good",
        n=count,
        name=monitor.name,
        uptime=uptime_text(monitor.buckets[period]) or say("no_data"),
        period=say(f"period_{period}"),
    )
    return bar(days, label, _FORMS[period])


def _day(
    bucket: Sequence[int],
    span: tuple[datetime, datetime],
    period: str,
    stories: Sequence[dict[str, Any]],
    say: Any,
    language: Language,
) -> Day:
    known, down, slow, planned = bucket
    match mark_of(bucket):
        case "down":
            lasted = formatting.duration(down / 1000, language)
            share = formatting.uptime(1 - down / known, is_whole=False)
            tip = say("tip_down", when=_when(span[0], period, language), uptime=share, duration=lasted)
            return Day("d", down / known, tip, _story(span, stories, is_slow=False))
        case "slow":
            lasted = formatting.duration(slow / 1000, language)
            tip = say("tip_slow", when=_when(span[0], period, language), duration=lasted)
            return Day("g", slow / max(known, 1), tip, _story(span, stories, is_slow=True))
        case "plan":
            lasted = formatting.duration(planned / 1000, language)
            return Day("p", 0, say("tip_plan", when=_when(span[0], period, language), duration=lasted), "#services")
        case None:
            return Day()
    return Day("z")


def _when(at: datetime, period: str, language: Language) -> str:
    if period == "months":
        return formatting.month(at, language)
    if period == "days":
        return formatting.day(at, language)
    return f"{at:%H:%M}–{at + timedelta(hours=1):%H:%M} UTC"


def _story(span: tuple[datetime, datetime], stories: Sequence[dict[str, Any]], *, is_slow: bool) -> str:
    """The newest outage in the span."""
    for outage in stories:
        ended = datetime.fromisoformat(outage["resolved_at"]) if outage["resolved_at"] else span[1]
        begins = datetime.fromisoformat(outage["failed_at"])
        if outage["is_slow"] is is_slow and begins < span[1] and ended >= span[0]:
            return f"#{outage['anchor']}"
    return "#past"


def cards_of(page: Page) -> list[dict[str, Any]]:
    """Present troubles, worst first: incidents, and outages that no incident tells of."""
    incidents = [each for each in page.incidents if each["state"] != "resolved"]
    down = {each["name"] for each in page.open if not each["is_slow"]}
    found: list[tuple[int, str, dict[str, Any]]] = []
    for each in incidents:
        is_down = bool(down & {*each["monitors"]})
        # It began with the outage that it tells of, if that was noticed first.
        began = min([each["created_at"], *(out["failed_at"] for out in page.open if out["name"] in each["monitors"])])
        card = {**each, "kind": "incident", "is_down": is_down, "since": began, "updates": each["updates"][::-1]}
        found.append((0 if is_down else 2, each["created_at"], card))
    found += [
        (3 if each["is_slow"] else 1, each["failed_at"], {**each, "kind": "outage"})
        for each in page.open
        if not _teller(each, page) and not (each["is_slow"] and each["name"] in down)
    ]
    return [card for _, _, card in sorted(found, key=lambda each: each[:2])]


def past_of(page: Page) -> list[dict[str, Any]]:
    """Past troubles, newest first: incidents with their last words, and outages that no incident tells of."""
    done = [each for each in page.incidents if each["state"] == "resolved"]
    found: list[tuple[str, dict[str, Any]]] = []
    for each in done:
        words = next((update["text"] for update in reversed(each["updates"]) if update["text"]), "")
        found.append((each["created_at"], {**each, "kind": "incident", "text": words}))
    found += [(each["failed_at"], {**each, "kind": "outage"}) for each in page.past if not _teller(each, page)]
    return [story for _, story in sorted(found, key=lambda each: each[0], reverse=True)]


def _teller(outage: dict[str, Any], page: Page) -> dict[str, Any] | None:
    """The incident that tells of an outage; then it has no story of its own."""
    is_over = outage["resolved_at"] is not None
    for each in page.incidents:
        tells = outage["name"] in each["monitors"] and (each["state"] == "resolved") is is_over
        if tells and (not is_over or _overlap(outage, each)):
            return each
    return None


def anchor_of(outage: dict[str, Any], page: Page) -> str:
    """The id of the element that tells of an outage."""
    if incident := _teller(outage, page):
        return f"i{incident['id']}"
    # A monitor that is down has no card for being slow as well.
    is_open = outage["resolved_at"] is None
    worse = [each for each in page.open if is_open and each["name"] == outage["name"] and not each["is_slow"]]
    return f"o{worse[0]['id'] if worse else outage['id']}"


def _overlap(outage: dict[str, Any], incident: dict[str, Any]) -> bool:
    ended = incident["resolved_at"] or outage["resolved_at"]
    return bool(outage["failed_at"] <= ended and outage["resolved_at"] >= incident["created_at"])
