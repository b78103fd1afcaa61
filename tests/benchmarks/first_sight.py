"""How soon people see a page, in Chromium with an empty cache at "Fast 4G": the largest paint, and the list's end.

The bars hold without a slowed CPU; four times slower is for comparison with other people's figures.
"""

import logging
import os
import random
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import functions_framework

from infra.table import MAIN, rows
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.functions.api import FAILURE, KEY, SUCCESS, Api, served
from tests.support.running.browser import CHROMIUM, FAST_4G, Browser, browser

ROUNDS = 5
# The page, how many monitors there are, what is measured, and what it may take in milliseconds.
PAGES = (("/status", 50, "largest paint", 1_000.0), ("/dashboard", 1_000, "list usable", 1_500.0))
_TIMES = """new Promise(tell => new PerformanceObserver(list => tell([
    list.getEntries().at(-1).startTime, performance.getEntriesByType("navigation")[0].domInteractive
])).observe({type: "largest-contentful-paint", buffered: true}))"""


def run(folder: Path, rounds: int) -> str:
    """The table of the pages."""
    if CHROMIUM is None:
        return "not measured: chromium is not installed"
    # Otherwise it prints every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    lines = []
    for path, monitors, what, bar in PAGES:
        with _site(folder / str(monitors), monitors) as root, browser() as chromium:
            for slower in (1, 4):
                taken = [_look(chromium, f"{root}{path}", slower) for _ in range(rounds)]
                paints, parsed = zip(*taken, strict=True)
                # A list can be used once all of it is there and has been painted.
                found = paints if what == "largest paint" else [max(both) for both in taken]
                median = statistics.median(found)
                others = [f"{statistics.median(each):.0f}" for each in (paints, parsed)]
                held = verdict(median, bar if slower == 1 else None)
                lines.append(
                    [
                        f"{path}, {monitors:,} monitors, CPU {slower} x",
                        what,
                        f"{median:.0f}",
                        middle_half(found, 0),
                        *others,
                        *held,
                    ]
                )
    head = ["ms", "what", "it took", "its middle half", "largest paint", "HTML parsed", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} first visits"


def _look(chromium: Browser, url: str, slower: int) -> list[float]:
    chromium.open(url, network=FAST_4G, cpu_slower=slower)
    found: list[float] = chromium.run(_TIMES)
    return found


@contextmanager
def _site(folder: Path, monitors: int) -> Iterator[str]:
    """The pages of a system with so many monitors, one in twenty of which is down."""
    folder.mkdir()
    chosen = random.Random(7)  # no secret
    os.environ |= {"API_KEY": KEY, "DATABASE_URL": f"sqlite:///{folder / 'store.db'}", "LOG_LEVEL": "ERROR"}
    os.environ |= {"TARGET_URL": "http://127.0.0.1:1/", "LOG_DIR": ""}
    api = Api({row.name: functions_framework.create_app(row.name, str(MAIN)) for row in rows()})  # type: ignore[no-untyped-call]
    names = [f"Service {number} of the shop" for number in range(monitors)]
    policies = [
        {"name": name, "group": f"Group {number % 8}", "url": f"http://a.example/{number}", "failure_threshold": 1}
        for number, name in enumerate(names)
    ]
    applied = api.call("PUT", "/config", {"monitors": policies, "status_page": {"title": "The shop"}})
    assert applied.status_code == 200, applied.text
    events = [{**(FAILURE if chosen.random() < 0.05 else SUCCESS), "monitor": name} for name in names]
    answer = api.post([{**event, "timestamp": as_text(now())} for event in events])
    assert answer.status_code in (200, 201), answer.text
    try:
        with served(api) as root:
            yield root
    finally:
        open_store(Settings.from_env()).database.close()
