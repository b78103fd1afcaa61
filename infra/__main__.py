"""``python -m infra``: the commands for the person who runs the system."""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path
from types import ModuleType

from infra import commands
from infra.local.environment import read_dotenv
from infra.local.terminal import NotPrinted, prepare, watch_output
from shared.settings import SettingError
from shared.store import StoreUnavailable

INTERRUPTED = 130


def main() -> None:
    """Run one command. If it cannot be done, exit with one line on standard error."""
    prepare()
    watch_output()
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
    except (SettingError, StoreUnavailable) as trouble:
        sys.exit(f"bonghwa: {trouble}")
    except NotPrinted as trouble:
        _drop_output()
        sys.exit(f"bonghwa: the output cannot be written: {trouble}")
    except KeyboardInterrupt:
        # As a shell reports what Ctrl-C ended.
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # As in `… | head`.
        _drop_output()
        sys.exit(1)


def _run() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)
    found = _commands()
    for name, command in found.items():
        command.add_arguments(subparsers.add_parser(name, help=command.HELP))
    arguments = parser.parse_args()
    command = found[arguments.command]
    if command.READS_DOTENV:
        read_dotenv(os.environ)
        # The process began without a TZ of .env, and would show its own times.
        time.tzset()
    command.run(arguments)


def _drop_output() -> None:
    """Let the rest of the output go nowhere. Python would try once more at its end, and print a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _commands() -> dict[str, ModuleType]:
    files = sorted(Path(folder, file.name) for folder in commands.__path__ for file in Path(folder).glob("[!_]*.py"))
    # A file whose name Python keeps for itself ends in an underscore.
    return {
        file.stem.rstrip("_").replace("_", "-"): importlib.import_module(f"{commands.__name__}.{file.stem}")
        for file in files
    }


if __name__ == "__main__":
    main()
