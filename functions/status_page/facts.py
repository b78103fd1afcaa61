"""The facts of the pages, as plain data that a file can keep: everything that some page may show, and no more.

A reading serves every page, language and period for ten seconds.
"""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.history.uptime import KNOWN, known_until
from shared.models import as_text
from shared.settings.secrets import without_password
from shared.settings.status_pages import AHEAD
from shared.store import Bucket, Store

if TYPE_CHECKING:
    from shared.store import Board

Facts = dict[str, Any]
Buckets = list[list[int]]
HOURS, DAYS, MONTHS = 24, 90, 12


def facts_of(
    board: "Board",
    pages: Mapping[str, Any],
    past: Callable[[str], Mapping[int, list[Bucket]]],
    paces: Mapping[int, list[float | None]],
    now: datetime,
    periods: Sequence[str],
) -> Facts:
    """The facts of a board. ``past``: the buckets of each monitor that have passed, by the name of a period."""
    slow = {row["subject"] for row in board.outages if row["kind"] == "DEGRADED" and row["status"] != "RESOLVED"}
    passed = {period: past(period) for period in periods}
    monitors = [
        {
            **_monitor(row, now),
            "is_slow": row["name"] in slow,
            **_buckets(
                board.hours.get(row["id"], []), {name: each.get(row["id"], []) for name, each in passed.items()}, now
            ),
            "pace": [None if each is None else round(each, 1) for each in paces.get(row["id"], [])],
        }
        for row in board.monitors
    ]
    return {
        "at": as_text(now),
        "pages": pages,
        "mailing": list(board.mailing),
        "monitors": monitors,
        "outages": [{**_outage(row), "is_unwatched": row["id"] in board.unwatched} for row in board.outages],
        "windows": [shown for planned, row in board.windows if (shown := _window(planned, row, now))],
        "incidents": [
            {**each._asdict(), "updates": [update._asdict() for update in each.updates]} for each in board.incidents
        ],
    }


def no_facts(now: datetime) -> Facts:
    """The facts where there is no page."""
    lists = ("mailing", "monitors", "outages", "windows", "incidents")
    return {"at": as_text(now), "pages": {}, **{name: [] for name in lists}}


def read_board(store: Store, pages: Mapping[str, Any], now: datetime) -> "Board":
    """How everything is now that these pages show."""
    return store.boards.now(hour_edges(now), midnight(now) - timedelta(days=DAYS - 1), pages, now=now)


def midnight(now: datetime) -> datetime:
    """When the day began, in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def hour_edges(now: datetime) -> list[datetime]:
    """The beginnings of the last hours, and now."""
    last = now.replace(minute=0, second=0, microsecond=0)
    return [*(last - timedelta(hours=HOURS - 1 - number) for number in range(HOURS)), now]


def edges_of(period: str, now: datetime) -> list[datetime]:
    """The beginnings of a period's passed days, or months; the last one ends when today began."""
    today = midnight(now)
    if period == "days":
        return [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    firsts = [month_before(today, MONTHS - 1 - number) for number in range(MONTHS)]
    return firsts if today == firsts[-1] else [*firsts, today]


def month_before(at: datetime, count: int) -> datetime:
    """The first of the month so many months before."""
    year, month = divmod(at.year * 12 + at.month - 1 - count, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def starts_of(period: str, now: datetime) -> list[datetime]:
    """When each bucket of a period begins."""
    if period == "hours":
        return hour_edges(now)[:-1]
    if period == "days":
        return edges_of(period, now)
    return [month_before(midnight(now), MONTHS - 1 - number) for number in range(MONTHS)]


def _monitor(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    said = json.loads(row["policy"]) if row["policy"] else {}
    until = _known_until(row)
    return {
        "id": row["id"],
        "name": row["name"],
        "group": row["group_name"],
        "tags": json.loads(row["tags"]) if row["tags"] else [],
        "public": said.get("public"),
        "url": None if said.get("hide_url", True) else without_password(row["target_url"] or ""),
        "state": _state(row, until, now),
        "since": row["since"],
        "checked_at": row["last_checked_at"],
        "known_until": as_text(until) if until else None,
    }


def _buckets(hours: Sequence[Bucket], passed: Mapping[str, Sequence[Bucket]], now: datetime) -> dict[str, Buckets]:
    """The buckets of a monitor by the name of a period."""
    today = _sum(hours[len(hours) - now.hour - 1 :])
    longer = {period: _with_today(buckets, today, period, now) for period, buckets in passed.items()}
    return {"hours": [list(each) for each in hours], **longer}


def _with_today(passed: Sequence[Bucket], today: Bucket, period: str, now: datetime) -> Buckets:
    """The passed buckets, and today, which is a day of its own or a part of this month."""
    buckets = list(passed) or [Bucket()] * (len(edges_of(period, now)) - 1)
    if period == "months" and len(buckets) == MONTHS:
        return [list(each) for each in (*buckets[:-1], buckets[-1].plus(today))]
    return [list(each) for each in (*buckets, today)]


def _sum(buckets: Sequence[Bucket]) -> Bucket:
    return Bucket(*map(sum, zip(*buckets, strict=True))) if buckets else Bucket()


def _known_until(row: Mapping[str, Any]) -> datetime | None:
    """How long the last check says how the monitor is; None if nobody says how often it is checked."""
    if not (row["last_checked_at"] and row["interval_seconds"]):
        return None
    checked_at = datetime.fromisoformat(row["last_checked_at"])
    return known_until(checked_at, row["interval_seconds"], row["timeout_seconds"])


def _state(row: Mapping[str, Any], until: datetime | None, now: datetime) -> str:
    if not row["is_watched"]:
        return "PAUSED"
    if row["state"] in KNOWN and until is not None and until < now:
        return "UNKNOWN"
    return str(row["state"])


def _outage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["subject"],
        "is_slow": row["kind"] == "DEGRADED",
        "is_handled": row["status"] == "ACK",
        "cause": json.loads(row["cause_data"])["code"] if row["cause_data"] else None,
        "failed_at": row["failed_at"],
        "resolved_at": row["resolved_at"],
    }


def _window(planned: Any, row: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """A window that is open, or opens soon: its next span, and what it is about."""
    span = next(itertools.islice(planned.spans(now), 1), None)
    if span is None or span.starts_at > now + AHEAD:
        return None
    [(target, names)] = planned.targets.items()
    return {
        "id": planned.id,
        "title": json.loads(row["body"]).get("title"),
        "target": target,
        "names": names if isinstance(names, bool) else list(names),
        "starts_at": as_text(span.starts_at),
        "ends_at": as_text(span.ends_at),
        "is_active": span.starts_at <= now,
        # Since when visitors can know of it.
        "announced_at": max(row["created_at"], as_text(span.starts_at - AHEAD)),
        "changed_at": row["changed_at"],
    }
