"""``python -m infra import``."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

HELP = "make a bonghwa.yaml of what Uptime Kuma, Gatus, Upptime or UptimeFlare watches"
READS_DOTENV = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="kuma.db, a JSON backup, a Gatus file or folder, .upptimerc.yml, uptime.config.ts",
    )
    parser.add_argument("--output", type=Path, default=Path("bonghwa.yaml"), help="bonghwa.env is written beside it")
    parser.add_argument("--force", action="store_true", help="replace both files if they exist")
    parser.add_argument("--json", action="store_true", help="for a program")


def run(arguments: argparse.Namespace) -> None:
    """Write both files, and say what could not be carried over. If nothing can be read or written, exit with 2."""
    from infra.configuration.imports.result import SourceUnreadable
    from infra.configuration.imports.sources import read
    from infra.configuration.imports.writing import ENV_FILE, CannotWrite, refuse_existing, write

    output: Path = arguments.output
    own = frozenset({output.absolute(), output.with_name(ENV_FILE).absolute()})
    try:
        if not arguments.force:
            refuse_existing(output)
        imported = read(arguments.source, datetime.now(UTC), own)
        write(imported, arguments.source, output)
    except (SourceUnreadable, CannotWrite) as trouble:
        print(f"bonghwa: {trouble}", file=sys.stderr)
        sys.exit(2)
    for note in imported.notes:
        print(note, file=sys.stderr)
    if arguments.json:
        notes = [note._asdict() for note in imported.notes]
        print(json.dumps({**imported.counts, "notes": notes}, indent=2, ensure_ascii=False))
    else:
        counts = ", ".join(f"{count} {what}" for what, count in imported.counts.items())
        print(f"imported {counts}; {len(imported.notes)} notes")
