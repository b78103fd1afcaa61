"""A sender is killed after its channels had the message, and before it could say so. The copies are recognisable."""

import email
import email.policy
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest

from shared import ROOT
from shared.models import now
from shared.settings import Settings
from shared.store import Store, open_store
from tests.conftest import new_store
from tests.shared.notifiers.kinds import HTTP
from tests.support.builders import event, routes
from tests.support.forking.forks import Fork, forked, starts_by_forks
from tests.support.running import environment, wait_until
from tests.support.stand_ins import Exchange
from tests.support.stand_ins.service import Service, hangs
from tests.support.stand_ins.smtp import Smtp

pytestmark = pytest.mark.system

SENDER = "tests.system.channels.sender"
ENGINES = ("shared.store.engines.sqlite.database", "shared.store.engines.postgres.database")
LEASE_SECONDS = 30
MAIL = "email"


class Receivers:
    """One service for each kind that speaks HTTP, and a mail server. At first they hang once they have a message."""

    def __init__(self, stack: ExitStack) -> None:
        self.services = {kind: stack.enter_context(Service(hangs)) for kind in HTTP}
        self.mail = stack.enter_context(Smtp())
        self.mail.replies["ACCEPTED"] = lambda connection: connection.hang()

    @property
    def channels(self) -> Mapping[str, Mapping[str, Any]]:
        """A channel of each kind, named like it."""
        described: dict[str, dict[str, Any]] = {
            kind: {"kind": kind, **HTTP[kind].at(service.url)} for kind, service in self.services.items()
        }
        described[MAIL] = {"kind": MAIL, "url": self.mail.url, "from": "ops@example.com", "to": "kim@example.com"}
        return described

    def counts(self) -> dict[str, int]:
        """How many messages each has got."""
        return {MAIL: len(self.mail.offered)} | {kind: len(each.requests) for kind, each in self.services.items()}

    def take(self) -> None:
        """Accept what comes from now on."""
        for kind, service in self.services.items():
            service.usual = HTTP[kind].accepts
            service.release()
        del self.mail.replies["ACCEPTED"]

    def texts(self, kind: str) -> list[str]:
        """The sent text, so that a number in it can be read."""
        if kind == MAIL:
            return [each.data.decode() for each in self.mail.offered]
        return [unquote_plus(f"{each.path}\n{each.body.decode()}") for each in self.services[kind].requests]

    def keys(self, kind: str) -> list[str]:
        """By what the receiver recognises a copy."""
        if kind == MAIL:
            parsed = [email.message_from_bytes(each.data, policy=email.policy.SMTP) for each in self.mail.offered]
            return [str(each["Message-ID"]) for each in parsed]
        return [KEYS[kind](each) for each in self.services[kind].requests]


# The kinds whose services recognise a copy.
KEYS: Mapping[str, Callable[[Exchange], str]] = {
    "google_chat": lambda request: parse_qs(urlsplit(request.path).query)["requestId"][0],
    "ntfy": lambda request: str(json.loads(request.body)["sequence_id"]),
    "pagerduty": lambda request: str(json.loads(request.body)["dedup_key"]),
    "webhook": lambda request: f"{request.headers['webhook-id']} {request.headers['Idempotency-Key']}",
}


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with ExitStack() as stack:
        yield Receivers(stack)


@pytest.fixture
def environ(request: pytest.FixtureRequest, tmp_path: Path, receivers: Receivers) -> dict[str, str]:
    url = new_store(request) or f"sqlite:///{tmp_path / 'bonghwa.db'}"
    channels = {"console": "off", **receivers.channels}
    return environment(tmp_path, DATABASE_URL=url, CHANNELS=json.dumps(channels))


@pytest.fixture
def store(environ: dict[str, str]) -> Iterator[Store]:
    opened = open_store(Settings.from_env(environ))
    yield opened
    opened.database.close()


@pytest.fixture(scope="module", autouse=True)
def senders_are_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Most of a sender's time would be its imports."""
    kinds = (f"shared.notifiers.services.{kind}" for kind in (MAIL, *HTTP))
    with starts_by_forks(ROOT, environment(tmp_path_factory.getbasetemp()), [SENDER, *ENGINES, *kinds]):
        yield


def send(environ: dict[str, str], later: float = 0) -> Fork:
    output = Path(environ["LOG_DIR"]).with_name("sender.txt")
    output.touch()
    fork = forked([sys.executable, "-m", SENDER, str(later)], ROOT, environ, output)
    assert fork
    return fork


def fail(store: Store, monitor: str, receivers: Receivers) -> list[int]:
    """A monitor fails now; the notifications that this owes."""
    failure = event(ok=False, monitor=monitor, timestamp=now())
    return store.events.add([failure], received_at=now(), channels=routes(*receivers.channels))[0].notification_ids


@pytest.mark.parametrize("environ", ["sqlite", "postgresql"], indirect=True)
def test_a_killed_senders_copies_are_recognised(environ: dict[str, str], store: Store, receivers: Receivers) -> None:
    ids = dict(zip(receivers.channels, fail(store, "shop", receivers), strict=True))
    killed = send(environ)
    try:
        wait_until(lambda: set(receivers.counts().values()) == {1}, 60)
    finally:
        killed.kill()
        killed.wait(60)
    receivers.take()
    assert send(environ, LEASE_SECONDS + 5).wait(60) == 0
    assert set(receivers.counts().values()) == {2}, receivers.counts()
    for kind, id_ in ids.items():
        assert all(f"#{id_}" in text for text in receivers.texts(kind)), kind
    for kind in (MAIL, *KEYS):
        first, copy = receivers.keys(kind)
        assert first == copy, kind
        assert first, kind
    logs = store.notifications.logs(limit=100)
    assert sorted((log.notification_id, str(log.status)) for log in logs) == [
        (id_, "SENT") for id_ in sorted(ids.values())
    ]


def test_another_message_has_another_key(environ: dict[str, str], store: Store, receivers: Receivers) -> None:
    receivers.take()
    for later, monitor in enumerate(("shop", "blog")):
        fail(store, monitor, receivers)
        assert send(environ, 5 * later).wait(60) == 0
    for kind in (MAIL, *KEYS):
        first, other = receivers.keys(kind)
        assert first != other, kind
