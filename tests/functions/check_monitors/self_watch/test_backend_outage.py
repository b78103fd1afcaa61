"""The agent notifies its channels if it cannot reach its backend for long, and again when it can."""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.self_watch import backend_outage
from functions.check_monitors.self_watch.backend_outage import BackendOutage, follow, watch_backend
from shared.messages import compose_about_backend
from shared.settings import Settings
from shared.settings.secrets import without_credentials
from tests.support.backlogs import databases_in, event, files_in, no_file_longer_than, waiting
from tests.support.builders import NOON
from tests.support.running import wait_until
from tests.support.stand_ins import BotApi, accepts_after, hangs, internal_error, not_found


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


# --- the decision -----------------------------------------------------------------------------------------------------


def out(
    since: float = 0, tried: float = 0, ended: float | None = None, notified: str = "", refused: str = ""
) -> BackendOutage:
    """An outage of the backend; times in seconds after NOON, channels as letters."""
    return BackendOutage(
        since=later(since),
        tried_at=later(tried),
        ended_at=None if ended is None else later(ended),
        notified=tuple(notified),
        refused=tuple(refused),
    )


@pytest.mark.parametrize(
    ("known", "is_reached", "seconds", "interval", "expected", "notify"),
    [
        (None, True, 0, 30, None, ""),  # every day
        (None, False, 0, 30, out(0, 0), ""),
        (out(0, 90), False, 119, 30, out(0, 119), ""),  # 3 intervals, not yet 2 minutes
        (out(0, 90), False, 120, 30, out(0, 120), "ab"),
        (out(0, 120), False, 179, 60, out(0, 179), ""),  # 2 minutes, not yet 3 intervals
        (out(0, 120), False, 180, 60, out(0, 180), "ab"),
        (out(0, 119), False, 120, 1, out(0, 120), "ab"),
        (out(0, 120, notified="ab"), False, 150, 30, out(0, 150, notified="ab"), ""),  # once
        (out(0, 120, notified="a"), False, 150, 30, out(0, 150, notified="a"), "b"),  # b did not take it
        (out(0, 120, notified="a", refused="b"), False, 150, 30, out(0, 150, notified="a", refused="b"), ""),
        (out(0, 90), True, 119, 30, None, ""),  # nobody knows of it
        (out(0, 90, notified="ab"), True, 150, 30, out(0, 150, 150, notified="ab"), "ab"),
        (out(0, 150, 150, notified="b"), True, 180, 30, out(0, 180, 150, notified="b"), "b"),  # b did not take its end
        (out(0, 120, notified="a"), True, 150, 30, out(0, 150, 150, notified="a"), "a"),  # b hears of no end alone
        (out(0, 120, notified="c"), True, 150, 30, None, ""),  # c is configured no longer
        (out(0, 86_600, 150, notified="b"), True, 86_551, 30, None, ""),  # for a day, and no longer
        (out(0, 150, 150, notified="b"), False, 180, 30, out(180, 180, notified="b"), ""),  # gone again
        (out(180, 270, notified="b"), False, 300, 30, out(180, 300, notified="b"), "a"),
        (out(0, 30), False, 270, 30, out(0, 270), "ab"),  # runs were late
        (out(0, 30), False, 271, 30, out(271, 271), ""),  # the agent was off: the count begins again
        (out(0, 30, notified="ab"), False, 9_000, 30, out(0, 9_000, notified="ab"), ""),  # off, but everybody knows
        (out(0, 90), False, 89, 30, out(89, 89), ""),  # the clock was set back: the count begins again
        (out(0, 90, notified="ab"), False, -3600, 30, out(0, -3600, notified="ab"), ""),
    ],
)
def test_channels_are_notified_once_of_it_and_once_of_its_end(
    known: BackendOutage | None,
    is_reached: bool,
    seconds: float,
    interval: float,
    expected: BackendOutage | None,
    notify: str,
) -> None:
    found = follow(
        known,
        is_reached=is_reached,
        at=later(seconds),
        interval_seconds=interval,
        ttl_seconds=86_400,
        channels=("a", "b"),
    )
    assert found == (expected, list(notify))


# --- what the channels get --------------------------------------------------------------------------------------------


def try_at(settings: Settings, *seconds: float, is_reached: bool = False) -> None:
    for second in seconds:
        watch_backend(settings, is_reached=is_reached, clock=lambda at=second: later(at))  # type: ignore[misc]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of the console channel since the last call."""
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("BACKEND_", "RECOVERY"))]


def kinds(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.split()[0] for line in printed(capsys)]


@pytest.mark.slow
def test_a_channel_that_fails_is_notified_by_the_next_run(
    environ: Callable[..., Settings], bot_api: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = environ(LOCATION="seoul-1", **bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.queue(internal_error)
    try_at(settings, 120, 150, 180)
    assert len(bot_api.calls) == 2
    bot_api.queue(internal_error)
    try_at(settings, 210, 240, is_reached=True)
    assert bot_api.messages == printed(capsys), "the others were notified only once"
    assert [text.split(" · ")[:2] for text in bot_api.messages] == [
        [f"BACKEND_UNREACHABLE {settings.backend_url}", "agent: seoul-1"],
        [f"RECOVERY backend {settings.backend_url}", "agent: seoul-1"],
    ]
    assert bot_api.messages[1].endswith(" · lasted 3 min 30 s")
    assert "backlog.db" not in files_in(settings.spool_dirs[0])


def test_a_permanent_refusal_is_not_asked_for_again(environ: Callable[..., Settings], bot_api: BotApi) -> None:
    settings = environ(**bot_api.environ)
    bot_api.queue(not_found)
    try_at(settings, 0, 60, 120, 150)
    try_at(settings, 180, is_reached=True)
    assert (len(bot_api.calls), bot_api.messages) == (1, [])


@pytest.mark.slow
def test_a_channel_that_hangs_delays_nobody_for_long(
    environ: Callable[..., Settings],
    bot_api: BotApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend_outage, "SEND_SECONDS", 2.0)
    settings = environ(**bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.queue(hangs)
    began = time.monotonic()
    try_at(settings, 120)
    assert time.monotonic() - began < 20
    assert len(printed(capsys)) == 1
    try_at(settings, 150)
    assert (len(printed(capsys)), len(bot_api.messages)) == (0, 1)


@pytest.mark.slow
def test_two_runs_at_once_notify_once(environ: Callable[..., Settings], bot_api: BotApi) -> None:
    settings = environ(**bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.behaviour = accepts_after(0.5)
    one = threading.Thread(target=try_at, args=(settings, 120))
    one.start()
    wait_until(lambda: bot_api.calls)
    try_at(settings, 120)
    one.join()
    assert len(bot_api.messages) == 1


def test_the_words_in_both_languages_hold_no_password() -> None:
    composed = {
        (language, is_reached): compose_about_backend(
            is_reached=is_reached,
            backend_url=without_credentials("https://user:hunter2@b.example:8/x"),
            agent="seoul\n",
            since=NOON,
            at=NOON + timedelta(seconds=150),
            language=language,
        )
        for language in ("en", "ko")
        for is_reached in (False, True)
    }
    assert composed == {
        ("en", False): "BACKEND_UNREACHABLE https://b.example:8/x · agent: seoul · since 2025-01-08 12:00:00 UTC",
        ("en", True): (
            "RECOVERY backend https://b.example:8/x · agent: seoul · since 2025-01-08 12:00:00 UTC · lasted 2 min 30 s"
        ),
        ("ko", False): "백엔드 연결 불가 https://b.example:8/x · 에이전트: seoul · 시작: 2025-01-08 12:00:00 UTC",
        ("ko", True): (
            "복구 백엔드 https://b.example:8/x · 에이전트: seoul · 시작: 2025-01-08 12:00:00 UTC · 지속 시간: 2분 30초"
        ),
    }


# --- where it is kept -------------------------------------------------------------------------------------------------


def test_an_outage_that_cannot_be_read_stops_no_run(environ: Callable[..., Settings]) -> None:
    settings = environ()
    Backlog(settings).save_outage('{"since": "20')
    try_at(settings, 0)
    assert [BackendOutage.model_validate_json(outage) for outage in Backlog(settings).outages()] == [out(0, 0)]
    Backlog(settings).save_outage("[]")
    try_at(settings, 0, is_reached=True)
    assert not Backlog(settings).has_outage()


def test_without_a_folder_channels_are_still_notified_once(
    environ: Callable[..., Settings], capsys: pytest.CaptureFixture[str], steps: list[str]
) -> None:
    settings = environ()
    settings.spool_dirs[0].write_text("a file where the folder should be")
    try_at(settings, 0, 60, 120, 150, 180)
    assert kinds(capsys) == ["BACKEND_UNREACHABLE"]
    assert any(line.startswith("backend_watch_unusable") for line in steps)
    try_at(settings, 210, 240, is_reached=True)
    assert kinds(capsys) == ["RECOVERY"]


def test_an_end_that_no_disk_takes_is_notified_once(
    environ: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = environ()
    try_at(settings, 0, 60, 120)
    assert kinds(capsys) == ["BACKEND_UNREACHABLE"]
    with no_file_longer_than(0):
        try_at(settings, 150, 180, 210, is_reached=True)
    [database] = databases_in(settings.spool_dirs[0])
    assert database.outages() != [], "the file still says so"
    try_at(settings, 240, is_reached=True)
    assert kinds(capsys) == ["RECOVERY"]
    assert database.outages() == []


def test_what_is_known_goes_and_comes_with_the_folder(
    environ: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("data", "temp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    settings = environ(SPOOL_DIR="", DATABASE_URL=f"sqlite:///{tmp_path / 'data' / 'bonghwa.db'}")
    try_at(settings, 0, 60)
    away = (tmp_path / "data").rename(tmp_path / "away")
    try_at(settings, 120, 180, 240)
    assert not (tmp_path / "data").exists()
    away.rename(tmp_path / "data")
    try_at(settings, 270, 300)
    try_at(settings, 330, 360, is_reached=True)
    assert kinds(capsys) == ["BACKEND_UNREACHABLE", "RECOVERY"]
    assert "backlog.db" not in files_in(tmp_path)


def test_events_that_wait_outlive_the_outage(environ: Callable[..., Settings]) -> None:
    settings = environ()
    Backlog(settings).add([event("a")])
    try_at(settings, 0)
    try_at(settings, 30, is_reached=True)
    assert waiting(settings) == ["a"]
