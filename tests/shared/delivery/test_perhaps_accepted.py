"""A mail server that has the whole mail and does not say so in time: few copies, and then the RECOVERY."""

from collections.abc import Iterator

import pytest

from shared.delivery import deliver_at_once
from shared.models import AttemptStatus
from shared.notifiers import NotifierKind, outcomes
from shared.notifiers.outcomes import COPY_AFTER_SECONDS, MOST_COPIES
from shared.store import Store
from tests.shared.notifiers.services.email.channel import channel
from tests.support.builders import routes
from tests.support.stand_ins.smtp import Connection, Smtp
from tests.support.stand_ins.smtp.doings import slowly
from tests.support.store.steps import SETTINGS, deliver, owe, settle, statuses

pytestmark = pytest.mark.slow

TAKEN = b"250 2.0.0 queued\r\n"


@pytest.fixture
def server() -> Iterator[Smtp]:
    with Smtp() as server:
        yield server


@pytest.fixture
def mail(server: Smtp, monkeypatch: pytest.MonkeyPatch) -> NotifierKind:
    monkeypatch.setattr(outcomes, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr("shared.delivery.sender.SEND_SECONDS", 0.5)
    return channel(server.url)


def subjects(server: Smtp) -> list[str]:
    """The first words of the mails that the server has."""
    return [mail.data.decode().partition("Subject: ")[2].split()[0] for mail in server.offered]


def test_copies_are_few_and_minutes_apart_and_then_the_recovery_goes(
    store: Store, server: Smtp, mail: NotifierKind
) -> None:
    server.replies["ACCEPTED"] = Connection.hang
    owe(store)
    owe(store, 30, ok=True)
    for seconds in range(0, 1200, 20):
        deliver(store, seconds, a=mail)
        if "RECOVERY" in subjects(server):
            break
    assert subjects(server) == ["OUTAGE"] * MOST_COPIES + ["RECOVERY"]
    assert seconds >= (MOST_COPIES - 1) * COPY_AFTER_SECONDS
    assert statuses(store)[:MOST_COPIES] == ["RETRY"] * (MOST_COPIES - 1) + ["FAILED"]
    answers = [log.answer or "" for log in store.notifications.logs(limit=9)]
    assert all(answer.startswith("perhaps accepted: the mail server has the mail") for answer in answers)


def test_another_alerts_mail_goes_at_once(store: Store, server: Smtp, mail: NotifierKind) -> None:
    """The gap between copies is our own: the channel asked nobody to wait."""
    server.replies["ACCEPTED"] = Connection.hang
    owe(store)
    owe(store, monitor="blog")
    assert deliver(store, a=mail) == {"RETRY": 2}


def test_other_failures_before_do_not_count(store: Store, server: Smtp, mail: NotifierKind) -> None:
    owe(store)
    for number in range(MOST_COPIES + 2):
        settle(store, "RETRY", 10 * number, due=10 * (number + 1))
    server.replies["ACCEPTED"] = Connection.hang
    assert deliver(store, 100, a=mail) == {"RETRY": 1}
    server.replies.clear()
    assert deliver(store, 101 + COPY_AFTER_SECONDS, a=mail) == {"SENT": 1}


def test_a_server_that_takes_its_time_gets_the_first_mail_once(
    store: Store, server: Smtp, mail: NotifierKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once a send has a second, which would cut it off when the server has the mail."""
    monkeypatch.setattr(outcomes, "ANSWER_SECONDS", 60.0)
    server.replies["ACCEPTED"] = slowly(TAKEN, 1.5)
    deliver_at_once(store, {"a": mail}, owe(store, channels=routes("a")), SETTINGS)
    assert statuses(store) == [AttemptStatus.SENT]
    assert subjects(server) == ["OUTAGE"]
