"""The facts by which ``shared.alerting.health`` judges. Loaded by the functions that ask, and by infra."""

import os
from datetime import datetime

from shared.alerting.health import NEVER, OVERDUE, SCHEDULES, Expected, Health, HealthFacts, judge_health, patience
from shared.models import AlertKind
from shared.settings import Settings, is_in_cloud
from shared.store.engines.database import Transaction
from shared.store.migrate import created_at
from shared.store.tables import agents, alerts, configuration, owed_notifications, watches


def health_facts(snapshot: Transaction, now: datetime) -> HealthFacts:
    """The facts at ``now``."""
    runs = {function: watches.get(snapshot, function) for function in SCHEDULES}
    start, reviews = watches.get(snapshot, watches.START), runs["review_alerts"]
    # A watch starts over after a gap, as when the machine has slept. A time in the future is from before the clock was
    # set back.
    begun = [watch.started_at for watch in (start, reviews) if watch and watch.started_at <= now]
    owed = owed_notifications.owed_by_channel(snapshot, late=now - OVERDUE)
    return HealthFacts(
        started_at=start and start.started_at,
        created_at=created_at(snapshot) or NEVER,
        since=max(begun, default=NEVER),
        agents=tuple(agents.every(snapshot)),
        alerted=frozenset(alert.subject for alert in alerts.active_of_kind(snapshot, AlertKind.AGENT_SILENT)),
        last_runs={function: watch.seen_at for function, watch in runs.items() if watch},
        overdue={row["channel"]: int(row["overdue"]) for row in owed if row["overdue"]},
        channels=configuration.channels(snapshot),
        problem=configuration.problem(snapshot),
        refused=tuple(alert.subject for alert in alerts.active_of_kind(snapshot, AlertKind.CHANNEL_REFUSED)),
    )


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
