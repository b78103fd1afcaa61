"""How heavy a page is, and what it costs."""

import gzip
import random
from datetime import timedelta

from shared.models import AlertKind, as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.tables import alerts, state_changes
from tests.functions.api import Api
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.watched import looked

MONITORS = 50


def test_a_page_of_fifty_monitors_is_light(api: Api) -> None:
    chosen = random.Random(7)  # no secret
    policies = [
        {"name": f"Service {number} of the shop", "group": f"Group {number % 8}", "url": f"http://a.example/{number}"}
        for number in range(MONITORS)
    ]
    applied(api, *policies, status_page={"title": "The shop"})
    store = open_store(Settings.from_env())
    at = now()
    with store.database.transaction() as transaction:
        for monitor in transaction.rows("SELECT id, name FROM monitors"):
            first = at - timedelta(days=chosen.choice((400, 400, 400, 31)))
            state_changes.add(transaction, monitor["id"], "UNKNOWN", "UP", first, "threshold")
            for days in sorted(chosen.sample(range(1, 30), chosen.choice((0, 0, 1, 3))), reverse=True):
                began = at - timedelta(days=days, minutes=chosen.randrange(600))
                ended = began + timedelta(minutes=chosen.randrange(2, 90))
                state_changes.add(transaction, monitor["id"], "UP", "DOWN", began, "threshold")
                state_changes.add(transaction, monitor["id"], "DOWN", "UP", ended, "threshold")
                alert = alerts.add(
                    transaction, AlertKind.OUTAGE, monitor["name"], cause="x", failed_at=began, opened_at=began
                )
                sql = "UPDATE alerts SET status = 'RESOLVED', resolved_at = :at WHERE id = :id"
                transaction.rows(sql, at=as_text(ended), id=alert.id)
    page = looked(api, Accept_Encoding="gzip")
    others = [
        looked(api, path, Accept_Encoding="gzip")
        for path in sorted(
            {
                part.split('"')[0].removeprefix(".")
                for part in gzip.decompress(page.data).decode().split('"')
                if part.startswith("./assets/")
            }
        )
    ]
    assert len(others) == 3, "the stylesheet, the script and the icon; two requests before it can be read"
    weights = [
        len(each.data) + sum(len(f"{name}: {value}\r\n") for name, value in each.headers) for each in (page, *others)
    ]
    assert sum(weights) <= 20_000, weights
