"""The flags that each command of gcloud takes, as ``flags.toml`` has them."""

import functools
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from tests.support.recording_gcloud.call import Call, Refused

_FILE = Path(__file__).with_name("flags.toml")


@functools.cache
def table() -> dict[str, Any]:
    """The file."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def read_on() -> date:
    """The day of the newest version of gcloud that the table was compared with."""
    day: date = table()["read_again_of"]
    return day


def refuse_unknown(call: Call) -> None:
    """Refuse a command, or a flag of it, that gcloud does not know. Its own words are: unrecognized arguments."""
    known = table()["commands"]
    words = call.words
    command = next((" ".join(words[:n]) for n in range(len(words), 0, -1) if " ".join(words[:n]) in known), None)
    if command is None:
        raise Refused(f"Invalid choice: {' '.join(words)!r}: flags.toml has no such command")
    flags = {f"--{name}" for name in (known[command] + " " + table()["flags"]["all"]).split()}
    for flag in call.flags:
        if flag not in flags and flag.replace("--no-", "--", 1) not in flags:
            raise Refused(f"unrecognized arguments: {flag} ({command})")
