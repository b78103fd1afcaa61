"""The agent when something around it is gone: its backend, its own connection, its heartbeat's watcher, or itself."""

import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import functions_framework
import pytest
import requests
from flask.testing import FlaskClient

from functions.check_monitors.reporting import connectivity
from functions.check_monitors.reporting import reporter as report_module
from functions.check_monitors.reporting.connectivity import Verdict, judge
from functions.check_monitors.reporting.reporter import Reporter
from functions.check_monitors.reporting.spool import Spool, short_name
from functions.check_monitors.self_watch import backend_outage as backend_watch
from functions.check_monitors.self_watch import ping as heartbeat
from functions.check_monitors.self_watch.backend_outage import Outage, follow, watch_backend
from infra.table import MAIN
from shared import logs
from shared.messages import compose_about_backend
from shared.models import Event, now
from shared.settings import Settings
from shared.settings.secrets import without_credentials
from tests.support.running import API_KEY, FunctionAlone, free_port, started_together, wait_until
from tests.support.stand_ins import (
    Backend,
    BotApi,
    Exchange,
    StandIn,
    Target,
    accepts_after,
    hangs,
    internal_error,
    not_found,
)

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
SECRET = "9f7d1c3e-0000-4000-8000-000000000000"


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as listening:
        yield listening


@pytest.fixture
def environ(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Set the environment of an agent of this backend; its settings."""
    monkeypatch.setattr(report_module, "_outcomes", {})
    monkeypatch.setattr(backend_watch, "_unwritten", {})

    def set_all(**variables: str) -> Settings:
        said = {"BACKEND_URL": backend.url, "API_KEY": API_KEY, "SPOOL_DIR": str(tmp_path / "spool"), **variables}
        channels = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SNS_TOPIC_ARN")
        for name in (*channels, "LOCATION", "CHECK_INTERVAL_SECONDS", "LOG_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"no_proxy": "*", **said}.items():
            monkeypatch.setenv(name, value)
        return Settings.from_env()

    logs._logger.cache_clear()
    yield set_all
    logs._logger.cache_clear()


@pytest.fixture(scope="module")
def agent() -> FlaskClient:
    """The agent under functions-framework, in this process."""
    client: FlaskClient = functions_framework.create_app("check_monitors", str(MAIN)).test_client()  # type: ignore[no-untyped-call]
    return client


def run(agent: FlaskClient) -> dict[str, int]:
    response = agent.post("/", headers={"X-API-Key": API_KEY})
    assert response.status_code == 200, response.text
    found: dict[str, int] = response.get_json()
    return found


def dead_urls(count: int) -> str:
    return " ".join(f"http://127.0.0.1:{free_port()}/" for _ in range(count))


# --- reported as it is seen ------------------------------------------------------------------------------------------


def test_a_target_that_hangs_delays_nobody_elses_alert(
    agent: FlaskClient, environ: Callable[..., Settings], backend: Backend
) -> None:
    with Target() as slow:
        slow.is_hanging = True
        environ(TARGET_URL=f"{slow.url} {dead_urls(1)}", CHECK_TIMEOUT_SECONDS="1.2")
        began = time.monotonic()
        assert run(agent) == {"checked": 2, "failed": 2, "posted": 2, "refused": 0, "spooled": 0}
    assert backend.asked_at[0] - began < 0.7
    assert backend.asked_at[1] - began >= 1.2
    assert [event["error_message"] for event in backend.events] == ["connection refused", "no answer within 1.2 s"]


@pytest.mark.parametrize(("location", "name"), [("", "default"), ("seoul-1", "seoul-1")])
def test_events_name_the_agent_and_how_often_it_looks(
    agent: FlaskClient, environ: Callable[..., Settings], backend: Backend, location: str, name: str
) -> None:
    environ(TARGET_URL=dead_urls(1), LOCATION=location, CHECK_INTERVAL_SECONDS="7")
    run(agent)
    [event] = backend.events
    assert (event["agent"], event["location"], event["interval_seconds"]) == (name, location or None, 7)
    assert event["is_inconclusive"] is False


# --- the location's own connection -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("watched", "succeeded", "failed", "is_reachable", "verdict"),
    [
        (2, 0, 2, False, Verdict.CONCLUSIVE),  # two may well be down together
        (3, 1, 0, None, Verdict.CONCLUSIVE),
        (3, 1, 2, False, Verdict.CONCLUSIVE),  # whatever the reference says, one answered
        (3, 0, 1, None, Verdict.UNDECIDED),  # the reference is being asked
        (3, 0, 1, True, Verdict.CONCLUSIVE),
        (3, 0, 1, False, Verdict.UNDECIDED),  # one of the two others may still answer
        (3, 0, 3, None, Verdict.UNDECIDED),  # the reference may still answer
        (3, 0, 3, True, Verdict.CONCLUSIVE),  # they are down, and we are not
        (3, 0, 3, False, Verdict.INCONCLUSIVE),
        (3, 0, 0, False, Verdict.UNDECIDED),
    ],
)
def test_failures_of_everything_at_once_are_judged_by_a_reference(
    watched: int, succeeded: int, failed: int, is_reachable: bool | None, verdict: Verdict
) -> None:
    assert judge(watched=watched, succeeded=succeeded, failed=failed, is_reachable=is_reachable) is verdict


def test_a_location_that_is_offline_reports_nothing_but_inconclusive_checks(
    agent: FlaskClient, environ: Callable[..., Settings], backend: Backend
) -> None:
    environ(TARGET_URL=dead_urls(3), CONNECTIVITY_CHECK=f"127.0.0.1:{free_port()}")
    assert run(agent) == {"checked": 3, "failed": 3, "posted": 3, "refused": 0, "spooled": 0}
    assert [event["is_inconclusive"] for event in backend.events] == [True] * 3


@pytest.mark.parametrize("count", [2, 3])
def test_where_the_reference_is_reached_or_too_little_is_watched_failures_are_failures(
    agent: FlaskClient, environ: Callable[..., Settings], backend: Backend, target: Target, count: int
) -> None:
    environ(TARGET_URL=dead_urls(count), CONNECTIVITY_CHECK=f"127.0.0.1:{target.port if count == 3 else free_port()}")
    run(agent)
    assert [event["is_inconclusive"] for event in backend.events] == [False] * count


def test_a_failure_goes_at_once_if_the_reference_is_reached(
    environ: Callable[..., Settings], backend: Backend, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "LINGER_SECONDS", 60)
    settings = environ(CONNECTIVITY_CHECK=f"localhost:{target.port}")
    with Reporter(settings, watched=3) as reporter:
        reporter.take(event("a"))
        wait_until(lambda: backend.taken == ["a"], 2)
        reporter.take(event("b"))
        wait_until(lambda: backend.taken == ["a", "b"], 2)
    assert {each["is_inconclusive"] for each in backend.events} == {False}


def test_failures_are_held_until_something_succeeds_if_the_reference_is_not_reached(
    environ: Callable[..., Settings], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "LINGER_SECONDS", 60)
    settings = environ(CONNECTIVITY_CHECK=f"127.0.0.1:{free_port()}")
    with Reporter(settings, watched=4) as reporter:
        reporter.take(event("a"))
        reporter.take(event("b"))
        time.sleep(0.4)
        assert backend.taken == []
        reporter.take(event("c", is_success=True))
        wait_until(lambda: backend.taken == ["a", "b", "c"], 2)
        reporter.take(event("d"))
    assert {each["is_inconclusive"] for each in backend.events} == {False}


def test_a_reference_that_hangs_is_waited_for_no_longer_than_it_may_take(
    environ: Callable[..., Settings], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "REFERENCE_SECONDS", 0.4)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # nobody accepts them, so that a third is not answered at all
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        began = time.monotonic()
        with Reporter(environ(CONNECTIVITY_CHECK=f"127.0.0.1:{full.getsockname()[1]}"), watched=3) as reporter:
            for name in "abc":
                reporter.take(event(name))
    assert 0.3 < time.monotonic() - began < 2
    assert [each["is_inconclusive"] for each in backend.events] == [True] * 3


def test_a_reference_whose_name_is_not_found_is_not_reached(environ: Callable[..., Settings], backend: Backend) -> None:
    with Reporter(environ(CONNECTIVITY_CHECK="nobody.invalid:53"), watched=3) as reporter:
        for name in "abc":
            reporter.take(event(name))
    assert [each["is_inconclusive"] for each in backend.events] == [True] * 3


def event(name: str, *, is_success: bool = False, at: datetime = NOON) -> Event:
    return Event(target_url="http://t/", monitor=name, event_id=name, timestamp=at, is_success=is_success)


# --- the backend, watched --------------------------------------------------------------------------------------------


def out(since: float = 0, tried: float = 0, ended: float | None = None, told: str = "", refused: str = "") -> Outage:
    """An outage of the backend; times in seconds after NOON, channels as letters."""
    return Outage(
        since=later(since),
        tried_at=later(tried),
        ended_at=None if ended is None else later(ended),
        told=tuple(told),
        refused=tuple(refused),
    )


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("known", "is_reached", "seconds", "interval", "expected", "told"),
    [
        (None, True, 0, 30, None, ""),  # every day
        (None, False, 0, 30, out(0, 0), ""),
        (out(0, 90), False, 119, 30, out(0, 119), ""),  # 3 intervals, not yet 2 minutes
        (out(0, 90), False, 120, 30, out(0, 120), "ab"),
        (out(0, 120), False, 179, 60, out(0, 179), ""),  # 2 minutes, not yet 3 intervals
        (out(0, 120), False, 180, 60, out(0, 180), "ab"),
        (out(0, 119), False, 120, 1, out(0, 120), "ab"),
        (out(0, 120, told="ab"), False, 150, 30, out(0, 150, told="ab"), ""),  # once
        (out(0, 120, told="a"), False, 150, 30, out(0, 150, told="a"), "b"),  # b did not take it
        (out(0, 120, told="a", refused="b"), False, 150, 30, out(0, 150, told="a", refused="b"), ""),
        (out(0, 90), True, 119, 30, None, ""),  # nobody knows of it
        (out(0, 90, told="ab"), True, 150, 30, out(0, 150, 150, told="ab"), "ab"),
        (out(0, 150, 150, told="b"), True, 180, 30, out(0, 180, 150, told="b"), "b"),  # b did not take its end
        (out(0, 120, told="a"), True, 150, 30, out(0, 150, 150, told="a"), "a"),  # b does not hear of an end alone
        (out(0, 120, told="c"), True, 150, 30, None, ""),  # c is configured no longer
        (out(0, 86_600, 150, told="b"), True, 86_551, 30, None, ""),  # for a day, and no longer
        (out(0, 150, 150, told="b"), False, 180, 30, out(180, 180, told="b"), ""),  # gone again
        (out(180, 270, told="b"), False, 300, 30, out(180, 300, told="b"), "a"),
        (out(0, 30), False, 270, 30, out(0, 270), "ab"),  # runs were late
        (out(0, 30), False, 271, 30, out(271, 271), ""),  # the agent was off meanwhile: counted anew
        (out(0, 30, told="ab"), False, 9_000, 30, out(0, 9_000, told="ab"), ""),  # off, but everybody knows
        (out(0, 90), False, 89, 30, out(89, 89), ""),  # the clock went back: counted anew
        (out(0, 90, told="ab"), False, -3600, 30, out(0, -3600, told="ab"), ""),
    ],
)
def test_the_agent_tells_of_its_backend_once_and_of_its_end_once(
    known: Outage | None, is_reached: bool, seconds: float, interval: float, expected: Outage | None, told: str
) -> None:
    outage, to_tell = follow(
        known,
        is_reached=is_reached,
        at=later(seconds),
        interval_seconds=interval,
        ttl_seconds=86_400,
        channels=("a", "b"),
    )
    assert (outage, to_tell) == (expected, list(told))


def test_a_channel_that_fails_is_told_by_the_next_run_and_the_others_only_once(
    environ: Callable[..., Settings], bot_api: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = environ(LOCATION="seoul-1", **bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.queue(internal_error)
    try_at(settings, 120, 150, 180)
    assert len(bot_api.calls) == 2
    bot_api.queue(internal_error)
    try_at(settings, 210, 240, is_reached=True)
    assert bot_api.messages == told(capsys)
    assert [text.split(" · ")[:2] for text in bot_api.messages] == [
        [f"BACKEND_UNREACHABLE {settings.backend_url}", "agent: seoul-1"],
        [f"RECOVERY backend {settings.backend_url}", "agent: seoul-1"],
    ]
    assert bot_api.messages[1].endswith(" · lasted 3 min 30 s")
    assert list(settings.spool_dirs[0].glob("*.json")) == [], "nothing is left of it"


def test_a_refusal_for_good_is_not_asked_for_again(environ: Callable[..., Settings], bot_api: BotApi) -> None:
    settings = environ(**bot_api.environ)
    bot_api.queue(not_found)
    try_at(settings, 0, 60, 120, 150)
    try_at(settings, 180, is_reached=True)
    assert (len(bot_api.calls), bot_api.messages) == (1, [])


def test_a_channel_that_hangs_delays_neither_the_others_nor_the_run_for_long(
    environ: Callable[..., Settings],
    bot_api: BotApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend_watch, "SEND_SECONDS", 0.3)
    settings = environ(**bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.queue(hangs)
    began = time.monotonic()
    try_at(settings, 120)
    assert time.monotonic() - began < 1.5
    assert len(told(capsys)) == 1
    try_at(settings, 150)
    assert (len(told(capsys)), len(bot_api.messages)) == (0, 1)


def test_two_runs_at_once_tell_once(environ: Callable[..., Settings], bot_api: BotApi) -> None:
    settings = environ(**bot_api.environ)
    try_at(settings, 0, 60)
    bot_api.behaviour = accepts_after(0.5)
    one = threading.Thread(target=try_at, args=(settings, 120))
    one.start()
    wait_until(lambda: bot_api.calls)
    try_at(settings, 120)
    one.join()
    assert len(bot_api.messages) == 1


def test_a_damaged_file_or_folder_costs_no_run(environ: Callable[..., Settings]) -> None:
    settings = environ()
    settings.spool_dirs[0].mkdir()
    file = settings.spool_dirs[0] / f"backend-{short_name(settings.backend_url)}.json"
    file.write_text('{"since": "20')
    try_at(settings, 0)
    assert Outage.model_validate_json(file.read_text()) == out(0, 0)
    file.unlink()
    file.mkdir()
    try_at(settings, 0, is_reached=True)


def test_without_a_place_for_a_file_the_backends_outage_and_its_end_are_told_once(
    environ: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = environ()
    settings.spool_dirs[0].write_text("a file where the folder should be")
    try_at(settings, 0, 60, 120, 150, 180)
    assert [text.split()[0] for text in told(capsys)] == ["BACKEND_UNREACHABLE"]
    try_at(settings, 210, 240, is_reached=True)
    assert [text.split()[0] for text in told(capsys)] == ["RECOVERY"]


def test_what_is_known_of_the_backend_goes_and_comes_with_the_databases_folder(
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
    assert [text.split()[0] for text in told(capsys)] == ["BACKEND_UNREACHABLE", "RECOVERY"]
    assert list(tmp_path.rglob("*.json")) == []


def test_the_words_in_both_languages_hold_no_password() -> None:
    composed = {
        (language, is_reached): compose_about_backend(
            is_reached=is_reached,
            backend_url=without_credentials("https://user:hunter2@b.example:8/x"),
            agent="seoul\n",
            since=NOON,
            at=NOON + timedelta(seconds=150),
            language=language,
            zone=UTC,
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


def try_at(settings: Settings, *seconds: float, is_reached: bool = False) -> None:
    for each in seconds:
        watch_backend(settings, is_reached=is_reached, clock=lambda at=each: later(at))  # type: ignore[misc]


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("BACKEND_", "RECOVERY"))]


# --- the heartbeat ---------------------------------------------------------------------------------------------------


class Watcher(StandIn):
    """What a heartbeat goes to."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.is_hanging = False
        self.is_dripping = False
        self.asked: list[str] = []

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(f"{exchange.method} {exchange.path}")
        if self.is_hanging:
            exchange.hang()
        elif self.is_dripping:
            exchange.drip(200, "x" * 9999)
        else:
            exchange.answer(self.status, "OK")


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    with Watcher() as listening:
        yield listening


def test_a_heartbeat_follows_each_complete_run_and_no_other(
    agent: FlaskClient, environ: Callable[..., Settings], backend: Backend, watcher: Watcher, target: Target
) -> None:
    environ(TARGET_URL=f"{target.url} {dead_urls(1)}", HEARTBEAT_URL=f"{watcher.url}/{SECRET}")
    run(agent)
    assert watcher.asked == [f"GET /{SECRET}"], "that a target fails is no fault of the run"
    for status in (503, 400):
        backend.status = status
        run(agent)
    backend.is_down = True
    run(agent)
    assert len(watcher.asked) == 1
    backend.is_down, backend.status = False, 201
    assert run(agent)["posted"] > 2, "with what was kept"
    assert len(watcher.asked) == 2


@pytest.mark.parametrize("trouble", ["is_down", "is_hanging", "is_dripping", "refuses", "is no host"])
def test_a_heartbeat_that_fails_costs_a_run_little_and_shows_no_secret(
    agent: FlaskClient,
    environ: Callable[..., Settings],
    watcher: Watcher,
    target: Target,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", 0.3)
    url = f"{watcher.url}/{SECRET}"
    if trouble == "refuses":
        watcher.status = 404
    elif trouble == "is no host":
        url = f"http://nobody.invalid:99/{SECRET}\x01"
    else:
        setattr(watcher, trouble, True)
    environ(TARGET_URL=target.url, HEARTBEAT_URL=url)
    began = time.monotonic()
    assert run(agent) == {"checked": 1, "failed": 0, "posted": 1, "refused": 0, "spooled": 0}
    assert time.monotonic() - began < 1.8
    said = "".join(capsys.readouterr())
    assert "heartbeat_failed" in said
    assert SECRET not in said


# --- real processes --------------------------------------------------------------------------------------------------


@pytest.mark.system
def test_two_agents_at_once_post_each_event_once_and_what_was_kept_first(
    project: Path, tmp_path: Path, target: Target, backend: Backend
) -> None:
    kept = keep(tmp_path, backend, 30)
    backend.answers_after = 0.3
    variables = {"TARGET_URL": target.url, "BACKEND_URL": backend.url}
    one, other = (FunctionAlone(project, tmp_path, "check_monitors", **variables) for _ in range(2))
    with started_together(one, other):
        answers: list[dict[str, int]] = []
        runs = [
            threading.Thread(target=lambda agent: answers.append(agent.post("/").json()), args=(agent,))
            for agent in (one, other)
        ]
        for each in runs:
            each.start()
        for each in runs:
            each.join()
        seen = re.findall(r'"checked".*"event_id": "(\w+)"', one.output() + other.output())
    assert sorted(answer["posted"] for answer in answers) == [1, 31]
    assert backend.taken[:30] == kept
    assert sorted(backend.taken[30:]) == sorted(seen)
    assert len(seen) == 2


@pytest.mark.system
def test_an_agent_that_is_killed_while_it_posts_loses_nothing_that_it_kept_and_tells_once_that_it_is_cut_off(
    project: Path, tmp_path: Path, target: Target, backend: Backend, bot_api: BotApi
) -> None:
    kept = keep(tmp_path, backend, 3)
    variables = {"TARGET_URL": target.url, "BACKEND_URL": backend.url, "LOCATION": "seoul-1", **bot_api.environ}
    agent = FunctionAlone(project, tmp_path, "check_monitors", **variables)
    with agent:
        backend.is_hanging = True
        with ThreadPoolExecutor() as pool:
            stuck = pool.submit(agent.post, "/")
            wait_until(lambda: backend.bodies)
            agent.kill()
            with pytest.raises(requests.ConnectionError):
                stuck.result()
    assert Spool(tmp_path, backend.url).count() == 3

    backend.is_hanging, backend.is_down = False, True
    # As if it had tried for three minutes.
    file = tmp_path / f"backend-{short_name(backend.url)}.json"
    file.write_text(Outage(since=now() - timedelta(minutes=3), tried_at=now()).model_dump_json())
    with FunctionAlone(project, tmp_path, "check_monitors", **variables) as agent:
        assert agent.post("/").json()["spooled"] == 4
        agent.kill()
    with FunctionAlone(project, tmp_path, "check_monitors", **variables) as agent:
        assert agent.post("/").json()["spooled"] == 5
        backend.is_down = False
        assert [agent.post("/").json()["posted"] for _ in range(2)] == [6, 1]
    assert backend.taken[:3] == kept
    assert len(backend.taken) == len(set(backend.taken)) == 3 + 4
    assert [text.split(" · ")[0] for text in bot_api.messages] == [
        f"BACKEND_UNREACHABLE {backend.url}",
        f"RECOVERY backend {backend.url}",
    ]


def keep(folder: Path, backend: Backend, count: int) -> list[str]:
    """Put events into the agent's spool, as if the backend had been away; their ids."""
    spool = Spool(folder, backend.url)
    spool.add([event(f"kept-{number:03}", at=now()) for number in range(count)])
    return [each.event_id for each in spool.oldest(count)]
