"""Output that never blocks and never raises, on real pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from shared import ROOT
from shared.logs.output import MAX_WAITING_BYTES, Output


@pytest.fixture
def ends() -> Iterator[list[int]]:
    """A pipe: the end that is read, and the one that is written."""
    both = list(os.pipe())
    yield both
    os.close(both[0])
    # The thread of an output may still write there, so no file of a later test may get this number.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, both[1])
    os.close(null)


def read_all(descriptor: int, until: bytes) -> bytes:
    os.set_blocking(descriptor, False)
    data, give_up_at = b"", time.monotonic() + 20
    while until not in data:
        assert time.monotonic() < give_up_at, data[-300:]
        try:
            data += os.read(descriptor, 65_536)
        except BlockingIOError:
            time.sleep(0.01)
    return data


def read_until_quiet(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    data, quiet_at = b"", time.monotonic() + 1
    while time.monotonic() < quiet_at:
        try:
            data += os.read(descriptor, 65_536)
            quiet_at = time.monotonic() + 1
        except BlockingIOError:
            time.sleep(0.01)
    return data


@pytest.mark.slow
def test_what_is_not_read_is_dropped_counted_and_said(ends: list[int]) -> None:
    output = Output(ends[1], "utf-8")
    said: list[str] = []

    def report(name: str, **fields: object) -> str:
        said.append(name)
        return f"{name} {json.dumps(fields)}\n"

    output.report = report
    began = time.monotonic()
    lines = 4 * MAX_WAITING_BYTES // 100
    for number in range(lines):
        output.write(f"{number:099}\n")
    assert time.monotonic() - began < 5
    assert said == ["output_not_read"]

    first = read_until_quiet(ends[0])
    output.write("the last\n")
    data = first + read_all(ends[0], b"the last\n")
    written = [line for line in data.decode().splitlines() if line.isdigit()]
    [notice] = [line for line in data.decode().splitlines() if line.startswith("output_dropped")]
    assert json.loads(notice.partition(" ")[2])["lines"] + len(written) == lines
    assert [int(line) for line in written] == list(range(len(written)))


def test_all_of_it_arrives_if_somebody_reads(ends: list[int]) -> None:
    output = Output(ends[1], "utf-8")
    for number in range(500):
        output.write(f"{number}\n")
    assert read_all(ends[0], b"499\n").decode().split() == [str(number) for number in range(500)]


@pytest.mark.slow
def test_a_message_that_nobody_reads_is_taken_back(ends: list[int]) -> None:
    output = Output(ends[1], "utf-8")
    output.write("x" * 100_000 + "\n")
    with pytest.raises(TimeoutError):
        output.deliver("OUTAGE\n", 0.2)
    output.write("the last\n")
    assert b"OUTAGE" not in read_all(ends[0], b"the last\n")
    output.deliver("OUTAGE\n", 5)
    read_all(ends[0], b"OUTAGE\n")


@pytest.mark.parametrize("text", ["장애", "💩", "\ud800", "\u202e"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "idna"])
def test_every_text_can_be_written(ends: list[int], text: str, encoding: str) -> None:
    output = Output(ends[1], encoding)
    output.deliver(f"a {text} b\n", 5)
    assert read_all(ends[0], b" b\n").startswith(b"a ")


@pytest.mark.parametrize("descriptor", ["closed pipe", "closed", "read only", "/dev/full"])
def test_an_error_raises_nothing_but_for_a_message(descriptor: str) -> None:
    reading, writing = os.pipe()
    if descriptor == "closed pipe":
        os.close(reading)
    elif descriptor == "/dev/full":
        writing = os.open(descriptor, os.O_WRONLY)
    elif descriptor == "read only":
        writing = os.open(os.devnull, os.O_RDONLY)
    output = Output(writing, "utf-8")
    if descriptor == "closed":
        os.close(writing)
    for _ in range(3):
        output.write("a line\n")
        output.write_now("a line\n")
    with pytest.raises(OSError, match=r"."):
        output.deliver("OUTAGE\n", 5)


@pytest.mark.slow
def test_a_function_alone_is_not_stopped_and_loses_no_line() -> None:
    script = """
from shared.logs import step
for number in range(2000):
    step("server", "a_line", number=number, text="x" * 100)
import sys
print("done", file=sys.stderr, flush=True)
sys.stdin.read()
step("server", "the_last")
# An exit ends the thread that writes, perhaps in the middle of a line: wait until all of them are out.
from shared.logs.output import deliver
is_out = False
while not is_out:
    try:
        deliver("{}\\n", 30)
        is_out = True
    except OSError:
        pass
import os
os._exit(0)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stderr.readline() == "done\n"
        process.stdin.close()
        # It was not read until now. Each line is JSON, also the one that counts what was dropped.
        lines = [json.loads(line) for line in process.stdout]
    assert lines[0]["number"] == 0
    assert lines[-1] == {}
    assert process.returncode == 0


def test_a_fork_writes_nothing_twice(ends: list[int]) -> None:
    output = Output(ends[1], "utf-8")
    output.write("x" * 100_000 + "\n")
    output.write("of the parent\n")
    child = os.fork()
    if child == 0:
        try:
            output.write("of the child\n")
            output.drain(10)
        finally:
            # Otherwise an exception would leave a second run of these tests.
            os._exit(0)
    data = read_all(ends[0], b"of the child\n")
    if b"of the parent" not in data:
        data += read_all(ends[0], b"of the parent\n")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert data.count(b"of the parent") == data.count(b"of the child") == 1
