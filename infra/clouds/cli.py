"""A cloud's own command lines, ``gcloud`` or ``aws``: what they say and how they are run. Nothing secret is on one."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from infra.commands import confirm
from shared import ROOT

# So many builds at once: one after the other, they would take a quarter of an hour.
AT_ONCE = 5
# Where a program that is missing comes from.
_SOURCES = {
    "gcloud": "https://cloud.google.com/sdk/docs/install",
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
}
TRIES = 6
PAUSE_SECONDS = 10.0


class CommandFailed(Exception):
    """A command could not be run, or ended with an error. The text says which, and what it said."""


@dataclass(frozen=True)
class File:
    """What a command reads from a file: the flag (or None, for an argument) that names it, and what is in it.

    ``scheme`` stands before the name where the program wants that.
    """

    flag: str | None
    name: str
    content: Mapping[str, Any]
    is_secret: bool = False
    scheme: str = ""

    def argument(self, folder: Path | None) -> str:
        """How it stands on the command line, in ``folder``."""
        path = self.scheme + (str(folder / self.name) if folder else self.name)
        return f"{self.flag}={path}" if self.flag else path


@dataclass(frozen=True)
class Command:
    """One command line; ``stdin`` is a secret that it reads."""

    program: str
    arguments: tuple[str | File, ...]
    stdin: SecretStr | None = None

    def words(self, folder: Path | None = None) -> list[str]:
        """The whole command line, with its files in ``folder``."""
        return [self.program, *(each.argument(folder) if isinstance(each, File) else each for each in self.arguments)]

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

    def shown(self) -> list[str]:
        """The lines that tell a person all of it."""
        return [f"# {self.title}", *(line for command in self.commands for line in command.shown())]


def is_installed(program: str) -> bool:
    """Whether there is such a program to run."""
    return shutil.which(program) is not None


def ask(program: str, *arguments: str) -> str:
    """What a command that changes nothing answers. Raises CommandFailed."""
    return _run(Command(program, arguments), None)


def run(stages: Sequence[Stage], not_yet: Sequence[str] = (), pause_seconds: float = PAUSE_SECONDS) -> None:
    """Run every command of every stage, and say which stage it is at.

    ``not_yet``: the words that say that what was made or allowed just now is not known everywhere yet, which passes.

    Raises:
        CommandFailed: one failed TRIES times; what comes after it was not run.
    """
    with TemporaryDirectory(prefix="bonghwa-") as folder:  # which only its owner may enter
        for stage in stages:
            print(f"{stage.title} …", flush=True)
            with ThreadPoolExecutor(AT_ONCE if stage.is_parallel else 1) as pool:
                works = [
                    pool.submit(_persist, command, Path(folder, f"{number}"), not_yet, pause_seconds)
                    for number, command in enumerate(stage.commands)
                ]
                try:
                    for work in works:
                        work.result()
                except CommandFailed:
                    pool.shutdown(cancel_futures=True)
                    raise


def is_to_be_done(
    planned: Sequence[Stage],
    where: str,
    *,
    heading: str,
    in_short: Callable[[Stage], str],
    note: str,
    is_dry_run: bool,
    is_agreed: bool,
) -> bool:
    """Say what is planned for ``where`` and ask, unless it ``is_agreed`` already; whether to go on.

    A dry run shows every command, and does not go on. Exits where whoever sits there says no.
    """
    if not planned:
        print(f"There is nothing of Bonghwa's in {where}")
        return False
    if is_dry_run:
        print("\n".join(line for stage in planned for line in stage.shown()))
        return False
    print(f"{heading} {where}:")
    print("\n".join(f"  {stage.title}: {in_short(stage)}" for stage in planned))
    print(note)
    if not is_agreed and not confirm("Go on?"):
        sys.exit("nothing was changed")
    return True


def _persist(command: Command, folder: Path, not_yet: Sequence[str], pause_seconds: float) -> None:
    for tried in range(TRIES):
        try:
            _run(command, folder)
            return
        except CommandFailed as failure:
            # Made by the try before, whose answer was lost.
            if tried and "already exists" in str(failure):
                return
            if tried == TRIES - 1 or not any(words in str(failure) for words in not_yet):
                raise
        time.sleep(pause_seconds)


def _run(command: Command, folder: Path | None) -> str:
    program = shutil.which(command.program)
    if program is None:
        raise CommandFailed(f"{command.program} is not installed: see {_SOURCES[command.program]}")
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
        raise CommandFailed(f"{shlex.join(command.words())} ended with {done.returncode}:\n{said}")
    return done.stdout
