"""The agent as a whole: one run in this process, and real processes that overlap or are killed."""

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.self_watch.backend_outage import BackendOutage
from shared.models import now
from shared.settings import Settings
from tests.support.backlogs import event, waiting_in
from tests.support.running import FunctionAlone, free_port, started_together, wait_until
from tests.support.stand_ins import Backend, BotApi, Target


def dead_url() -> str:
    return f"http://127.0.0.1:{free_port()}/"


@pytest.mark.slow
def test_a_target_that_hangs_delays_no_other_alert(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], backend: Backend
) -> None:
    with Target() as slow:
        slow.is_hanging = True
        environ(TARGET_URL=f"{slow.url} {dead_url()}", CHECK_TIMEOUT_SECONDS="2.5")
        began = time.monotonic()
        assert run() == {"checked": 2, "failed": 2, "posted": 2, "refused": 0, "spooled": 0}
    assert backend.asked_at[0] - began < 2.5
    assert backend.asked_at[1] - began >= 2.5
    assert [posted["error_message"] for posted in backend.events] == ["connection refused", "no answer within 2.5 s"]


@pytest.mark.parametrize(("location", "name"), [("", "default"), ("seoul-1", "seoul-1")])
@pytest.mark.parametrize(("timeout", "often"), [("7", 7), ("97", 37)])
def test_events_name_the_agent_and_how_often_it_reports(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    backend: Backend,
    location: str,
    name: str,
    timeout: str,
    often: float,
) -> None:
    environ(TARGET_URL=dead_url(), LOCATION=location, CHECK_INTERVAL_SECONDS="7", CHECK_TIMEOUT_SECONDS=timeout)
    run()
    [posted] = backend.events
    assert (posted["agent"], posted["location"], posted["interval_seconds"]) == (name, location or None, often)
    assert posted["is_inconclusive"] is False


# --- real processes ---------------------------------------------------------------------------------------------------


def backlog_of(folder: Path, backend: Backend) -> Backlog:
    """The backlog of an agent that runs in ``folder``."""
    return Backlog(Settings.from_env({"BACKEND_URL": backend.url, "API_KEY": "any", "SPOOL_DIR": str(folder)}))


def keep(folder: Path, backend: Backend, count: int) -> list[str]:
    """Add events to the agent's backlog, as if the backend had been away; their ids."""
    backlog_of(folder, backend).add([event(f"kept-{number:03}", at=now()) for number in range(count)])
    return waiting_in(folder)


@pytest.mark.system
def test_two_agents_at_once_post_each_event_once_in_order(
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
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        seen = re.findall(r'"checked".*"event_id": "(\w+)"', one.output() + other.output())
    assert sorted(answer["posted"] for answer in answers) == [1, 31]
    assert backend.taken[:30] == kept
    assert sorted(backend.taken[30:]) == sorted(seen)
    assert len(seen) == 2


@pytest.mark.system
def test_a_killed_agent_loses_nothing_and_notifies_once(
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
    assert waiting_in(tmp_path) == kept

    backend.is_hanging, backend.is_down = False, True
    # As if it had tried for three minutes.
    outage = BackendOutage(since=now() - timedelta(minutes=3), tried_at=now())
    backlog_of(tmp_path, backend).save_outage(outage.model_dump_json())
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
