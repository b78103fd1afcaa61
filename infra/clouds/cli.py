"""Commands of ``gcloud`` or ``aws``: how they are shown and run. No secret is on a command line."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from infra.clouds.children import Children, Stopped
from infra.clouds.progress import Progress
from infra.commands import confirm
from shared import ROOT

# How many builds run at once: one after the other, they would take a quarter of an hour.
AT_ONCE = 5
# The pages from which to install a missing program.
_SOURCES = {
    "gcloud": "https://cloud.google.com/sdk/docs/install",
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
}
# Otherwise gcloud writes every flag into a log of its own, even those that stand in a file.
_WITHOUT_LOG = {"CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1"}
# A new permission takes "typically 2 minutes, potentially 7 minutes or longer"
# (https://cloud.google.com/iam/docs/access-change-propagation). The pauses double up to the longest: 8 minutes in all.
TRIES = 9
PAUSE_SECONDS = 10.0
# Ctrl-C ends a wait, but one that comes in the moment before the wait begins is heard after it.
HEARS_WITHIN_SECONDS = 0.5
INTERRUPTED = 130
_STOPPED = "stopped: what was done stays, and the same command does the rest"
LONGEST_PAUSE = 8


class CommandFailed(Exception):
    """A command could not be run, or ended with an error. The text names the command and has its own words."""


class Interrupted(Exception):
    """Somebody pressed Ctrl-C. The text says what is there, and what finishes it."""


@dataclass(frozen=True)
class File:
    """A file that a command reads: the flag that names it (None for an argument), and its content.

    ``scheme``: what the program expects before the file's name.
    """

    flag: str | None
    name: str
    content: Any
    is_secret: bool = False
    scheme: str = ""

    def argument(self, folder: Path | None) -> str:
        """The argument that names the file in ``folder``."""
        path = self.scheme + (str(folder / self.name) if folder else self.name)
        return f"{self.flag}={path}" if self.flag else path


@dataclass(frozen=True)
class Command:
    """One command line; ``stdin`` is a secret that the command reads.

    ``done_if``: words in an error that mean that what the command is for is so already. ``otherwise``: another way.
    """

    program: str
    arguments: tuple[str | File, ...]
    stdin: SecretStr | None = None
    done_if: tuple[str, ...] = ()
    otherwise: "Otherwise | None" = None

    def words(self, folder: Path | None = None) -> list[str]:
        """The whole command line, with its files in ``folder``."""
        return [self.program, *(word.argument(folder) if isinstance(word, File) else word for word in self.arguments)]

    @property
    def files(self) -> list[File]:
        """The files that it reads."""
        return [word for word in self.arguments if isinstance(word, File)]

    def shown(self) -> Iterator[str]:
        """The command for a person to read, without its secrets."""
        yield shlex.join(self.words()) + (" < (a secret)" if self.stdin else "")
        for file in self.files:
            yield f"  # {file.name}: {'(a secret)' if file.is_secret else json.dumps(file.content)}"
        if self.otherwise is not None:
            yield f"  # or, if that is refused: {shlex.join(self.otherwise.command.words())}"


@dataclass(frozen=True)
class Otherwise:
    """The step to take instead if a command's error has one of the ``words``. It is said: a person has to know."""

    words: tuple[str, ...]
    said: str
    command: Command


@dataclass(frozen=True)
class Stage:
    """Commands with one purpose, the ``title``. ``is_parallel``: they run in any order, several at once.

    ``usual_seconds``: how long all of it usually takes; 0 if that is not worth a word.
    """

    title: str
    commands: Sequence[Command]
    is_parallel: bool = False
    usual_seconds: int = 0

    def shown(self) -> list[str]:
        """The stage for a person to read."""
        return [f"# {self.title}", *(line for command in self.commands for line in command.shown())]


def guarded(do: Callable[[], None], *failures: type[Exception]) -> None:
    """Do it. If it fails with one of ``failures`` or is interrupted, exit with one line on standard error."""
    known: tuple[type[Exception], ...] = (CommandFailed, *failures)
    try:
        do()
    except known as trouble:
        sys.exit(f"bonghwa: {trouble}")
    except (Interrupted, KeyboardInterrupt) as stop:
        print(f"\nbonghwa: {str(stop) or _STOPPED}", file=sys.stderr)
        sys.exit(INTERRUPTED)


def is_installed(program: str) -> bool:
    """Whether this machine has the program."""
    return shutil.which(program) is not None


def ask(program: str, *arguments: str) -> str:
    """The output of a read-only command. Raises CommandFailed."""
    return _run(Command(program, arguments), None, Children())


def ask_within(seconds: float, program: str, *arguments: str) -> str:
    """The same, for so many seconds at most. Raises CommandFailed, also if that was too short."""
    return _run(Command(program, arguments), None, Children(seconds))


def run(stages: Sequence[Stage], not_yet: Sequence[str] = (), pause_seconds: float = PAUSE_SECONDS) -> None:
    """Run every command of every stage, and print each stage as it begins, and how far it is.

    ``not_yet``: words in an error that mean that something new is not known everywhere yet, so that trying again helps.

    Raises:
        CommandFailed: a command failed, and TRIES attempts did not help; the stages after it were not run.
        Interrupted: Ctrl-C. The commands that were running have ended.
    """
    progress = Progress([stage.usual_seconds for stage in stages])
    with TemporaryDirectory(prefix="bonghwa-") as folder:  # only its owner may enter it
        for number, stage in enumerate(stages, 1):
            print(progress.begins(number, stage.title), flush=True)
            try:
                _run_stage(stage, Path(folder), not_yet, pause_seconds, progress)
            except KeyboardInterrupt:
                at = f"{stage.title} ({number} of {len(stages)})"
                raise Interrupted(f"stopped at {at}: what is done stays, and the same command does the rest") from None


def _run_stage(stage: Stage, folder: Path, not_yet: Sequence[str], pause_seconds: float, progress: Progress) -> None:
    children = Children()
    with ThreadPoolExecutor(AT_ONCE if stage.is_parallel else 1) as pool:
        try:
            # In here too: Ctrl-C may come as soon as the first command runs.
            left: set[Future[None]] = {
                pool.submit(_persist, command, folder / f"{number}", not_yet, pause_seconds, children)
                for number, command in enumerate(stage.commands)
            }
            while left:
                done, left = wait(left, HEARS_WITHIN_SECONDS, FIRST_EXCEPTION)
                for work in done:
                    work.result()
                if left and progress.is_silent():
                    print(progress.goes_on(len(stage.commands) - len(left), len(stage.commands)), flush=True)
        except CommandFailed:
            # The commands that are running go on to their end: what they make is there for the next run.
            pool.shutdown(cancel_futures=True)
            raise
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            children.stop()
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
    """Print what is planned for ``where`` and ask, unless it ``is_agreed`` already. Whether to go on.

    A dry run prints every command, and does not go on. If the person says no, the program exits.
    """
    if not planned:
        print(f"There is nothing of Bonghwa in {where}")
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


def _persist(command: Command, folder: Path, not_yet: Sequence[str], pause_seconds: float, children: Children) -> None:
    for tried in range(TRIES):
        try:
            _run(command, folder, children)
            return
        except CommandFailed as failure:
            # The previous attempt made it, and its response was lost.
            if has_one(command.done_if, failure) or (tried and "already exists" in str(failure)):
                return
            other = command.otherwise
            if other is None or not has_one(other.words, failure):
                if tried == TRIES - 1 or not has_one(not_yet, failure):
                    raise
                other = None
        if other is not None:
            print(f"  {other.said}", flush=True)
            _persist(other.command, folder, not_yet, pause_seconds, children)
            return
        if children.is_stopped(within_seconds=pause_seconds * min(2**tried, LONGEST_PAUSE)):
            return


def has_one(words: Sequence[str], failure: Exception) -> bool:
    """Whether the failure's text has one of the words."""
    return any(each in str(failure) for each in words)


def _run(command: Command, folder: Path | None, children: Children) -> str:
    program = shutil.which(command.program)
    if program is None:
        raise CommandFailed(f"{command.program} is not installed: see {_SOURCES[command.program]}")
    for file in command.files:
        assert folder is not None, "a command that only asks has no files"  # noqa: S101  # for mypy
        folder.mkdir(exist_ok=True)
        (folder / file.name).write_text(json.dumps(file.content), encoding="utf-8")
    stdin = command.stdin.get_secret_value() if command.stdin else ""
    environ = _WITHOUT_LOG if any(file.is_secret for file in command.files) else {}
    try:
        code, output, errors = children.run([program, *command.words(folder)[1:]], ROOT, stdin, environ)
    except Stopped as stopped:
        raise CommandFailed(f"{shlex.join(command.words())} {stopped}") from None
    if code:
        # A build writes its log to standard output.
        said = "\n".join(filter(None, (output.strip()[-1000:], errors.strip()[-2000:])))
        raise CommandFailed(f"{shlex.join(command.words())} ended with {code}:\n{said}")
    return output
