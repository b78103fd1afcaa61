"""A cloud's deployment command as a person runs it, in a copy of the project and with a stand-in of the cloud."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from infra.table import rows
from shared import ROOT
from tests.support.forking import forks
from tests.support.running.project import COPIED

# The rows that a schedule calls, and those that people call.
SCHEDULED = [row for row in rows() if row.every is not None]
CALLED = [row for row in rows() if row.every is None]
USUAL_SECRETS = {
    "API_KEY": "a-key-of-the-cloud-alone,the-key-before-that-one",
    "DATABASE_URL": "postgresql://watcher:pass-of-the-database@db.example/bonghwa",
    "TELEGRAM_BOT_TOKEN": "123456:AAtoken-of-the-clouds-bot",
    "HEARTBEAT_URL": "https://hc.example/ping/heartbeats-own-uuid",
}
USUAL_SETTINGS = {
    **USUAL_SECRETS,
    "TARGET_URL": "https://a.example/,https://b.example/?x=1|2",
    "TELEGRAM_CHAT_ID": "4242",
}

Call = TypeVar("Call")


@dataclass(frozen=True)
class Step(Generic[Call]):
    """One run of the command: the calls of the cloud's program, what the run printed, and the cloud after it."""

    calls: list[Call]
    returncode: int
    said: str
    error: str
    state: dict[str, Any]


class Deployer(Generic[Call]):
    """``python -m infra.clouds.X`` in a copy of the project. The stand-in of the cloud adds each call to ``calls``.

    The copy may be one that another deployer has used: what that one has left at its top is removed.
    """

    module: str

    def __init__(self, project: Path, calls: list[Call]) -> None:
        self.calls, self.project = calls, project
        for left in [each for each in project.iterdir() if each.name not in COPIED]:
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()

    def state(self) -> dict[str, Any]:
        """Everything that exists in the cloud."""
        raise NotImplementedError

    def execute(self, arguments: Iterable[str], environ: Mapping[str, str], typed: str = "") -> Step[Call]:
        """Run it to its end with this environment and nothing else."""
        before, arguments = len(self.calls), list(arguments)
        # Nothing answers at the address that a stand-in gives.
        unless_waiting = ["--wait=0"] if "deploy" in arguments else []
        command = [sys.executable, "-m", self.module, *arguments, *unless_waiting]
        done = forks.run(command, self.project, environ, typed)
        return Step(self.calls[before:], done.returncode, done.stdout, done.stderr, self.state())

    def arguments_of(self, line: str) -> list[str]:
        """The arguments that make gives to the module for a line of the manual."""
        # The environment that make would install first is there already.
        dry = ["--dry-run", "--no-print-directory", "--assume-old=.venv/installed", *shlex.split(line)[1:]]
        said = subprocess.run(["make", *dry], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        python, dash_m, module, *arguments = shlex.split(said.replace("\\\n", " "))
        assert (python, dash_m, module) == (".venv/bin/python", "-m", self.module)
        return arguments


def manual(cloud: str) -> list[str]:
    """The blocks of commands in the cloud's manual, in order."""
    page = (ROOT / "infra/clouds" / cloud / "README.md").read_text(encoding="utf-8")
    return [block.replace("   ", "").strip() for block in re.findall(r"(?s)```bash\n(.*?)```", page)]
