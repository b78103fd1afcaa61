"""300 alerts at once on services that enforce their limits: all are told in time, and nothing is refused for pace.

The time is given: nobody sleeps for it.
"""

import email
import email.policy
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from shared.channels import configured
from shared.delivery import deliver_owed
from shared.notifiers import NotifierKind
from shared.store import Store
from tests.shared.notifiers.kinds import HTTP
from tests.support.builders import at, event, routes
from tests.support.stand_ins import BotApi, Exchange
from tests.support.stand_ins.bot_api import Call, accepts
from tests.support.stand_ins.service import Service
from tests.support.stand_ins.smtp import Connection, Smtp
from tests.support.store.engines import on_sqlite
from tests.support.store.steps import SETTINGS, add, rows

pytestmark = pytest.mark.slow

MONITORS = 300
# How often the local system delivers.
RUNS_EVERY = 2.0
# Some services have a backslash before what is no markup.
_NUMBER, _RANGE = re.compile(r"#(\d+)"), re.compile(r"#(\d+)–\\*#(\d+)")


class Clock:
    """Stands still, or is waited for; seconds after noon."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return at(self.seconds)

    def pause(self, seconds: float) -> None:
        # Times in the store are whole milliseconds.
        self.seconds += seconds + 0.001


class Gate:
    """A service's limit: a number of messages within seconds."""

    def __init__(self, clock: Clock, limits: tuple[tuple[int, float], ...]) -> None:
        self._clock, self._limits = clock, limits
        self._lock = threading.Lock()
        self._let_in: list[float] = []
        self.told: set[int] = set()
        self.refused: list[int] = []

    def wait(self, text: str) -> float:
        """The seconds until the service would take this message; 0 if it takes it now."""
        with self._lock:
            now = self._clock.seconds
            waits = [0.0]
            for count, seconds in self._limits:
                recent = [moment for moment in self._let_in if moment > now - seconds]
                if len(recent) >= count:
                    waits.append(recent[-count] + seconds - now)
            if (longest := max(waits)) > 0:
                self.refused += numbers_in(text)
            else:
                self._let_in.append(now)
                self.told.update(numbers_in(text))
            return longest


def numbers_in(text: str) -> list[int]:
    """The notifications that a message is about."""
    ranges = [range(int(first), int(last) + 1) for first, last in _RANGE.findall(text)]
    return [int(each) for each in _NUMBER.findall(_RANGE.sub("", text))] + [each for some in ranges for each in some]


class Limited(NamedTuple):
    """A service, the limits that it enforces, and how it is set up.

    ``seconds``: in which 300 alerts, of which most go in lists, can be told.
    """

    limits: tuple[tuple[int, float], ...]
    seconds: float
    begin: Callable[[ExitStack, Gate], Mapping[str, Any]]


def slack(stack: ExitStack, gate: Gate) -> Mapping[str, Any]:
    def takes(exchange: Exchange) -> None:
        if wait := gate.wait(json.loads(exchange.body)["text"]):
            exchange.answer(429, "rate_limited", headers={"Retry-After": str(int(wait) + 1)})
        else:
            HTTP["slack"].accepts(exchange)

    return {"kind": "slack", **HTTP["slack"].at(stack.enter_context(Service(takes)).url)}


def discord(stack: ExitStack, gate: Gate) -> Mapping[str, Any]:
    def takes(exchange: Exchange) -> None:
        if wait := gate.wait(json.dumps(json.loads(exchange.body), ensure_ascii=False)):
            words = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": False}
            exchange.answer(429, json.dumps(words), "application/json")
        else:
            HTTP["discord"].accepts(exchange)

    return {"kind": "discord", **HTTP["discord"].at(stack.enter_context(Service(takes)).url)}


def telegram(chat_id: int) -> Callable[[ExitStack, Gate], Mapping[str, Any]]:
    def begin(stack: ExitStack, gate: Gate) -> Mapping[str, Any]:
        def takes(call: Call) -> None:
            if wait := gate.wait(call.message.text):
                seconds = int(wait) + 1
                call.refuse(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
            else:
                accepts(call)

        api = stack.enter_context(BotApi())
        api.behaviour = takes
        return {"kind": "telegram", "bot_token": api.token, "chat_id": chat_id, "api_url": api.url}

    return begin


def mail(stack: ExitStack, gate: Gate) -> Mapping[str, Any]:
    server = stack.enter_context(Smtp())

    def takes(connection: Connection) -> None:
        mail = email.message_from_bytes(server.offered[-1].data, policy=email.policy.SMTP)
        text, _ = mail.iter_parts()
        if gate.wait(text.get_content()):
            connection.write(b"450 4.7.1 too many messages, try again later\r\n")
        else:
            connection.write(b"250 2.0.0 queued\r\n")

    server.replies["ACCEPTED"] = takes
    return {"kind": "email", "url": server.url, "from": "ops@example.com", "to": "kim@example.com"}


SERVICES: Mapping[str, Limited] = {
    "slack": Limited(((1, 1.0),), 5, slack),
    "discord": Limited(((5, 2.0),), 5, discord),
    # A person's chat takes one message a second, and a few more for a moment.
    "telegram_chat": Limited(((10, 10.0),), 5, telegram(4242)),
    "telegram_group": Limited(((20, 60.0),), 5, telegram(-100123)),
    # As mail servers bound their clients: 30 a minute.
    "mail": Limited(((30, 60.0),), 5, mail),
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(request: pytest.FixtureRequest, clock: Clock) -> Iterator[tuple[Limited, Gate, NotifierKind]]:
    row = SERVICES[request.param]
    gate = Gate(clock, row.limits)
    with ExitStack() as stack:
        described = row.begin(stack, gate)
        yield row, gate, configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def fail(store: Store, seconds: float, *, ok: bool) -> None:
    events = [event(seconds, ok=ok, monitor=f"m{number:03}") for number in range(MONITORS)]
    add(store, *events, received=seconds, channels=routes("ops"))


def owed_ids(store: Store) -> set[int]:
    return {int(str(id_)) for [id_] in rows(store, "SELECT id FROM notifications WHERE kind <> 'UPDATE'")}


def deliver_all(store: Store, clock: Clock, ops: NotifierKind) -> None:
    """Runs as the local system makes them, until nothing is owed any more."""
    for _ in range(200):
        deliver_owed(store, {"ops": ops}, SETTINGS, clock=clock, pause=clock.pause)
        if store.summary()["owed_notifications"] == 0:
            return
        clock.seconds += RUNS_EVERY
    raise AssertionError(f"{store.summary()['owed_notifications']} are still owed after {clock.seconds:g} s")


@pytest.mark.parametrize(
    ("new_database", "limited"),
    # A service does not know where its messages are kept.
    [*(("sqlite", name) for name in SERVICES), pytest.param("postgresql", "slack", marks=pytest.mark.system)],
    indirect=True,
)
def test_300_alerts_at_once_are_all_told_in_time(
    store: Store, clock: Clock, limited: tuple[Limited, Gate, NotifierKind]
) -> None:
    row, gate, ops = limited
    fail(store, 0, ok=False)
    deliver_all(store, clock, ops)
    assert gate.told >= owed_ids(store), "none is lost"
    assert clock.seconds <= row.seconds
    begun = clock.seconds
    fail(store, clock.seconds, ok=True)
    deliver_all(store, clock, ops)
    assert gate.told >= owed_ids(store)
    assert clock.seconds - begun <= row.seconds
    assert gate.refused == [], "none is refused for pace"
    sent = """SELECT count(*) AS sent, count(DISTINCT notification_id) AS told FROM notification_logs
        WHERE status = 'SENT' AND kind <> 'UPDATE'"""
    assert rows(store, sent) == [(2 * MONITORS, 2 * MONITORS)], "none is told twice"


@on_sqlite
@pytest.mark.parametrize("limited", sorted(SERVICES.keys() - {"mail"}), indirect=True)
def test_a_service_that_is_busy_already_refuses_each_once(
    store: Store, clock: Clock, limited: tuple[Limited, Gate, NotifierKind]
) -> None:
    """Others wrote to it just before, up to its limit. Mail servers do not say for how long to wait."""
    row, gate, ops = limited
    for _ in range(row.limits[0][0]):
        assert gate.wait("from somebody else") == 0
    fail(store, 0, ok=False)
    deliver_all(store, clock, ops)
    assert gate.told >= owed_ids(store)
    assert all(gate.refused.count(each) <= 1 for each in set(gate.refused))
    assert clock.seconds <= row.seconds + 2 * row.limits[0][1]
