"""Scheduled: notice what no event says: silent agents, missed pings, windows, drills, summaries, news for visitors."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import functions_framework
from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.logs import step
from shared.models import NotificationKind, now
from shared.notifiers import mailers_of, routes_of
from shared.settings import Settings
from shared.store import Store, log_change, open_store

if TYPE_CHECKING:
    from shared.store import Drilled, FollowUp, Ingested


@functions_framework.http
@web.function("POST", access="ingest")
def review_alerts(request: Request, settings: Settings) -> Response:
    """200 with how much was newly found of each kind. ``deliver_notifications`` sends what is owed for it.

    ``{"silent_agents": 0, "missed_pings": 0, "outlived_windows": 0, "reminders": 0, "escalations": 0, "drills": 0,
    "summaries": 0}``
    """
    notifiers = configured()
    channels = routes_of(notifiers)
    store, at = open_store(settings), now()
    store.note_channels(notifiers, mailers_of(notifiers))
    silences = store.agents.review(now=at, channels=channels)
    missed = store.heartbeats.review(now=at, channels=channels)
    unchecked = store.lapses.review(now=at)
    # Before messages are released: otherwise a reminder that was held and a newer one would both be sent.
    followed = store.follow_ups.review(now=at, channels=channels)
    outlived = store.maintenance.review(now=at, channels=channels)
    drilled = store.drills.review(now=at, channels=channels)
    _log(missed, followed, unchecked, drilled)
    of_pings = (change for each in missed for change in each.changes)
    for change in (*silences, *of_pings, *outlived, *drilled.changes):
        log_change(change)
    _announce(store, settings, at)
    # The last one: to count days takes a while, and nobody waits for it.
    summaries = store.summaries.review(now=at, channels=channels)
    for alert, names in summaries:
        # A channel may have been taken away since the file was applied.
        level = logging.INFO if names else logging.WARNING
        step("server", "summary_begun", level=level, alert_id=alert.id, cause=alert.cause, channels=", ".join(names))
    kinds = Counter(due.kind for due in followed)
    return web.answer(
        {
            "silent_agents": len(silences),
            "missed_pings": len(missed),
            "outlived_windows": len(outlived),
            "reminders": kinds[NotificationKind.REMINDER],
            "escalations": kinds[NotificationKind.ESCALATION],
            "drills": int(drilled.begun is not None),
            "summaries": len(summaries),
        }
    )


def _announce(store: Store, settings: Settings, at: datetime) -> None:
    """Owe subscribers of status pages what is new there. Without the pages' own address no mail can go."""
    store.subscriptions.subscribers.note_pages(settings.status_page, now=at)
    # Here too: nothing is delivered while no channel can mail anybody.
    too_old = at - timedelta(seconds=settings.notification_ttl_seconds)
    if expired := store.subscriptions.mails.expire(now=at, created_before=too_old):
        step("server", "subscriber_mails_expired", level=logging.WARNING, count=expired)
    if not settings.public_url:
        return
    for news in store.subscriptions.announcements.review(now=at, is_on=settings.status_page):
        step("server", "announced", page=news.slug, kind=news.kind)


def _log(
    missed: Sequence["Ingested"], followed: Sequence["FollowUp"], unchecked: Sequence[str], drilled: "Drilled"
) -> None:
    for name in unchecked:
        step("server", "monitor_unchecked", monitor=name)
    for each in missed:
        step("server", "ping_missed", monitor=each.event.monitor, reason=each.reason, cause=each.event.error_message)
    for due in followed:
        subject = due.alert.subject
        step("server", "follow_up_due", alert_id=due.alert.id, kind=due.kind, number=due.number, subject=subject)
    if drilled.ended is not None:
        told = {name: drilled.ended[name] for name in ("ok", "delivered", "failed", "acknowledged_by")}
        step("server", "drill_ended", level=logging.INFO if told["ok"] else logging.WARNING, **told)
