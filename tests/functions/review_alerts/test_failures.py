"""POST /review_alerts: each review is made, whatever becomes of the others."""

import pytest

from shared.settings import Settings
from shared.store import open_store
from shared.store.tables import watches
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, applied, failed

pytestmark = pytest.mark.slow


@on_each_engine
def test_a_review_that_fails_keeps_back_no_other(api: Api) -> None:
    applied(api, SHOP | {"reminder_interval": "1m"})
    failed(api)
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("UPDATE alerts SET opened_at = 'damaged'")
    assert api.call("POST", "/drills", {}).status_code == 201

    assert api.call("POST", "/review_alerts").status_code == 500
    assert api.get("/")["last_drill"] is not None


def test_a_defect_is_noted_also_if_the_store_fails_after_it(api: Api) -> None:
    applied(api, SHOP | {"reminder_interval": "1m"})
    failed(api)
    database = open_store(Settings.from_env()).database
    with database.transaction() as transaction:
        transaction.rows("UPDATE alerts SET opened_at = 'damaged'")
        transaction.rows("DROP TABLE drills")
    assert api.call("POST", "/review_alerts").status_code == 500
    with database.snapshot() as snapshot:
        assert watches.get(snapshot, "review_alerts failed") is not None
