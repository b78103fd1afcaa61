"""Search everything that a system wrote for secrets: its output, logs, databases, spools, responses and commands.

Only ``.env`` may hold a secret. A report of a leak names the place and the setting, but not the secret.
"""

import base64
import contextlib
import functools
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

# Shorter texts are found by chance.
_SHORTEST = 7
_ALLOWED = {".env"}


def secrets_of(environ: Mapping[str, str]) -> dict[str, set[str]]:
    """The secrets among the settings, by setting: also each of several keys, a bot's password, a URL's password."""
    found: dict[str, set[str]] = {}
    for name, value in (*environ.items(), *_of_channels(environ.get("CHANNELS", ""))):
        if re.search("KEY|TOKEN|SECRET|PASSWORD", name):
            found[name] = {value, *re.split("[ ,]+", value), value.rpartition(":")[2]}
        elif name == "HEARTBEAT_URL":
            found[name] = {value, urlsplit(value).path.strip("/")}
        elif password := re.search(r"://[^/\s]*?:([^/\s]*)@", value):
            found[name] = {password[1]}
    return {name: {each for each in values if len(each) >= _SHORTEST} for name, values in found.items()}


def _of_channels(text: str) -> Iterator[tuple[str, str]]:
    """Each channel's settings, as ``OPS.BOT_TOKEN``."""
    # A test may give it what is no JSON.
    with contextlib.suppress(ValueError, AttributeError):
        for name, described in json.loads(text).items():
            yield from ((f"{name}.{field}".upper(), str(value)) for field, value in described.items())


@functools.cache
def forms(secret: str) -> set[bytes]:
    """How ``secret`` may be written: as it is, percent-encoded, in hex, and in base64 at any offset."""
    raw = secret.encode()
    found = {raw, quote(secret).encode(), quote(secret, safe="").encode(), quote(secret, safe="").lower().encode()}
    found |= {raw.hex().encode(), raw.hex().upper().encode(), "".join(f"%{byte:02X}" for byte in raw).encode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        # Without the characters at both ends, because they depend on the bytes around the secret.
        own = encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        found |= {own, own.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def found_in(data: bytes, secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """The settings whose secrets are in ``data``."""
    return [
        name for name, values in secrets.items() if any(form in data for secret in values for form in forms(secret))
    ]


def command_lines(processes: Iterable[int]) -> dict[str, bytes]:
    """The command lines that a list of processes shows; nothing on a system without /proc."""
    found = {}
    for process in processes:
        with contextlib.suppress(OSError):
            found[f"the command line of process {process}"] = Path(f"/proc/{process}/cmdline").read_bytes()
    return found


def search(folder: Path, secrets: Mapping[str, Iterable[str]], said: Mapping[str, bytes] | None = None) -> None:
    """Search every file below ``folder``, and the data in ``said``. AssertionError if there is a secret."""
    leaks = [f"{place}: {name}" for place, data in (said or {}).items() for name in found_in(data, secrets)]
    # Most files are copies of the project, several times the same.
    clean: set[int] = set()
    for path in _files(folder):
        # Another system may be replacing the file. Its new version is searched as well.
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:  # noqa: PTH123  # as below
            data = file.read()
            if hash(data) not in clean:
                found = found_in(data, secrets)
                leaks += [f"{path}: {each}" for each in found]
                clean |= set() if found else {hash(data)}
    assert not leaks, f"secrets can be read in {leaks}"


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        # The interpreter's copies of source files.
        folders[:] = [each for each in folders if each != "__pycache__"]
        paths = (f"{parent}/{name}" for name in files if name not in _ALLOWED)
        # There may be 30,000, and a Path of each takes longer than to read them.
        yield from (path for path in paths if os.path.isfile(path))  # noqa: PTH113
