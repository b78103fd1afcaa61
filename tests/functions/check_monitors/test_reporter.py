"""The agent's report: what the backend does not take now is posted later, oldest first, and nothing twice."""

import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from werkzeug.test import Client

from functions.check_monitors.reporting import backend as backend_module
from functions.check_monitors.reporting import keeping as keeping_module
from functions.check_monitors.reporting import reporter as report_module
from functions.check_monitors.reporting import spool as spool_module
from functions.check_monitors.reporting.reporter import Reported, Reporter, report
from functions.check_monitors.reporting.spool import Spool
from infra.local.gateway import gateway, in_processes
from infra.table import rows
from shared import logs
from shared.models import Event
from shared.settings import Settings
from tests.support.running import wait_until
from tests.support.stand_ins import Backend

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as listening:
        yield listening


@pytest.fixture
def settings(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(report_module, "_outcomes", {})
    monkeypatch.setattr(keeping_module, "_memories", {})
    return Settings.from_env({"BACKEND_URL": backend.url, "API_KEY": "the-key", "SPOOL_DIR": str(tmp_path / "spool")})


@pytest.fixture
def default_settings(settings: Settings, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """SPOOL_DIR is not set: the database's folder, which is there, and that of temporary files."""
    for name in ("data", "temp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    database = f"sqlite:///{tmp_path / 'data' / 'bonghwa.db'}"
    return Settings.from_env({"BACKEND_URL": backend.url, "API_KEY": "the-key", "DATABASE_URL": database})


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """What is written beyond it fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def event(name: str, minute: float = 0, *, monitor: str = "http://t/", is_success: bool = False) -> Event:
    at = NOON + timedelta(minutes=minute)
    return Event(target_url="http://t/", monitor=monitor, event_id=name, timestamp=at, is_success=is_success)


def ids(spool: Spool) -> list[str]:
    return [each.event_id for each in spool.oldest(99_999)]


def spooled(settings: Settings) -> list[str]:
    return ids(Spool(settings.spool_dirs[0], settings.backend_url))


def test_one_event_goes_as_the_originals_body(backend: Backend, settings: Settings) -> None:
    assert report([event("a")], settings) == Reported(posted=1)
    assert backend.bodies[0]["timestamp"] == "2025-01-08T12:00:00.000Z"
    assert backend.bodies[0]["is_success"] is False
    assert [headers["X-API-Key"] for headers in backend.headers] == ["the-key"]
    assert list(settings.spool_dirs[0].glob("*.jsonl")) == [], "nothing to keep leaves no file"


def test_several_go_as_one_array(backend: Backend, settings: Settings) -> None:
    assert report([event("a"), event("b")], settings) == Reported(posted=2)
    assert len(backend.bodies) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 401, 403, 404, 429, 302])
def test_what_is_not_taken_now_is_posted_later_oldest_first(backend: Backend, settings: Settings, status: int) -> None:
    backend.status = status
    assert report([event("a", 0)], settings) == Reported(spooled=1)
    assert report([event("b", 1), event("c", 1)], settings) == Reported(spooled=3)
    backend.status = 201
    assert report([event("d", 2)], settings) == Reported(posted=4)
    assert backend.taken == ["a", "b", "c", "d"]
    assert [each["timestamp"][14:16] for each in backend.bodies[-1]] == ["00", "01", "01", "02"]
    assert spooled(settings) == []


def test_a_backend_that_is_down_costs_no_event(backend: Backend, settings: Settings) -> None:
    backend.is_down = True
    assert report([event("a")], settings) == Reported(spooled=1)
    assert spooled(settings) == ["a"]


def test_an_event_that_is_refused_for_good_does_not_hold_up_the_others(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(name) for name in "abcd"], settings)
    backend.status, backend.poison = 201, {"b"}
    assert report([event("e")], settings) == Reported(posted=4, refused=1)
    assert backend.taken == ["a", "c", "d", "e"]
    assert spooled(settings) == []


def test_a_long_spool_is_posted_in_portions(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(str(number)) for number in range(2500)], settings)
    backend.status = 201
    assert report([], settings) == Reported(posted=2500)
    assert [len(body) for body in backend.bodies[-3:]] == [1000, 1000, 500]
    assert backend.taken == [str(number) for number in range(2500)]


def test_the_spool_is_bounded_and_drops_the_oldest(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "MAX_EVENTS", 3)
    backend.status = 503
    assert report([event(name) for name in "abcde"], settings) == Reported(spooled=3)
    assert spooled(settings) == ["c", "d", "e"]


def test_each_backend_has_its_own_spool(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, "http://a"), Spool(tmp_path, "http://b")
    first.add([event("a")])
    assert (first.count(), second.count()) == (1, 0)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_line_that_a_crash_cut_short_is_passed_over(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, "http://a")
    spool.add([event("a"), event("b")])
    spool.path.write_bytes(spool.path.read_bytes()[:-cut])
    spool.add([event("c")])
    assert ids(spool) == ["a", "c"]
    assert spool.count() == 2


def test_a_line_that_no_event_can_be_read_from_is_gone_with_the_next_that_are_posted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "http://a")
    spool.add([event("a")])
    spool.path.write_bytes(b'{"of": "a later version"}\n' + spool.path.read_bytes() + b"\n\n")
    spool.add([event("b")])
    kept = spool.oldest(1)
    assert [each.event_id for each in kept] == ["a"]
    spool.remove(kept)
    assert (ids(spool), spool.count()) == (["b"], 1)


def test_without_a_place_for_the_spool_events_are_kept_in_memory_and_posted_first(
    backend: Backend, settings: Settings
) -> None:
    folder = settings.spool_dirs[0]
    folder.write_text("a file where the folder should be")
    assert report([event("a")], settings) == Reported(posted=1)
    backend.status = 503
    assert report([event("b", 1)], settings) == Reported(spooled=1)
    assert report([event("c", 2)], settings) == Reported(spooled=2)
    backend.status = 201
    assert report([event("d", 3)], settings) == Reported(posted=3)
    assert backend.taken == ["a", "b", "c", "d"]

    backend.status = 503
    assert report([event("e", 4)], settings) == Reported(spooled=1)
    folder.unlink()
    assert report([event("f", 5)], settings) == Reported(spooled=2)
    assert spooled(settings) == ["e", "f"], "they outlive the process now"
    backend.status = 201
    assert report([event("g", 6)], settings) == Reported(posted=3)
    assert backend.taken == list("abcdefg")


def test_the_memory_is_bounded_and_drops_the_oldest(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keeping_module, "MAX_EVENTS", 3)
    logs._logger.cache_clear()
    settings.spool_dirs[0].write_text("a file where the folder should be")
    backend.status = 503
    assert report([event(name) for name in "ab"], settings) == Reported(spooled=2)
    assert report([event(name) for name in "cde"], settings) == Reported(spooled=3)
    assert capsys.readouterr().out.count('"events_dropped", "count": 2,') == 1
    logs._logger.cache_clear()
    backend.status = 201
    assert report([], settings) == Reported(posted=3)
    assert backend.taken == ["c", "d", "e"]


def test_runs_that_overlap_post_what_the_memory_holds_once(backend: Backend, settings: Settings) -> None:
    folder = settings.spool_dirs[0]
    folder.write_text("a file where the folder should be")
    backend.status = 503
    report([event("a")], settings)
    backend.status, backend.is_hanging, asked = 201, True, len(backend.bodies)
    stuck = threading.Thread(target=report, args=([event("b", 1)], settings))
    stuck.start()
    wait_until(lambda: len(backend.bodies) > asked, 2)
    folder.unlink()
    assert report([event("c", 2)], settings, is_tried=False) == Reported(spooled=2)
    backend.is_hanging = False
    backend.release()
    stuck.join()
    assert report([event("d", 3)], settings).spooled == 0
    assert backend.taken == ["a", "b", "c", "d"]


def test_what_was_kept_while_the_databases_folder_was_away_is_posted_with_what_is_in_it_by_its_own_time(
    backend: Backend, default_settings: Settings, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    backend.status = 503
    assert report([event("a", 0), event("d", 3)], default_settings) == Reported(spooled=2)
    away = data.rename(tmp_path / "away")
    assert report([event("b", 1), event("e", 4)], default_settings) == Reported(spooled=2)
    assert not data.exists(), "a folder of that name would be in its way"
    away.rename(data)
    assert report([event("f", 5)], default_settings) == Reported(spooled=5)
    backend.status = 201
    assert report([event("g", 6)], default_settings) == Reported(posted=6)
    assert backend.taken == list("abdefg")
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_what_another_process_kept_among_the_temporary_files_is_posted(
    backend: Backend, default_settings: Settings, tmp_path: Path
) -> None:
    Spool(tmp_path / "temp", backend.url).add([event("a")])
    assert report([event("b", 1)], default_settings) == Reported(posted=2)
    assert backend.taken == ["a", "b"]


def test_what_others_put_among_the_temporary_files_is_not_posted(
    backend: Backend, default_settings: Settings, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can play another user")
    theirs = Spool(tmp_path / "temp", backend.url)
    theirs.add([event("forged")])
    os.chown(theirs.path, 65_534, 65_534)
    (tmp_path / "temp").chmod(0o1777)
    assert report([event("a")], default_settings) == Reported(posted=1)
    assert backend.taken == ["a"]


def test_a_full_disk_costs_no_event_and_none_is_kept_twice(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(f"{number:03}", number / 60) for number in range(500)], settings)
    file = Spool(settings.spool_dirs[0], settings.backend_url).path
    before = file.read_bytes()
    more = [event(str(number), number / 60) for number in range(500, 520)]
    # Room for some of them.
    with no_file_longer_than(len(before) + 1000):
        assert report(more, settings) == Reported(spooled=520)
        assert file.read_bytes() == before
        assert report([event("520", 10)], settings) == Reported(spooled=521)
    backend.status = 201
    assert report([event("521", 11)], settings) == Reported(posted=522)
    assert [int(name) for name in backend.taken] == list(range(522))


def test_the_backend_is_told_what_the_agents_clock_says(backend: Backend, settings: Settings) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    report([event("a")], settings)
    said = backend.headers[0]["Date"]
    assert said.endswith(" GMT")
    assert before <= parsedate_to_datetime(said) <= datetime.now(UTC)


def test_its_clock_is_told_through_the_gateway_too(backend: Backend, settings: Settings) -> None:
    table = [row for row in rows() if row.name == "ingest_event"]
    client = Client(gateway(table, in_processes({"ingest_event": backend.port})))
    said = "Wed, 08 Jan 2025 12:00:00 GMT"
    response = client.post(
        "/events", json={"event_id": "a"}, headers={"Date": said}, environ_overrides={"RAW_URI": "/events"}
    )
    assert (response.status_code, backend.headers[0]["Date"]) == (201, said)


@pytest.mark.parametrize("status", [201, 503, 401, 302])
def test_whatever_it_answers_the_backend_is_reached(backend: Backend, settings: Settings, status: int) -> None:
    backend.status = status
    assert report([event("a")], settings).is_reached is True
    backend.is_down = True
    assert report([event("b")], settings).is_reached is False


def test_a_failure_is_reported_while_others_are_still_looked_at(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=4) as reporter:
        reporter.take(event("a", monitor="a", is_success=True))
        time.sleep(0.05)
        assert backend.bodies == []
        reporter.take(event("b", monitor="b"))
        wait_until(lambda: backend.taken == ["a", "b"], 2)
    assert reporter.reported == Reported(posted=2)


def test_successes_linger_so_that_many_share_one_request(backend: Backend, settings: Settings) -> None:
    with Reporter(settings, watched=50) as reporter:
        for number in range(20):
            reporter.take(event(str(number), monitor=str(number), is_success=True))
            time.sleep(0.002)
        wait_until(lambda: len(backend.taken) == 20, 2)
        for number in range(20, 25):
            reporter.take(event(str(number), monitor=str(number), is_success=True))
    assert [len(body) for body in backend.bodies] == [20, 5], "what is left goes at the run's end"
    assert reporter.reported == Reported(posted=25)


def test_a_hundred_successes_are_enough_for_a_request(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=200) as reporter:
        for number in range(report_module.ENOUGH_EVENTS):
            reporter.take(event(str(number), monitor=str(number), is_success=True))
        wait_until(lambda: len(backend.taken) == 100, 2)


def test_a_success_after_a_failure_is_reported_at_once_and_the_next_is_not(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=1) as reporter:
        reporter.take(event("a"))
    with Reporter(settings, watched=2) as reporter:
        reporter.take(event("b", is_success=True))
        wait_until(lambda: backend.taken == ["a", "b"], 2)
        reporter.take(event("c", is_success=True))
        time.sleep(0.1)
        assert backend.taken == ["a", "b"]
    assert backend.taken == ["a", "b", "c"]


def test_a_run_that_breaks_off_reports_what_it_saw(backend: Backend, settings: Settings) -> None:
    def run() -> None:
        with Reporter(settings, watched=3) as reporter:
            reporter.take(event("a", is_success=True))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert backend.taken == ["a"]


def test_a_backend_that_hangs_costs_a_run_one_try(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(report_module, "PAUSE_SECONDS", 0.1)
    backend.is_hanging = True
    began = time.monotonic()
    with Reporter(settings, watched=9) as reporter:
        for name in "abc":
            reporter.take(event(name, monitor=name))
            time.sleep(0.2)
    assert time.monotonic() - began < 1.5
    assert len(backend.bodies) == 1
    assert reporter.reported == Reported(spooled=3)
    assert reporter.reported.is_reached is False
    assert spooled(settings) == ["a", "b", "c"]


def test_a_backend_that_comes_back_within_a_run_gets_what_it_did_not_take(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "PAUSE_SECONDS", 0.1)
    backend.status = 503
    with Reporter(settings, watched=2) as reporter:
        reporter.take(event("a", monitor="a"))
        wait_until(lambda: spooled(settings) == ["a"], 2)
        backend.status = 201
        reporter.take(event("b", monitor="b"))
        wait_until(lambda: backend.taken == ["a", "b"], 2)
    assert reporter.reported == Reported(posted=2)


def test_runs_post_in_turn_and_never_the_same_events(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(name) for name in "abc"], settings)
    backend.status, backend.answers_after = 201, 0.2
    runs = [threading.Thread(target=report, args=([event(name)], settings)) for name in "defg"]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert backend.taken[:3] == ["a", "b", "c"]
    assert sorted(backend.taken) == list("abcdefg")


def test_a_run_that_gets_no_turn_leaves_its_events_to_the_next(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "TURN_SECONDS", 0.2)
    backend.is_hanging = True
    stuck = threading.Thread(target=report, args=([event("a")], settings))
    stuck.start()
    wait_until(lambda: backend.bodies, 2)
    assert report([event("b")], settings) == Reported(spooled=1)
    backend.is_hanging = False
    backend.release()
    stuck.join()
    assert report([event("c")], settings).spooled == 0
    assert sorted(backend.taken) == ["a", "b", "c"]
