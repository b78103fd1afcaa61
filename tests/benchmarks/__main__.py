"""``python -m tests.benchmarks [NAME ...] [--rounds N] [--write]``: all of them where none is named."""

import argparse
import os
import tempfile
from pathlib import Path

from tests.benchmarks import (
    cold_start,
    cpu,
    detection,
    durations,
    first_sight,
    history,
    ingest,
    memory,
    probes,
    reads,
    rollups,
    scale,
    visitors,
    zip_start,
)

BENCHMARKS = {
    "cold_start": cold_start,
    "zip_start": zip_start,
    "ingest": ingest,
    "detection": detection,
    "cpu": cpu,
    "probes": probes,
    "scale": scale,
    "reads": reads,
    "history": history,
    "rollups": rollups,
    "visitors": visitors,
    "first_sight": first_sight,
    "memory": memory,
    "durations": durations,
}


def main() -> None:
    """Run the benchmarks that are named, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="What Bonghwa costs.")
    parser.add_argument("name", nargs="*", help=f"{', '.join(BENCHMARKS)}; all of them where none is named")
    parser.add_argument("--rounds", type=int, help="how often each is measured; its own default where it is not said")
    parser.add_argument("--write", action="store_true", help="durations: into infra/plan/durations.toml")
    arguments = parser.parse_args()
    if unknown := set(arguments.name) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: expected {', '.join(BENCHMARKS)}")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error(f"--rounds is {arguments.rounds}: expected 1 or more")
    for name in arguments.name or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        with tempfile.TemporaryDirectory(prefix="bonghwa-bench-") as folder:
            busy = f"{os.getloadavg()[0]:.1f} busy of {os.cpu_count()} CPUs"
            print(f"{name}  ({busy} before it)", flush=True)
            run = benchmark.write if arguments.write and benchmark is durations else benchmark.run
            print(run(Path(folder), arguments.rounds or benchmark.ROUNDS), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
