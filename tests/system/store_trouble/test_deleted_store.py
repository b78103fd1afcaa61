"""A store that is deleted under the running system."""

import pytest

from tests.system.store_trouble.troubles import locked
from tests.system.store_trouble.watched import Watched

pytestmark = [pytest.mark.system, pytest.mark.together("watched")]


@pytest.mark.parametrize("kept", [[], ["-wal", "-shm"]], ids=["all of it", "but not its log"])
def test_a_deleted_store_is_made_again_and_an_outage_is_sent(watched: Watched, kept: list[str]) -> None:
    system, target = watched.system, watched.target
    watched.settle()

    with locked(system):
        for end in {"", "-wal", "-shm"} - set(kept):
            system.database.with_name(f"bonghwa.db{end}").unlink()
        watched.begin()
    target.is_down = True
    system.wait_until(lambda: watched.sent() == [["OUTAGE"], ["OUTAGE"]])
    target.is_down = False
    both = ["OUTAGE", "RECOVERY"]
    system.wait_until(lambda: watched.sent() == [both, both])
    watched.assert_all_is_well()

    assert [alert["id"] for alert in system.alerts()] == [1], "it is a new store"
    assert system.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert "database_replaced" in (system.folder / "logs" / "server.log").read_text()
