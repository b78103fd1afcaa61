"""The lines that a person sees during a deployment, and what Ctrl-C leaves."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.clouds.children import Children, Stopped
from infra.clouds.cli import Command, CommandFailed, Interrupted, Stage, ask_within, guarded, run
from infra.clouds.progress import Progress, in_words
from shared import ROOT
from tests.support.running import wait_until


def test_a_stage_says_how_long_it_takes_and_what_is_left() -> None:
    times = iter([0.0, 100.0, 131.0, 250.0, 250.0])
    progress = Progress([0, 20, 600], clock=lambda: next(times))
    assert progress.begins(2, "secrets") == "2 of 3 · secrets … usually 20 s, about 10 min left"
    assert progress.goes_on(3, 9) == "  3 of 9 done, 31 s so far"
    assert progress.begins(3, "functions") == "3 of 3 · functions … usually 10 min"
    assert progress.goes_on(0, 1) == "  0 s so far"


def test_a_stage_that_takes_long_says_so_each_half_minute() -> None:
    times = iter([0.0, 0.0, 29.0, 31.0, 31.0, 60.0, 62.0])
    progress = Progress([600], clock=lambda: next(times))
    progress.begins(1, "functions")
    assert [progress.is_silent(), progress.is_silent()] == [False, True]
    progress.goes_on(0, 1)
    assert [progress.is_silent(), progress.is_silent()] == [False, True]


def test_a_stage_that_takes_a_moment_says_neither() -> None:
    assert Progress([0, 0]).begins(1, "roles") == "1 of 2 · roles …"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (620, "10 min")])
def test_times_are_said_as_people_say_them(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gcloud that never ends, and a folder in which each of its processes leaves its number."""
    folder = tmp_path / "begun"
    folder.mkdir()
    file = tmp_path / "gcloud"
    file.write_text(f"#!/bin/bash\ntouch {folder}/$$\nsleep 600 &\ntouch {folder}/$!\nwait\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return folder


def begun(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir()]


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """A shell's background process ignores it, and the tests may be one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_ends_what_runs_and_says_what_finishes_it(program: Path) -> None:
    stage = Stage("many things", [Command("gcloud", (f"{number}",)) for number in range(9)], is_parallel=True)

    def press() -> None:
        wait_until(lambda: len(begun(program)) == 10, 60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(Interrupted, match=r"stopped at many things \(1 of 1\): .* the same command does the rest"):
        run([stage])
    assert len(begun(program)) == 10, "no other was begun"
    wait_until(lambda: not any(map(is_alive, begun(program))), 60)


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "\nbonghwa: stopped: what was done stays, and the same command does the rest\n"),
        (Interrupted("stopped at secrets"), 130, "\nbonghwa: stopped at secrets\n"),
        (CommandFailed("gcloud ended with 1"), "bonghwa: gcloud ended with 1", ""),
        (KeyError("known"), "bonghwa: 'known'", ""),
    ],
)
def test_each_end_is_one_line_and_a_code(
    raised: BaseException, code: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def do() -> None:
        raise raised

    with pytest.raises(SystemExit) as ended:
        guarded(do, KeyError)
    assert (ended.value.code, capsys.readouterr().err) == (code, said)


def test_a_question_that_takes_too_long_is_ended(program: Path) -> None:
    with pytest.raises(CommandFailed, match="gcloud billing took more than 1 s"):
        ask_within(1.0, "gcloud", "billing")
    wait_until(lambda: not any(map(is_alive, begun(program))), 60)


def test_after_the_end_nothing_begins() -> None:
    children = Children()
    children.stop()
    with pytest.raises(Stopped, match="was not begun"):
        children.run(["true"], ROOT, "")
