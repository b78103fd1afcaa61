"""Decide for each message and channel whether it goes now, is held for a while, or is never sent. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting.ordering import CLOCK_TOLERANCE
from shared.models import NotificationKind, NotificationStatus
from shared.models.channel import CONSOLE, Route, is_among

# The rules of a channel, as the reasons of what they hold back or away.
ONLY, DELAY, QUIET_HOURS = "only", "delay", "quiet_hours"
ACKNOWLEDGED, RESOLVED = "acknowledged", "resolved"
# A channel that was notified of a beginning is not configured any more when the end comes.
CHANNEL_GONE = "channel_gone"
KIND = "kind:"
# They say again what was said before, and nobody needs them once somebody has acknowledged the alert.
FOLLOW_UPS = (NotificationKind.REMINDER, NotificationKind.ESCALATION)
# A RECOVERY goes as its beginning went.
_NEVER_DELAYED = (
    NotificationKind.RECOVERY,
    NotificationKind.REMINDER,
    NotificationKind.CHANNEL_REFUSED,
    NotificationKind.DRILL,
    NotificationKind.SUMMARY,
)
NOT_SENT = (NotificationStatus.HELD, NotificationStatus.SUPPRESSED)


class Matter(NamedTuple):
    """The question to a route: a message of this kind about an alert that opened then."""

    kind: NotificationKind
    opened_at: datetime


class Verdict(NamedTuple):
    """The fate of a message: PENDING, HELD or SUPPRESSED, by which rule, and until when if that is known."""

    status: NotificationStatus
    rule: str | None = None
    until: datetime | None = None


_NOW = Verdict(NotificationStatus.PENDING)


def decide(
    matter: Matter, route: Route, now: datetime, *, held_by: str | None = None, untold: str | None = None
) -> Verdict:
    """Decide what happens to a message on a channel.

    ``held_by``: the rule that holds messages about its monitor back. ``untold``: see ``untold``; the channel's own.
    """
    if route.only is not None and matter.kind not in route.only:
        return Verdict(NotificationStatus.SUPPRESSED, ONLY)
    if matter.kind is NotificationKind.RECOVERY and untold is not None:
        return Verdict(NotificationStatus.SUPPRESSED, untold)
    if held_by is not None:
        return Verdict(NotificationStatus.HELD, held_by)
    return waits(matter, route, now) or _NOW


def waits(matter: Matter, route: Route, now: datetime) -> Verdict | None:
    """Why the channel does not get the message yet; None if it can."""
    if is_delayed(matter, route, now):
        return Verdict(NotificationStatus.HELD, DELAY, matter.opened_at + route.delay)
    if route.quiet_hours is None:
        return None
    # Imported here: most channels have none, and the time zones cost a cold start.
    from shared.alerting.routing.quiet_hours import end_after

    ends_at = end_after(route.quiet_hours, now)
    return Verdict(NotificationStatus.HELD, QUIET_HOURS, ends_at) if ends_at else None


def is_delayed(matter: Matter, route: Route, now: datetime) -> bool:
    """Whether the alert has not lasted long enough yet."""
    if not route.delay or matter.kind in _NEVER_DELAYED:
        return False
    # A time that lies ahead is from before the clock was set back, and must not hold the message for as long.
    return matter.opened_at - CLOCK_TOLERANCE <= now < matter.opened_at + route.delay


def ends_with_acknowledgement(matter: Matter, rule: str | None, route: Route, now: datetime) -> bool:
    """Whether a message that is held by ``rule`` is not sent any more once somebody has acknowledged the alert."""
    return matter.kind in FOLLOW_UPS or rule == DELAY or is_delayed(matter, route, now)


def untold(said: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The channels that every message about an alert was kept from, each with the rule that kept the last one.

    An end is kept from them too: nobody there could do anything any more. ``said``: the alert's notifications, oldest
    first, each with ``channel``, ``kind``, ``status`` and ``reason``. Messages before an end that was sent
    say nothing about the alert as it was reopened.
    """
    found: dict[str, str] = {}
    is_told: set[str] = set()
    for each in said:
        channel = each["channel"]
        if each["status"] in NOT_SENT:
            found[channel] = each["reason"] or RESOLVED
        elif each["kind"] == NotificationKind.RECOVERY:
            found.pop(channel, None)
            is_told.discard(channel)
        else:
            is_told.add(channel)
    return {channel: rule for channel, rule in found.items() if channel not in is_told}


def begun(said: Iterable[Mapping[str, Any]]) -> set[str]:
    """The channels for which an alert has begun and has not ended. ``said``: as for ``untold``.

    Another one joined later, or was taken away before the alert was reopened: an end would mean nothing there.
    """
    found: set[str] = set()
    for each in said:
        if each["kind"] not in (NotificationKind.RECOVERY, NotificationKind.UPDATE):
            found.add(each["channel"])
        elif each["kind"] == NotificationKind.RECOVERY and each["status"] not in NOT_SENT:
            found.discard(each["channel"])
    return found


def is_orphaned(told: Collection[str], configured: Collection[str]) -> bool:
    """Whether people were told of an alert, and none of the channels they were ``told`` on is configured any more.

    Somebody has then renamed or replaced those: the others have to say that it ended. The console does not count, since
    hardly anybody reads it.
    """
    people = set(told) - {CONSOLE}
    return bool(people) and people.isdisjoint(configured)


def select(names: Collection[str], configured: Mapping[str, Route]) -> dict[str, Route]:
    """Those of the ``configured`` channels that ``names`` has, by name or by kind: ``ops``, ``kind:slack``."""
    return {
        name: route
        for name, route in configured.items()
        if is_among(name, names) or (route.kind and f"{KIND}{route.kind}" in names)
    }
