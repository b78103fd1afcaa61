"""Announcements to subscribers: outages that last, their ends, incidents, and planned maintenance.

They follow from what is stored, not from what happened since the last review: if reviews were missed, the next one
announces what they missed, and nothing twice.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.models import as_text
from shared.settings.status_pages import mailing_channel, monitors_on, pages_of
from shared.store.asking.incidents import incidents_of
from shared.store.engines.database import Database, Row, Transaction
from shared.store.subscribing.news import News
from shared.store.subscribing.said import name_now, watched
from shared.store.tables import (
    alerts,
    announcements,
    configuration,
    incidents,
    page_outages,
    subscriber_mails,
    subscribers,
)

# An outage that ends sooner is mailed to nobody. An outage that begins meanwhile goes in the same mail.
LASTS = timedelta(minutes=1)
MOST_OUTAGES, MOST_INCIDENTS = 1_000, 100
MAILS_AT_ONCE = 500


class Announcements:
    """The announcements of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, is_on: bool | None) -> list[News]:
        """Announce what is new on pages with subscribers, and owe their mails. ``is_on``: see ``pages_of``.

        A page that no channel mails for announces nothing: what still goes on is news once there is one.
        """
        with self._database.snapshot() as snapshot:
            if not subscribers.confirmed(snapshot):
                return []  # the usual case
            is_owed = announcements.next_to_spread(snapshot) is not None
            if not is_owed and not any(_news(snapshot, is_on, now)):
                return []
        with self._database.transaction() as transaction:
            # Asked again under the lock: somebody else may have announced it meanwhile.
            found = list(_news(transaction, is_on, now))
            for each in found:
                if each.ends is not None:
                    announcements.end(transaction, each.ends, each.alerts)
                if each.replaces is not None:
                    announcements.replace_window(transaction, each.slug, *each.replaces)
                if each.is_mailed:
                    lasting = each.alerts if each.ends is None else ()
                    announcements.add(transaction, each.slug, each.about, each.kind, each.body, each.at, lasting)
        while self._spread(now):
            pass
        return [each for each in found if each.is_mailed]

    def _spread(self, now: datetime) -> bool:
        """Owe the next mails of an announcement, in steps, so that no writer waits long. Whether there was one."""
        with self._database.transaction() as transaction:
            row = announcements.next_to_spread(transaction)
            if row is None:
                return False
            ids = subscribers.between(transaction, row["slug"], row["reached"], row["at"], MAILS_AT_ONCE)
            subscriber_mails.add(transaction, ids, row["id"], now)
            last = ids[-1] if ids else row["reached"]
            announcements.reach(transaction, row["id"], last, is_spread=len(ids) < MAILS_AT_ONCE)
        return True


def _news(transaction: Transaction, is_on: bool | None, now: datetime) -> Iterator[News]:
    # Imported here: few pages have subscribers, and what reckons with windows costs each cold start.
    from shared.store.subscribing.maintenance import Maintenance

    pages, mailing = pages_of(is_on, configuration.body(transaction)), configuration.mailing(transaction)
    slugs = [
        slug
        for slug in subscribers.confirmed(transaction)
        if slug in pages and mailing_channel(pages[slug], mailing) is not None
    ]
    told = announcements.of_outages(transaction)
    # Only outages that go on are news, and none that ended lately.
    active = [row for row in page_outages.active(transaction) if row["kind"] == "OUTAGE"]
    # However many outages came since: one that is not among the newest may go on all the same.
    told_of = [alert_id for row in told for alert_id in _lasting(row)]
    ends, unwatched = alerts.ends(transaction, told_of), page_outages.unwatched(transaction, told_of)
    said = incidents_of(transaction, incidents.since(transaction, as_text(now - announcements.RECENT), MOST_INCIDENTS))
    maintenance = Maintenance(transaction, now)
    if not (active or told or said or maintenance.is_any):
        return
    there = watched(transaction)
    for slug in slugs:
        shown = monitors_on(slug, pages[slug], there)
        names = {each["name"] for each in shown}
        of_page = [row for row in told if row["slug"] == slug]
        yield from _recoveries(slug, of_page, ends, unwatched, names, now)
        yield from _outages(slug, of_page, [row for row in active if row["subject"] in names][:MOST_OUTAGES], now)
        yield from _incidents(transaction, slug, said, names, now)
        yield from maintenance.news(slug, shown)


def _outages(slug: str, told: Sequence[Row], active: Sequence[Row], now: datetime) -> Iterator[News]:
    """All that is down and was not told of, as soon as one of them lasts."""
    known = {alert_id for row in told for alert_id in _lasting(row)}
    new = [row for row in reversed(active) if row["id"] not in known]
    if any(row["failed_at"] <= as_text(now - LASTS) for row in new):
        body = {"outages": [_outage(row) for row in new]}
        at = as_text(now)
        yield News(slug, f"down {new[0]['id']} {at}", "DOWN", body, at, [row["id"] for row in new])


def _recoveries(
    slug: str,
    told: Sequence[Row],
    ends: Mapping[int, Row],
    unwatched: Collection[int],
    names: Collection[str],
    now: datetime,
) -> Iterator[News]:
    """The announced outages whose monitors work again, each once, as far as the page shows ``names``.

    Nobody knows whether an ``unwatched`` monitor works again, so no mail says that it does.
    """
    for row in told:
        ids = json.loads(row["alerts"])
        ended = [each for each in _lasting(row) if each not in ends or ends[each]["resolved_at"]]
        if not ended:
            continue
        over = []
        for alert_id, each in zip(ids, json.loads(row["body"])["outages"], strict=True):
            alert = ends.get(alert_id)
            until = alert["resolved_at"] if alert else as_text(now)
            now_over = {**each, "alert": alert_id, "name": name_now(each, alert), "until": until}
            if alert_id in ended and alert_id not in unwatched and now_over["name"] in names:
                over.append(now_over)
        left = [None if alert_id in ended else alert_id for alert_id in ids]
        about, body = f"up {row['id']} {ended[0]}", {"outages": over}
        yield News(slug, about, "UP", body, as_text(now), left, ends=row["id"], is_mailed=bool(over))


def _lasting(row: Row) -> list[int]:
    """The outages of an announcement whose end is not announced."""
    return [alert_id for alert_id in json.loads(row["alerts"]) if alert_id is not None]


def _incidents(
    transaction: Transaction, slug: str, said: Sequence[Any], names: Collection[str], now: datetime
) -> Iterator[News]:
    since = as_text(now - announcements.RECENT)
    known = announcements.known(transaction, slug, "INCIDENT", since)
    for incident in reversed(said):
        affected = [name for name in incident.monitors if name in names]
        if incident.monitors and not affected:
            continue  # it is about what this page hides
        for number, update in enumerate(incident.updates):
            about = f"incident {incident.id} {number} {update.at}"
            if update.at >= since and about not in known:
                body = {"title": incident.title, "state": update.state, "text": update.text, "names": affected}
                yield News(slug, about, "INCIDENT", {**body, "at": update.at}, update.at)


def _outage(row: Row) -> dict[str, Any]:
    cause = json.loads(row["cause_data"])["code"] if row["cause_data"] else None
    return {"alert": row["id"], "name": row["subject"], "cause": cause, "since": row["failed_at"]}
