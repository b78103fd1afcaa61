"""``python -m infra unsubscribe`` forgets whoever asks to be forgotten."""

from pathlib import Path

import pytest

from shared.models import as_text
from shared.store import Store
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.infra.command_line import infra
from tests.shared.subscribing.steps import KIM, LEE, announce, subscribe
from tests.support.builders import NOON
from tests.support.running import environment
from tests.support.store.steps import rows

pytestmark = pytest.mark.system


def test_an_address_is_deleted_on_a_page_or_on_all(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "bonghwa.db", prepare=lambda new: migrate(new, as_text(NOON)))
    store = Store(database)
    for hours, slug in ((-3, ""), (-2, "shop"), (-1, "club")):
        subscribe(store, KIM, slug=slug, seconds=hours * 3_600)
    subscribe(store, LEE, "kim@xn--strae-oqa.example", "park@xn--3e0b707e.example")
    announce(store, "Payments fail")
    database.close()
    environ = environment(tmp_path)

    assert infra("unsubscribe", KIM.upper(), "--page", "shop", environ=environ).stdout == (
        f"{KIM.upper()} is deleted, with 1 subscription\n"
    )
    assert infra("unsubscribe", KIM, environ=environ).stdout == f"{KIM} is deleted, with 2 subscriptions\n"
    again = infra("unsubscribe", KIM, environ=environ)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"bonghwa: nobody subscribes as {KIM} in {tmp_path / 'bonghwa.db'}\n"
    for typed in ("Kim@STRAßE.example", " Park Ji-min <park@한국.example>"):
        done = infra("unsubscribe", typed, environ=environ)
        assert (done.returncode, done.stdout) == (0, f"{typed} is deleted, with 1 subscription\n")
    assert rows(store, "SELECT address FROM subscribers") == [(LEE,)]
