"""The facts by which ``shared.alerting.health`` judges. Loaded by the functions that ask, and by infra."""

import os
from collections.abc import Collection, Sequence
from datetime import datetime

from shared.alerting.health import (
    NEVER,
    OVERDUE,
    SCHEDULES,
    Expected,
    Health,
    HealthFacts,
    judge_health,
    patience,
)
from shared.models import AlertKind
from shared.settings import Settings, is_in_cloud
from shared.store.engines.database import Row, Transaction
from shared.store.migrate import created_at
from shared.store.tables import (
    agents,
    alerts,
    configuration,
    cursors,
    overview_rows,
    owed_notifications,
    unwatched,
    watches,
)


def health_facts(snapshot: Transaction, now: datetime) -> HealthFacts:
    """The facts at ``now``."""
    runs = {function: watches.get(snapshot, function) for function in SCHEDULES}
    failures = {function: watches.get(snapshot, watches.failure_of(function)) for function in SCHEDULES}
    start, reviews = watches.get(snapshot, watches.START), runs["review_alerts"]
    # A watch starts over after a gap, as when the machine has slept. A time in the future is from before the clock was
    # set back.
    begun = [watch.started_at for watch in (start, reviews) if watch and watch.started_at <= now]
    owed = owed_notifications.owed_by_channel(snapshot, late=now - OVERDUE)
    refused = [alert.subject for alert in alerts.active_of_kind(snapshot, AlertKind.CHANNEL_REFUSED)]
    on = configuration.channels(snapshot)
    # A channel that was taken away notifies nobody, and nobody can fix it. Its rows stay: it may come back in a moment.
    overdue = {row["channel"]: int(row["overdue"]) for row in owed if row["overdue"] and _is_on(row["channel"], on)}
    return HealthFacts(
        started_at=start and start.started_at,
        created_at=created_at(snapshot) or NEVER,
        since=max(begun, default=NEVER),
        agents=tuple(agents.every(snapshot)),
        alerted=frozenset(alert.subject for alert in alerts.active_of_kind(snapshot, AlertKind.AGENT_SILENT)),
        last_runs={function: watch.seen_at for function, watch in runs.items() if watch},
        failing={function: failure.started_at for function, failure in failures.items() if failure},
        overdue=overdue,
        stalled=_stalled(snapshot, [row for row in owed if _is_on(row["channel"], on)]),
        channels=on,
        problem=configuration.problem(snapshot),
        placed=unwatched.placed(snapshot),
        never_checked=unwatched.never_checked(snapshot),
        unable=unwatched.unable(snapshot),
        claiming=cursors.locations(snapshot),
        refused=tuple(channel for channel in refused if _is_on(channel, on)),
    )


def _stalled(snapshot: Transaction, owed: Sequence[Row]) -> dict[str, datetime]:
    """Since when each channel has taken nothing of what is overdue, or of what it was tried with."""
    begun = {row["channel"]: row["oldest"] if row["overdue"] else row["tried_since"] for row in owed}
    if not any(begun.values()):
        return {}  # the usual case
    sent = overview_rows.last_sent(snapshot)
    return {
        channel: datetime.fromisoformat(max(since, sent.get(channel, ""))) for channel, since in begun.items() if since
    }


def _is_on(channel: str, on: Collection[str] | None) -> bool:
    """Whether a channel counts. ``on``: those that are on; None if nobody knows yet."""
    return on is None or channel in on


def judge(facts: HealthFacts, settings: Settings, at: datetime) -> Health:
    """Whether an outage would be notified at this time, by these settings."""
    # Elsewhere an agent is expected only once it has reported: it may be another machine's, or report elsewhere.
    is_agent_ours = facts.started_at is not None and settings.backend_url == settings.own_url
    return judge_health(
        facts,
        at,
        patience=patience(settings.check_timeout_seconds, is_in_cloud=is_in_cloud(os.environ)),
        expected=Expected(settings.agent, settings.check_interval_seconds)
        if is_agent_ours and settings.target_urls
        else None,
    )
