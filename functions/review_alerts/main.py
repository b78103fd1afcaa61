"""Scheduled: notice what no event says: silent agents, missed pings, windows, drills, summaries, news for visitors."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import functions_framework
from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.logs import step
from shared.models import Change, NotificationKind, now
from shared.models.channel import Channels
from shared.notifiers import mailers_of, routes_of
from shared.settings import Settings
from shared.store import Store, StoreUnavailable, log_change, open_store


class _Run(NamedTuple):
    """One review: of which store, at what time, with which channels."""

    store: Store
    settings: Settings
    at: datetime
    channels: Channels


@functions_framework.http
@web.function("POST", access="ingest")
def review_alerts(request: Request, settings: Settings) -> Response:
    """200 with how much was newly found of each kind. ``deliver_notifications`` sends what is owed for it.

    ``{"silent_agents": 0, "missed_pings": 0, "outlived_windows": 0, "reminders": 0, "escalations": 0, "drills": 0,
    "summaries": 0}``
    """
    store, at = open_store(settings), now()
    with store.noting_failures("review_alerts", now=at):
        notifiers = configured()
        store.note_channels(notifiers, mailers_of(notifiers))
        found = _review(_Run(store, settings, at, routes_of(notifiers)))
    return web.answer(found)


def _review(run: _Run) -> dict[str, int]:
    """Make every review; how much each found. Raises the first failure once all are made.

    Nothing can be reviewed without the store. Its absence passes by itself, so a defect that came before is raised.
    """
    found: dict[str, int] = {}
    failures: list[Exception] = []
    for name, review in _REVIEWS.items():
        try:
            found |= review(run)
        except StoreUnavailable as trouble:
            failures.append(trouble)
            break
        except Exception as error:  # noqa: BLE001  # one damaged row must not keep back the reviews that follow
            step("server", "review_failed", level=logging.ERROR, failure=True, review=name)
            failures.append(error)
    if failures:
        raise next((each for each in failures if not isinstance(each, StoreUnavailable)), failures[0])
    return found


def _agents(run: _Run) -> dict[str, int]:
    silences = run.store.agents.review(now=run.at, channels=run.channels)
    _log(silences)
    return {"silent_agents": len(silences)}


def _channels(run: _Run) -> dict[str, int]:
    _log(run.store.notifications.review_channels(now=run.at, channels=run.channels))
    return {}


def _heartbeats(run: _Run) -> dict[str, int]:
    missed = run.store.heartbeats.review(now=run.at, channels=run.channels)
    for each in missed:
        step("server", "ping_missed", monitor=each.event.monitor, reason=each.reason, cause=each.event.error_message)
        _log(each.changes)
    return {"missed_pings": len(missed)}


def _lapses(run: _Run) -> dict[str, int]:
    for name in run.store.lapses.review(now=run.at):
        step("server", "monitor_unchecked", monitor=name)
    return {}


def _follow_ups(run: _Run) -> dict[str, int]:
    followed = run.store.follow_ups.review(now=run.at, channels=run.channels)
    for due in followed:
        subject = due.alert.subject
        step("server", "follow_up_due", alert_id=due.alert.id, kind=due.kind, number=due.number, subject=subject)
    kinds = Counter(due.kind for due in followed)
    return {"reminders": kinds[NotificationKind.REMINDER], "escalations": kinds[NotificationKind.ESCALATION]}


def _windows(run: _Run) -> dict[str, int]:
    outlived = run.store.maintenance.review(now=run.at, channels=run.channels)
    _log(outlived)
    return {"outlived_windows": len(outlived)}


def _drills(run: _Run) -> dict[str, int]:
    drilled = run.store.drills.review(now=run.at, channels=run.channels)
    if drilled.ended is not None:
        told = {name: drilled.ended[name] for name in ("ok", "delivered", "failed", "acknowledged_by")}
        step("server", "drill_ended", level=logging.INFO if told["ok"] else logging.WARNING, **told)
    _log(drilled.changes)
    return {"drills": int(drilled.begun is not None)}


def _announcements(run: _Run) -> dict[str, int]:
    """Owe subscribers of status pages what is new there. Without the pages' own address no mail can go."""
    subscriptions, settings = run.store.subscriptions, run.settings
    subscriptions.subscribers.note_pages(settings.status_page, now=run.at)
    # Here too: nothing is delivered while no channel can mail anybody.
    too_old = run.at - timedelta(seconds=settings.notification_ttl_seconds)
    if expired := subscriptions.mails.expire(now=run.at, created_before=too_old):
        step("server", "subscriber_mails_expired", level=logging.WARNING, count=expired)
    if settings.public_url:
        for news in subscriptions.announcements.review(now=run.at, is_on=settings.status_page):
            step("server", "announced", page=news.slug, kind=news.kind)
    return {}


def _summaries(run: _Run) -> dict[str, int]:
    summaries = run.store.summaries.review(now=run.at, channels=run.channels)
    for alert, names in summaries:
        # A channel may have been taken away since the file was applied.
        level = logging.INFO if names else logging.WARNING
        step("server", "summary_begun", level=level, alert_id=alert.id, cause=alert.cause, channels=", ".join(names))
    return {"summaries": len(summaries)}


def _log(changes: Iterable[Change]) -> None:
    for change in changes:
        log_change(change)


# In this order.
_REVIEWS: dict[str, Callable[[_Run], dict[str, int]]] = {
    "agents": _agents,
    "channels": _channels,
    "heartbeats": _heartbeats,
    "lapses": _lapses,
    # Before messages are released: otherwise a reminder that was held and a newer one would both be sent.
    "follow_ups": _follow_ups,
    "windows": _windows,
    "drills": _drills,
    "announcements": _announcements,
    # The last one: to count days takes a while, and nobody waits for it.
    "summaries": _summaries,
}
