"""``gcloud``'s command lines: what they say and how they are run. Nothing secret stands on one."""

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from shared.settings import ROOT

# So many builds at once: one after the other, they would take a quarter of an hour.
AT_ONCE = 5
# What was made or allowed just now is not known everywhere yet: these words of Google's say so, and pass.
_NOT_YET = ("does not exist", "may not exist", "has not been used in project")
TRIES = 6
PAUSE_SECONDS = 10.0


class GcloudFailed(Exception):
    """A command could not be run, or ended with an error. The text says which, and what gcloud said."""


@dataclass(frozen=True)
class File:
    """What a command reads from a file: the flag (or None, for an argument) that names it, and what is in it."""

    flag: str | None
    name: str
    content: Mapping[str, Any]
    is_secret: bool = False

    def argument(self, folder: Path | None) -> str:
        """How it stands on the command line, in ``folder``."""
        path = str(folder / self.name) if folder else self.name
        return f"{self.flag}={path}" if self.flag else path


@dataclass(frozen=True)
class Command:
    """One command line after ``gcloud``; ``stdin`` is a secret that it reads."""

    arguments: tuple[str | File, ...]
    stdin: SecretStr | None = None

    def words(self, folder: Path | None = None) -> list[str]:
        """The whole command line, with its files in ``folder``."""
        return ["gcloud", *(each.argument(folder) if isinstance(each, File) else each for each in self.arguments)]

    @property
    def files(self) -> list[File]:
        """The files that it reads."""
        return [each for each in self.arguments if isinstance(each, File)]

    def shown(self) -> Iterator[str]:
        """The lines that tell a person all of it but its secrets."""
        yield shlex.join(self.words()) + (" < (a secret)" if self.stdin else "")
        for file in self.files:
            yield f"  # {file.name}: {'(a secret)' if file.is_secret else json.dumps(file.content)}"


@dataclass(frozen=True)
class Stage:
    """Commands that belong together: ``title`` says what for. ``is_parallel``: in any order, several at once."""

    title: str
    commands: Sequence[Command]
    is_parallel: bool = False


def is_installed() -> bool:
    """Whether there is a gcloud to run."""
    return shutil.which("gcloud") is not None


def ask(*arguments: str) -> str:
    """What a command that changes nothing answers. Raises GcloudFailed."""
    return _run(Command(arguments), None)


def run(stages: Sequence[Stage], pause_seconds: float = PAUSE_SECONDS) -> None:
    """Run every command of every stage, and say which stage it is at.

    Raises:
        GcloudFailed: one failed TRIES times; what comes after it was not run.
    """
    with TemporaryDirectory(prefix="bonghwa-") as folder:  # which only its owner may enter
        for stage in stages:
            print(f"{stage.title} …", flush=True)
            with ThreadPoolExecutor(AT_ONCE if stage.is_parallel else 1) as pool:
                works = [
                    pool.submit(_persist, command, Path(folder, f"{number}"), pause_seconds)
                    for number, command in enumerate(stage.commands)
                ]
                try:
                    for work in works:
                        work.result()
                except GcloudFailed:
                    pool.shutdown(cancel_futures=True)
                    raise


def _persist(command: Command, folder: Path, pause_seconds: float) -> None:
    for tried in range(TRIES):
        try:
            _run(command, folder)
            return
        except GcloudFailed as failure:
            # Made by the try before, whose answer was lost.
            if tried and "already exists" in str(failure):
                return
            if tried == TRIES - 1 or not any(words in str(failure) for words in _NOT_YET):
                raise
        time.sleep(pause_seconds)


def _run(command: Command, folder: Path | None) -> str:
    program = shutil.which("gcloud")
    if program is None:
        raise GcloudFailed("gcloud is not installed: see https://cloud.google.com/sdk/docs/install")
    for file in command.files:
        assert folder is not None, "a command that only asks has no files"  # noqa: S101  # for mypy
        folder.mkdir(exist_ok=True)
        (folder / file.name).write_text(json.dumps(file.content), encoding="utf-8")
    done = subprocess.run(  # noqa: S603  # an argument list, without a shell
        [program, *command.words(folder)[1:]],
        cwd=ROOT,
        input=command.stdin.get_secret_value() if command.stdin else "",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise GcloudFailed(f"{shlex.join(command.words())} ended with {done.returncode}:\n{said}")
    return done.stdout
