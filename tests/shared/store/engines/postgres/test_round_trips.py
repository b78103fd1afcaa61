"""How often a report asks a server that is far away."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from shared.models import as_text
from shared.store import Store
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import migrate
from tests.support.builders import NOON, event
from tests.support.postgres import Server
from tests.support.store.steps import add
from tests.torture.wire import Wire

pytestmark = pytest.mark.system


class Counting(Wire):
    """Notes the beginning of each thing that is asked."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: list[bytes] = []

    def _note(self, said: bytes, port: int) -> None:
        self.asked.append(said)
        super()._note(said, port)


@pytest.fixture
def wire(postgres: Server) -> Iterator[Counting]:
    with Counting(postgres.new_store()) as counting:
        yield counting


def test_a_report_asks_no_more_often_if_it_is_long(wire: Counting) -> None:
    database = PostgresDatabase(SecretStr(wire.url), prepare=lambda known: migrate(known, as_text(NOON)))
    store = Store(database)
    asked = []
    for begin, count in ((0, 100), (30, 2), (60, 100)):
        checks = [event(begin, ok=True, monitor=f"m{number}", agent="seoul") for number in range(count)]
        wire.asked.clear()
        add(store, *checks)
        asked.append(len(wire.asked))
    database.close()
    assert asked[2] == asked[1] <= 10
