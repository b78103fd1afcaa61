"""The local runner's environment: ``.env``, and the variables that must be gone before an app is made."""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
import sys
import zoneinfo
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from shared import ROOT
from shared.settings import SettingError

# A checkout that we may not write to: all settings may well be in the environment.
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
# A rule instead of a name, as POSIX has it, such as KST-9 or EST5EDT,M3.2.0,M11.1.0.
_ABBREVIATION, _OFFSET = r"(<[\w+-]+>|[A-Za-z]{3,})", r"[+-]?\d{1,2}(:\d{2}){0,2}"
_CHANGE = r",(J?\d{1,3}|M\d{1,2}\.\d\.\d)(/[+-]?\d{1,3}(:\d{2}){0,2})?"
_RULE = f"{_ABBREVIATION}{_OFFSET}({_ABBREVIATION}({_OFFSET})?({_CHANGE}{_CHANGE})?)?"
# The times of UTC+9 are nine hours behind UTC, and would be called UTC.
_MISLEADING = r"(?i)<?(UTC|GMT)>?[+-]?0*[1-9].*"


class FileInvalid(SettingError):
    """A file of settings cannot be read. The text names it and holds none of its values."""

    def __init__(self, file: Path, trouble: str) -> None:
        Exception.__init__(self, f"{file} {trouble}")
        self.variable = str(file)


def make_dotenv(folder: Path = ROOT) -> bool:
    """Create ``.env`` with a key of its own if there is none; whether it did.

    For starts and deployments alone: a command may run as another user than the system, who then could not read it.

    Raises:
        FileInvalid: it cannot be written, or the example cannot be read.
    """
    file = folder / ".env"
    return not os.path.lexists(file) and _write_new(file, folder / ".env.example")


def read_dotenv(environ: MutableMapping[str, str], folder: Path = ROOT) -> None:
    """Read ``.env``, if it is there, into ``environ``, which takes precedence.

    Raises:
        FileInvalid: it cannot be read.
    """
    file = folder / ".env"
    try:
        values = values_in(file)
    except FileInvalid as trouble:
        if not environ.get("API_KEY", "").strip() or not _is_closed_by_another(file, trouble):
            raise
        # Another user left it by accident. A system that notices outages must not stay away for that.
        text = f"{trouble}, and it belongs to another user; the settings of the environment count alone"
        print(f"bonghwa: warning: {text}", file=sys.stderr, flush=True)
        values = {}
    for name, value in values.items():
        environ.setdefault(name, value)
    environ.setdefault("LOG_DIR", "logs")


def values_in(file: Path) -> dict[str, str]:
    """The settings in ``file``; none if there is no such file.

    Raises:
        FileInvalid: it cannot be read. A line that is no setting counts, since what it was meant for, perhaps the
            setting that closes the API, would be lost.
    """
    return {name: lines[-1].value or "" for name, lines in _settings(file).items()}


def overridden(file: Path) -> Iterator[str]:
    """A sentence for each setting in ``file`` that a later line takes back. The last line of a name counts.

    A filled line after an empty one is meant so: people append to a copy of the example.

    Raises:
        FileInvalid: it cannot be read.
    """
    for name, (*earlier, last) in _settings(file).items():
        for binding in [line for line in earlier if line.value and line.value != last.value][-1:]:
            why = "has another value" if last.value else "is empty"
            yield f"{name} in line {_number(binding)} of {file.name} does not count, because line {_number(last)} {why}"


def open_to_others(file: Path) -> str | None:
    """The sentence that other users can read the settings in ``file``, if they can."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return None  # there is none
    is_open = os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077
    return f"other users of this machine can read {file.name} and the secrets in it" if is_open else None


def warn_of_open_file(folder: Path = ROOT) -> None:
    """Print a line if other users can read ``.env``."""
    if sentence := open_to_others(folder / ".env"):
        print(f"bonghwa: warning: {sentence}: chmod 600 {folder / '.env'}", file=sys.stderr, flush=True)


def warn_of_overridden(folder: Path = ROOT) -> None:
    """Print these sentences about ``.env``, for a start or a deployment."""
    # The reader of the settings says that it cannot be read.
    with contextlib.suppress(FileInvalid):
        for sentence in overridden(folder / ".env"):
            print(f"bonghwa: warning: {sentence}", file=sys.stderr, flush=True)


def _settings(file: Path) -> dict[str, list[Binding]]:
    """The lines of each name, in their order. Raises FileInvalid."""
    found: dict[str, list[Binding]] = {}
    for binding in parse_stream(io.StringIO(_text(file))):
        if binding.error or (binding.key is not None and not _is_setting(binding)):
            raise FileInvalid(
                file, f"cannot be read: line {_line(binding)} is not NAME=value, or its quote is not closed"
            )
        if binding.key is not None:
            found.setdefault(binding.key, []).append(binding)
    return found


def refuse_unknown_zone(environ: Mapping[str, str]) -> None:
    """Refuse a TZ that this machine does not know: times would be those of UTC, and nobody would see it.

    Raises:
        SettingError: there is no such zone.
    """
    name = environ.get("TZ", "").removeprefix(":")
    if rule := re.fullmatch(_MISLEADING, name):
        why = f"this rule is called {rule[1].upper()}, and its times are not"
        raise SettingError("TZ", name, f"a name such as Asia/Seoul, or a rule such as KST-9: {why}")
    if name in ("", "UTC") or re.fullmatch(_RULE, name):
        return
    if not any(os.path.isfile(Path(folder, name)) for folder in zoneinfo.TZPATH):  # noqa: PTH113  # never raises
        raise SettingError("TZ", name, "the name of a time zone that this machine knows, such as Asia/Seoul or UTC")


def warn_of_unknown_zone(environ: Mapping[str, str]) -> None:
    """Print what ``refuse_unknown_zone`` says, for a start: wrong times are no reason to watch nothing."""
    try:
        refuse_unknown_zone(environ)
    except SettingError as trouble:
        print(f"bonghwa: warning: {trouble}", file=sys.stderr, flush=True)


def take_out_debug(environ: MutableMapping[str, str], *, is_verbose: bool) -> None:
    """Turn FLASK_DEBUG into LOG_LEVEL=DEBUG, and remove it and DEBUG from ``environ``.

    Flask and functions-framework would read them too, and open a debugger in which anybody can run code.
    """
    for name in ("FLASK_DEBUG", "DEBUG"):
        environ.pop(name, None)
    if is_verbose:
        environ["LOG_LEVEL"] = "DEBUG"


def _is_setting(binding: Binding) -> bool:
    return binding.value is not None and re.fullmatch(r"[A-Za-z_][\w.-]*", binding.key or "", re.ASCII) is not None


def _is_closed_by_another(file: Path, trouble: FileInvalid) -> bool:
    return isinstance(trouble.__cause__, PermissionError) and file.lstat().st_uid != os.geteuid()


def _number(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _line(binding: Binding) -> str:
    """The number of the line, and the setting that it begins with, if it does."""
    text, number = binding.original.string, _number(binding)
    known = re.findall(r"(?m)^([A-Z_]+)=", _text(ROOT / ".env.example"))
    # No other word of it: that may be a part of a secret.
    word = re.match(r"\s*(?:export\s+)?([A-Z_]+)", text)
    return f"{number} ({word[1]})" if word and word[1] in known else str(number)


def _text(file: Path) -> str:
    try:
        if not os.path.lexists(file):
            return ""
        if not file.exists():
            raise FileInvalid(file, "cannot be read: it is a link to a file that is not there")
        # A FIFO would stop us until somebody writes to it.
        if not file.is_file() and not file.samefile(os.devnull):
            raise FileInvalid(file, "cannot be read: it is not a file")
        data = file.read_bytes()
    except OSError as error:
        raise FileInvalid(file, f"cannot be read: {error.strerror}") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise FileInvalid(file, "cannot be read: expected text in UTF-8, and it looks like UTF-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise FileInvalid(file, f"cannot be read: expected text in UTF-8, which line {number} is not") from error


def _write_new(file: Path, example: Path) -> bool:
    """Write the file, if that is allowed; whether it was.

    Raises:
        FileInvalid: it cannot be written, or the example cannot be read.
    """
    text = re.sub(r"(?m)^API_KEY=.*$", f"API_KEY={secrets.token_urlsafe(32)}", _text(example), count=1)
    unfinished = file.with_name(f".env.{os.getpid()}.new")
    try:
        # Only its owner can read it, even while it is being written.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as new:
                new.write(text)
            _put_in_place(unfinished, file)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
    except FileExistsError:
        return False  # another start has just made it
    except OSError as error:
        if error.errno in _READ_ONLY:
            return False
        raise FileInvalid(file, f"cannot be written: {error.strerror}") from error
    return True


def _put_in_place(unfinished: Path, file: Path) -> None:
    """Give the file its name, whole: another start may read it at this moment. OSError if there is one already."""
    try:
        file.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        unfinished.rename(file)
