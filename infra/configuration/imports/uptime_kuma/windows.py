"""Uptime Kuma's maintenance."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra.configuration.imports.naming import one_line
from infra.configuration.imports.result import NEVER_ENDS, Imported
from infra.configuration.imports.uptime_kuma.groups import Groups
from infra.configuration.imports.uptime_kuma.rows import Export, Row
from shared.monitors.durations import duration_text

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_LAST_DAY = re.compile(r"lastDay([1-4])")
_SAME_AS_SERVER = "SAME_AS_SERVER"
_DAY = 86_400


class _LeftOut(Exception):
    """The maintenance cannot be carried over. The text says why."""


def add_all(export: Export, groups: Groups, imported: Imported, now: datetime) -> None:
    """Add a window for each maintenance that is still to come."""
    for row in export.maintenances:
        row.where = f"windows {one_line(row.text('title')) or 'untitled'!r}"
        try:
            if not imported.add_window(_window(row, export, groups, imported, now)):
                raise _LeftOut(NEVER_ENDS)
        except _LeftOut as reason:
            row.note(f"strategy {row.word('strategy')}", f"{reason}; it is left out")


def _window(row: Row, export: Export, groups: Groups, imported: Imported, now: datetime) -> dict[str, Any]:
    if not row.flag("active", default=True):
        raise _LeftOut("it is switched off")
    window: dict[str, Any] = {"kind": "maintenance", "title": one_line(row.text("title")) or None}
    window |= _scope(row, export, groups, imported)
    zone = _zone(row, export)
    strategy = row.word("strategy")
    if strategy == "manual":
        raise _LeftOut("it has no end; pause its monitors, or make a window that ends")
    if strategy == "single":
        window |= _once(row, zone, now)
    elif strategy == "cron":
        window |= _cron(row, zone, now)
    else:
        window |= _recurring(row, zone, now)
    if row.word("description"):
        row.note("description", "a window has a title only")
    return {name: value for name, value in window.items() if value is not None}


def _scope(row: Row, export: Export, groups: Groups, imported: Imported) -> dict[str, Any]:
    """The subjects that it covers: the groups if all of them are groups, otherwise the monitors."""
    covered = export.monitors_in.get(row.whole("id") or 0, [])
    written = {monitor["name"] for monitor in imported.monitors}
    names = {number: export.names[number] for number in export.names if export.names[number] in written}
    monitors = [names[number] for each in covered for number in groups.below(each) if number in names]
    if not monitors:
        raise _LeftOut("it covers no monitor that is carried over")
    used = {group for monitor in imported.monitors if monitor["name"] in monitors and (group := monitor.get("group"))}
    whole = {monitor["name"] for monitor in imported.monitors if monitor.get("group") in used}
    if all(groups.is_group_id(each) for each in covered) and whole == set(monitors):
        return {"groups": sorted(used)}
    return {"monitors": list(dict.fromkeys(monitors))}


def _zone(row: Row, export: Export) -> str:
    name = row.word("timezone")
    if not name and not row.word("cron"):
        # Its form once set no time zone, and shows the server's. Uptime Kuma itself puts UTC into what has no cron.
        row.note("timezone", "none is set, so Uptime Kuma takes UTC; so does this window")
        return "UTC"
    if name in ("", _SAME_AS_SERVER):
        server = export.settings.get("serverTimezone")
        if not isinstance(server, str) or not server:
            row.note("timezone", "the source does not say which time zone its server has; UTC is written")
            return "UTC"
        name = server
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise _LeftOut(f"its time zone {name!r} is unknown") from None
    return name


def _once(row: Row, zone: str, now: datetime) -> dict[str, Any]:
    starts_at, ends_at = _moment(row.word("start_date"), zone), _moment(row.word("end_date"), zone)
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        raise _LeftOut("it does not say from when to when")
    if ends_at <= now:
        raise _LeftOut("it is over")
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def _moment(text: str, zone: str) -> datetime | None:
    """A time as Uptime Kuma stores it: local to the maintenance's time zone unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        # Years at either end of the calendar have no UTC.
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def _cron(row: Row, zone: str, now: datetime) -> dict[str, Any]:
    cron, seconds = row.word("cron"), row.number("duration")
    if len(cron.split()) != 5 or not seconds or seconds <= 0:
        raise _LeftOut("expected a cron expression of five fields and a duration")
    starts_at, _ = _span(row, zone, now)
    if starts_at is not None and starts_at > now:
        row.note("start_date", "the window begins at once")
    if row.word("end_date"):
        row.note("end_date", "the window goes on until it is removed")
    return {"cron": cron, "duration": duration_text(min(seconds, 366 * _DAY)), "time_zone": zone}


def _span(row: Row, zone: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when to when it recurs, as far as it says that."""
    starts_at, ends_at = _moment(row.word("start_date"), zone), _moment(row.word("end_date"), zone)
    if ends_at is not None and ends_at <= now:
        raise _LeftOut("it is over")
    return starts_at, ends_at


def _recurring(row: Row, zone: str, now: datetime) -> dict[str, Any]:
    if _counts_days_of_the_month(row):
        return _cron(row, zone, now)
    rule, plain = _rule(row)
    at, seconds = _times(row)
    starts_at, ends_at = _span(row, zone, now)
    common = {"duration": duration_text(seconds), "time_zone": zone}
    is_limited = ends_at is not None or (starts_at is not None and starts_at > now)
    if plain is not None and not is_limited:
        return {**plain, "at": at, **common}
    first = starts_at or _last_time(row, zone) or now.astimezone(ZoneInfo(zone))
    begin = first.strftime("%Y%m%dT") + at.replace(":", "") + "00"
    if ends_at is not None:
        rule += f";UNTIL={ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return {"rrule": f"DTSTART:{begin}\nRRULE:{rule}", **common}


def _counts_days_of_the_month(row: Row) -> bool:
    """Whether it is every few days as before 1.23, which counted from the first of each month: ``30 2 */3 * *``."""
    return row.word("strategy") == "recurring-interval" and row.word("cron").split()[2:3] not in ([], ["*"], ["*/1"])


def _last_time(row: Row, zone: str) -> datetime | None:
    """The last time of what recurs every few days, which 2.x stores in UTC. The next ones are counted from it."""
    last = _moment(row.word("last_start_date"), "UTC") if row.word("strategy") == "recurring-interval" else None
    return last.astimezone(ZoneInfo(zone)) if last else None


def _times(row: Row) -> tuple[str, int]:
    """When it starts, as ``HH:MM``, and for how many seconds it lasts."""
    found = [re.match(r"([01]?\d|2[0-3]):([0-5]\d)", row.word(name)) for name in ("start_time", "end_time")]
    if found[0] is None or found[1] is None:
        raise _LeftOut("it does not say from when to when")
    start, end = (timedelta(hours=int(each[1]), minutes=int(each[2])) for each in found if each)
    seconds = int((end - start).total_seconds()) % _DAY
    if not seconds:
        raise _LeftOut("it ends when it starts")
    return f"{int(found[0][1]):02}:{found[0][2]}", seconds


def _rule(row: Row) -> tuple[str, dict[str, Any] | None]:
    """Its recurrence as a rule of iCalendar, and in a plain form if there is one."""
    strategy = row.word("strategy")
    if strategy == "recurring-interval":
        days = row.whole("interval_day") or 1
        if not 1 <= days <= 3650:
            raise _LeftOut("its interval is no number of days")
        return f"FREQ=DAILY;INTERVAL={days}", {"every": "day"} if days == 1 else None
    if strategy == "recurring-weekday":
        numbers = sorted({day for day in row.listed("weekdays") if isinstance(day, int) and 0 <= day <= 6})
        if not numbers:
            raise _LeftOut("it names no weekday")
        names = [_WEEKDAYS[day] for day in numbers]
        return f"FREQ=WEEKLY;BYDAY={','.join(name[:2].upper() for name in names)}", {"weekly": names}
    if strategy == "recurring-day-of-month":
        return _monthly(row)
    raise _LeftOut("there is no such recurrence here")


def _monthly(row: Row) -> tuple[str, dict[str, Any] | None]:
    days = []
    for day in row.listed("days_of_month"):
        last = _LAST_DAY.fullmatch(str(day))
        if last or (isinstance(day, int) and 1 <= day <= 31):
            days.append(-int(last[1]) if last else day)
    if not days:
        raise _LeftOut("it names no day")
    days = sorted(set(days), key=lambda day: day % 100)
    plain = {"monthly": ["last" if day == -1 else day for day in days]} if min(days) >= -1 else None
    return f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, days))}", plain
