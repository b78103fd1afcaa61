"""``python -m infra replay``: the stored checks judged again, in the terminal."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.alerting.heartbeats import Ping
from shared.models import Event, as_text, now
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import Store, open_store
from tests.infra.command_line import infra
from tests.support.running import environment

pytestmark = pytest.mark.system

BEGAN = now() - timedelta(hours=1)
Replay = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def store(database_environ: dict[str, str]) -> Iterator[Store]:
    """Two monitors: ``shop`` failed once, and later for a minute; ``blog`` failed once."""
    store = open_store(Settings.from_env(database_environ))
    for name, group in (("shop", "Web"), ("blog", None)):
        policy = {"name": name, "url": f"http://{name}/", "group": group, "interval": 10}
        store.monitors.add(Policy.model_validate(policy), now=BEGAN)
    for name, outcomes in (("shop", "x.xxxx."), ("blog", "x.")):
        for number, outcome in enumerate(outcomes):
            at = BEGAN + timedelta(seconds=10 * number)
            check = Event(target_url=f"http://{name}/", monitor=name, timestamp=at, is_success=outcome == ".")
            store.events.add([check], received_at=at, channels={})
    yield store
    store.database.close()


@pytest.fixture
def replay(store: Store, database_environ: dict[str, str], tmp_path: Path) -> Replay:  # it is there
    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environ = environment(tmp_path, **{**database_environ, "TZ": "Asia/Seoul", **variables})
        return infra("replay", *words, environ=environ)

    return run


def test_each_alert_that_differs_is_a_line_and_the_counts_come_last(replay: Replay) -> None:
    done = replay("--days", "1", "--set", "failure_threshold=3")
    assert (done.returncode, done.stderr) == (0, "")
    *lines, counts = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["vanished", "vanished", "later"]
    assert lines[-1].startswith("later     alert 2 of shop, ")
    assert lines[-1].endswith(", by 20 s")
    assert counts == "3 alerts happened, 1 replayed: 2 vanished, 0 merged, 1 later, 0 appeared"


def test_by_itself_everything_is_as_it_was(replay: Replay) -> None:
    assert replay().stdout == "3 alerts happened, 3 replayed: 0 vanished, 0 merged, 0 later, 0 appeared\n"


def test_a_heartbeat_has_no_quorum(replay: Replay, store: Store) -> None:
    beat = {"name": "backup", "heartbeat": {"period": "1h", "token": "token-of-the-backup"}}
    store.monitors.add(Policy.model_validate(beat), now=BEGAN)
    store.heartbeats.take("token-of-the-backup", Ping(is_success=False), now=BEGAN, channels={})
    done = replay("--monitor", "backup", "--set", "quorum=2", "--set", "locations=seoul")
    assert done.stdout == "1 alert happened, 1 replayed: 0 vanished, 0 merged, 0 later, 0 appeared\n"


def test_a_program_gets_json(replay: Replay) -> None:
    told = json.loads(replay("--json", "--set", "failure_threshold=3", "--group", "Web").stdout)
    times = [as_text(BEGAN + timedelta(seconds=seconds)) for seconds in (0, 10, 20, 60)]
    vanished = {"id": 1, "monitor": "shop", "failed_at": times[0], "opened_at": times[0], "resolved_at": times[1]}
    later = {"id": 2, "monitor": "shop", "failed_at": times[2], "opened_at": times[2], "resolved_at": times[3]}
    assert told == {
        "happened": 2,
        "replayed": 1,
        "vanished": [vanished],
        "merged": [],
        "later": [{"alert": later, "by_seconds": 20.0}],
        "appeared": [],
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--set", "failure_treshold=3"], 2, "'failure_treshold' is none of failure_threshold, success_threshold"),
        (["--set", "failure_threshold=0"], 2, "failure_threshold='0' cannot be: "),
        (["--set", "failure_threshold=three"], 2, "failure_threshold='three' cannot be: "),
        (["--set", "quorum=most"], 2, "quorum='most' cannot be: "),
        (["--set", "locations=,"], 2, "locations=',' cannot be: "),
        (["--set", "FLAPPING_STARTS=much"], 2, "FLAPPING_STARTS"),
        (["--set", "quorum"], 2, "quorum has no value: expected one such as quorum=majority"),
        (["--days", "0"], 2, "'0' is no number of days"),
        (["--monitor", "shop", "--group", "Web"], 2, "not allowed with"),
        (["--monitor", "shed"], 1, "bonghwa: there is no monitor 'shed'"),
        (["--group", "Wed"], 1, "bonghwa: there is no group 'Wed'"),
    ],
)
def test_a_mistake_is_named(replay: Replay, words: list[str], status: int, said: str) -> None:
    done = replay(*words)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stdout == ""


def test_a_store_is_not_made(tmp_path: Path) -> None:
    path = f"{tmp_path}/nowhere.db"
    done = infra("replay", environ=environment(tmp_path, DATABASE_URL=f"sqlite:///{path}"))
    assert (done.returncode, done.stderr) == (1, f"bonghwa: there is no database at {path}\n")


def test_no_name_steers_the_terminal(replay: Replay, store: Store) -> None:
    check = Event(target_url="http://x/", monitor="\x1b[2Jevil", timestamp=BEGAN, is_success=False)
    store.events.add([check], received_at=BEGAN, channels={})
    done = replay("--set", "failure_threshold=3", "--monitor", "\x1b[2Jevil")
    assert done.stdout.startswith("vanished  alert 4 of ?[2Jevil, ")
    assert "\x1b" not in done.stdout
