"""Summaries that are due: reckoned once, and owed to their channels."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.alerting.routing.routes import select
from shared.models import NotificationKind
from shared.models.channel import Channels, Route
from shared.store.changes import owe
from shared.store.engines.database import Database, Transaction
from shared.store.recurring.period import Period, end_of_its_day, period_of
from shared.store.recurring.reckoning import reckon
from shared.store.recurring.reviewed import Begun
from shared.store.recurring.schedules import schedule_of, take
from shared.store.tables import schedules, summaries


def begin(database: Database, now: datetime, channels: Channels) -> list[Begun]:
    """Begin what is due; see ``Summaries.review``."""
    begun: list[Begun] = []
    while True:
        # Counted apart from what is written, which must not hold up the events that come in meanwhile.
        with database.snapshot() as snapshot:
            row = schedules.due(snapshot, "summary_schedules", now)
            if row is None:
                return begun
            schedule = schedule_of(row)
            period = period_of(schedule.recurrence, now)
            summary = reckon(snapshot, period, now)
        with database.transaction() as transaction:
            after = max(now, end_of_its_day(schedule.recurrence, period))
            if take(transaction, "summary_schedules", row, after):
                routes = _routes(schedule.fields["channels"], channels)
                begun.append(_begin(transaction, period, summary, routes, now))


def _begin(
    transaction: Transaction, period: Period, summary: Mapping[str, Any], routes: Mapping[str, Route], now: datetime
) -> Begun:
    cause = f"summary of {period.first_day} to {period.last_day}"
    alert = summaries.add(transaction, cause, json.dumps(summary, ensure_ascii=False), now)
    owe(transaction, alert, routes, now=now, kind=NotificationKind.SUMMARY)
    return Begun(alert, tuple(routes))


def _routes(names: list[str] | None, configured: Mapping[str, Route]) -> Mapping[str, Route]:
    chosen = configured if names is None else select(names, configured)
    return {name: route for name, route in chosen.items() if not route.opens_incidents}
