"""The contract of the backlog, wherever it is: in a file, or in memory if no folder can be used."""

import threading
from pathlib import Path

import pytest

from functions.check_monitors.reporting import backlog as backlog_module
from functions.check_monitors.reporting import backlog_database
from functions.check_monitors.reporting.backlog import Backlog
from shared.settings import Settings
from tests.support.backlogs import event, waiting


@pytest.fixture(params=["file", "memory"])
def settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "memory":
        settings.spool_dirs[0].write_text("a file where the folder should be")
    return settings


@pytest.fixture
def backlog(settings: Settings) -> Backlog:
    return Backlog(settings)


def test_the_oldest_events_come_first_by_their_own_time(backlog: Backlog) -> None:
    backlog.add([event("c", 2), event("a", 0)])
    backlog.add([event("d", 3), event("b", 1)])
    with backlog.turn():
        assert [found.event_id for found in backlog.oldest(3)] == ["a", "b", "c"]


def test_of_equal_times_the_first_that_was_added_comes_first(backlog: Backlog) -> None:
    backlog.add([event("b"), event("a")])
    backlog.add([event("c")])
    with backlog.turn():
        assert [found.event_id for found in backlog.oldest(9)] == ["b", "a", "c"]


def test_an_event_comes_back_as_it_was(backlog: Backlog) -> None:
    added = event("a").model_copy(update={"error_message": '한 \n\t"quote" \' ; --', "location": "서울-1"})
    backlog.add([added])
    with backlog.turn():
        assert backlog.oldest(1) == [added]


def test_without_the_turn_there_is_nothing_to_post(backlog: Backlog) -> None:
    backlog.add([event("a")])
    assert backlog.oldest(9) == []
    with backlog.turn():
        assert len(backlog.oldest(9)) == 1
    assert backlog.oldest(9) == []


def test_only_what_was_posted_is_removed(backlog: Backlog) -> None:
    backlog.add([event("a", 0), event("b", 1), event("c", 2)])
    with backlog.turn():
        backlog.remove(backlog.oldest(2))
        assert [found.event_id for found in backlog.oldest(9)] == ["c"]
    assert backlog.count() == 1


def test_an_event_that_is_added_twice_waits_once(backlog: Backlog) -> None:
    assert backlog.add([event("a")]) == 0
    assert backlog.add([event("a"), event("b")]) == 0
    assert backlog.count() == 2


def test_past_the_bound_the_oldest_are_dropped(backlog: Backlog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_database, "MAX_EVENTS", 3)
    assert backlog.add([event("d", 3), event("a", 0)]) == 0
    assert backlog.add([event("c", 2), event("e", 4), event("b", 1)]) == 2
    with backlog.turn():
        assert [found.event_id for found in backlog.oldest(9)] == ["c", "d", "e"]


def test_all_runs_of_a_process_share_it(settings: Settings) -> None:
    Backlog(settings).add([event("a")])
    assert waiting(settings) == ["a"]


def test_each_backend_has_a_backlog_of_its_own(settings: Settings) -> None:
    other = settings.model_copy(update={"backend_url_given": f"{settings.backend_url}/other"})
    Backlog(settings).add([event("a")])
    assert (Backlog(settings).count(), Backlog(other).count()) == (1, 0)


def test_an_outage_is_saved_replaced_and_deleted(settings: Settings) -> None:
    assert not Backlog(settings).has_outage()
    for outage in ("one", "two"):
        Backlog(settings).save_outage(outage)
        assert Backlog(settings).has_outage()
        assert Backlog(settings).outages() == [outage]
    Backlog(settings).save_outage(None)
    assert not Backlog(settings).has_outage()
    assert Backlog(settings).outages() == []


def test_an_outage_is_no_event_and_stays_when_events_go(backlog: Backlog) -> None:
    backlog.add([event("a")])
    backlog.save_outage("one")
    with backlog.turn():
        backlog.remove(backlog.oldest(9))
    assert (backlog.count(), backlog.outages()) == (0, ["one"])


@pytest.mark.slow
def test_one_run_at_a_time_has_the_turn(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "TURN_SECONDS", 0.05)
    with Backlog(settings).turn():
        for _ in range(2):
            with pytest.raises(TimeoutError, match="another run is posting"), Backlog(settings).turn():
                pass
    with Backlog(settings).turn():
        pass


def test_a_run_waits_for_its_turn(settings: Settings) -> None:
    order = []
    waits = threading.Event()

    def wait_for_it() -> None:
        waits.set()
        with Backlog(settings).turn():
            order.append("second")

    second = threading.Thread(target=wait_for_it)
    with Backlog(settings).turn():
        second.start()
        assert waits.wait(20)
        order.append("first")
    second.join()
    assert order == ["first", "second"]


@pytest.mark.slow
def test_events_are_added_while_another_run_has_the_turn(settings: Settings) -> None:
    Backlog(settings).add([event("a")])
    posting = Backlog(settings)
    with posting.turn():
        posted = posting.oldest(9)
        assert Backlog(settings).add([event("b", 1)]) == 0
        posting.remove(posted)
    assert waiting(settings) == ["b"]


def test_a_second_run_does_not_wait_to_notify(settings: Settings) -> None:
    with Backlog(settings).notifying():
        with pytest.raises(TimeoutError), Backlog(settings).notifying():
            pass
        with Backlog(settings).turn():
            pass
    with Backlog(settings).notifying():
        pass


@pytest.mark.slow
def test_threads_that_add_and_post_at_once_lose_nothing(settings: Settings) -> None:
    names = [[f"{thread}-{number}" for number in range(20)] for thread in range(3)]
    posted: list[str] = []

    def add(own: list[str]) -> None:
        for name in own:
            Backlog(settings).add([event(name)])

    def post(_own: list[str]) -> None:
        for _ in range(20):
            backlog = Backlog(settings)
            with backlog.turn():
                found = backlog.oldest(2)
                posted.extend(each.event_id for each in found)
                backlog.remove(found)

    threads = [threading.Thread(target=act, args=(own,)) for own in names for act in (add, post)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted([*posted, *waiting(settings)]) == sorted(name for own in names for name in own)


def test_a_disks_fault_is_no_runs_fault(tmp_path: Path, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"spool_dir_given": tmp_path / ("too-long-a-name" * 99)})
    Backlog(nowhere).add([event("a")])
    Backlog(nowhere).save_outage("one")
    assert waiting(nowhere) == ["a"]
    assert Backlog(nowhere).outages() == ["one"]
