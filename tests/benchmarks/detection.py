"""From a failing answer to the message at the channel, in the local system at 60 checks a second.

The clock starts as the target is about to give its first failing answer, and stops where Telegram's stand-in has read
the message: the check, the post, the durable commit of event, alert and notification, and the send lie in between. The
time is compared with that of a hello world's request, one at a time over a kept connection, just before and after.
"""

import http.client
import itertools
import random
import re
import statistics
import time
from pathlib import Path

from tests.benchmarks.instruments.watched import PATHS, Watched, watched
from tests.benchmarks.instruments.yardstick import hello_alone, hello_project, table, verdict
from tests.support.running import started_together, wait_until
from tests.support.stand_ins import Behaviour, Call, Message, accepts

ROUNDS = 3
OUTAGES = 40
PAUSE_SECONDS = 0.6
MESSAGE_SECONDS = 15.0
# Each bar is a multiple of the median time of hello's requests.
BARS = {50: 9.0, 95: 25.0, 99: 80.0}
REQUESTS = 500
STATUSES = {"OUTAGE": 500, "RECOVERY": 200}


def run(folder: Path, rounds: int) -> str:
    """The table of both kinds of message."""
    chance = random.Random(1)
    # In their order, so that the chats take turns.
    turns = list(itertools.islice(itertools.cycle(PATHS), 1 + rounds * OUTAGES))
    before = _hello_ms(folder / "before")
    with watched(folder) as world:
        world.api.behaviour = _heals(world)
        for path in turns:
            world.targets.answer(path, STATUSES["OUTAGE"])
            # Somewhere within a round of checks, not always at its beginning.
            time.sleep(chance.uniform(0.5, 1.5) * PAUSE_SECONDS)
        wait_until(lambda: len(world.api.messages) >= 2 * len(turns), MESSAGE_SECONDS, world.system.output)
        waited = _waited_ms(world)
    hello, lines = (before + _hello_ms(folder / "after")) / 2, []
    for kind, taken in waited.items():
        cuts = statistics.quantiles(taken[1:], n=100, method="inclusive")
        for percent, bar in BARS.items():
            took = cuts[percent - 1]
            lines.append([f"{kind}, p{percent}", f"{took:.1f}", f"{took / hello:.1f}", *verdict(took / hello, bar)])
    first = " and ".join(f"{taken[0]:.0f}" for taken in waited.values())
    head = ["answer to message, 60 checks a second", "ms", "of hello's", "bar", ""]
    said = f"{len(turns) - 1} outages, not counting the first after the start: {first} ms; hello {hello:.2f} ms"
    return f"{table(head, lines)}\n{said}"


def _hello_ms(folder: Path) -> float:
    hello = hello_alone(hello_project(folder))
    with started_together(hello):
        connection, taken = http.client.HTTPConnection("127.0.0.1", hello.port, timeout=60), []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            connection.request("GET", "/")
            connection.getresponse().read()
            taken.append((time.perf_counter() - began) * 1000)
        connection.close()
    return statistics.median(taken)


def _heals(world: Watched) -> Behaviour:
    """Takes the message; a target whose outage it tells answers well again."""

    def behaviour(call: Call) -> None:
        accepts(call)
        kind, path = _said(call.message)
        if kind == "OUTAGE":
            world.targets.answer(path, STATUSES["RECOVERY"])

    return behaviour


def _waited_ms(world: Watched) -> dict[str, list[float]]:
    """By kind, what each message took, in the order of the answers. Ends the targets."""
    messages = list(world.api.calls)
    answered_at = world.targets.changes()
    waited: dict[str, list[tuple[float, float]]] = {kind: [] for kind in STATUSES}
    for kind, path in itertools.product(STATUSES, PATHS):
        received_at = [message.received_at.timestamp() for message in messages if _said(message) == (kind, path)]
        for began, ended in zip(answered_at[path, STATUSES[kind]], received_at, strict=True):
            waited[kind].append((began, (ended - began) * 1000))
    return {kind: [milliseconds for _, milliseconds in sorted(taken)] for kind, taken in waited.items()}


def _said(message: Message) -> tuple[str, str]:
    """The kind of a message, and the path of its monitor."""
    found = re.match(r"(\w+) http://[\w.:]+(/\d+)", message.text)
    assert found, message.text
    return found[1], found[2]
