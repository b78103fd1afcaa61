"""Starts of the local system that end at once, and the addresses on which a running one listens."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.forking import forks
from tests.support.running import START

# The report of a check, as anybody who has the key may post it.
EVENT = {"target_url": "http://pushed.example/", "timestamp": "2025-01-08T10:30:00Z", "is_success": True}

on_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's /proc/net/tcp")


@dataclass(frozen=True)
class Refusal:
    """A start that ended with one line."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """The line."""
        assert self.returncode == 1
        assert self.stdout == ""
        assert self.stderr.endswith("\n")
        assert len(self.stderr.splitlines()) == 1
        return self.stderr


def refusal_to_start(project: Path, environ: dict[str, str]) -> str:
    """Try to start the local system; the line with which it ends."""
    ended = forks.run(START, project, environ, seconds=15)
    return Refusal(ended.returncode, ended.stdout, ended.stderr).line


def listening_addresses(processes: list[int]) -> list[tuple[str, int]]:
    """The addresses on which processes listen with TCP, as the kernel writes them: address in hex, port."""
    theirs = {
        str(descriptor.readlink())
        for process in processes
        for descriptor in Path(f"/proc/{process}/fd").iterdir()
        if descriptor.is_symlink()
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in theirs:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return sorted(found)
