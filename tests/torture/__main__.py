"""``python -m tests.torture --kills 2000 --seed 1``: kill, judge, report; exits with 1 if the contract is broken.

``--store postgresql`` runs it on a PostgreSQL server of its own.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from tests.support.postgres import Server
from tests.torture.forge import Forge, victim_project
from tests.torture.judgement.verdict import Verdict
from tests.torture.series import Series

# Each series has a new store, so that a failing series is short, and its seed names it.
KILLS_IN_A_SERIES = 50
# Much of a life is waiting.
AT_ONCE = 4 * (os.cpu_count() or 1)


def main() -> None:
    """Run the series side by side and print the verdict."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="the first series' seed; each further series has the next")
    parser.add_argument("--side-by-side", type=int, default=AT_ONCE, help="how many series run at once")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--keep", type=Path, help="a folder for the stores and outputs, which are otherwise removed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bonghwa-torture-") as scratch:
        folder = arguments.keep or Path(scratch)
        with (
            Forge(victim_project(folder / "project")) as forge,
            Server() if arguments.store == "postgresql" else nullcontext() as server,
        ):
            verdict = _run(forge, folder, server, arguments)
    print(_table(arguments.kills, verdict))
    sys.exit(0 if verdict.is_kept else 1)


def _run(forge: Forge, folder: Path, server: Server | None, arguments: argparse.Namespace) -> Verdict:
    kills, seed = arguments.kills, arguments.seed
    sizes = [min(KILLS_IN_A_SERIES, kills - begun) for begun in range(0, kills, KILLS_IN_A_SERIES)]
    whole, done, began = Verdict(), 0, time.monotonic()

    def one(number: int) -> Verdict:
        settings: dict[str, str | None] = {"DATABASE_URL": server.new_store()} if server else {}
        return Series(forge, folder / f"seed-{seed + number}", seed + number, sizes[number], settings=settings).run()

    with ThreadPoolExecutor(arguments.side_by_side) as series:
        for number, verdict in enumerate(series.map(one, range(len(sizes)))):
            whole.add(verdict)
            done += sizes[number]
            minutes = (time.monotonic() - began) / 60
            state = "kept" if verdict.is_kept else "BROKEN"
            print(f"seed {seed + number}: {state}  {done} of {kills} kills, {minutes:.1f} min", flush=True)
            for line in verdict.broken:
                print(f"  {line}", flush=True)
    return whole


def _table(kills: int, verdict: Verdict) -> str:
    lines = [
        ("kills", kills),
        ("alerts", verdict.alerts),
        ("  pruned meanwhile", verdict.pruned),
        ("messages owed", verdict.owed),
        ("  not delivered, and the log says why", verdict.refused),
        ("reminders and steps that were due for certain", verdict.follow_ups),
        ("lost", len(verdict.lost)),
        ("copies because the process died", verdict.copies_of_the_dead),
        ("copies because the response was lost", verdict.copies_for_lack_of_an_answer),
        ("repeated for another reason", len(verdict.repeated)),
        ("out of order", len(verdict.out_of_order)),
    ]
    return "\n".join(f"{name:48}{count:>8}" for name, count in lines)


if __name__ == "__main__":
    main()
