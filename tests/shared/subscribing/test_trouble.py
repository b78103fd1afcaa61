"""A mail server, or the store, is in trouble: nobody loses a subscription by it, and nothing else waits."""

import pytest

from shared.delivery import deliver_owed, mailing
from shared.models import AttemptStatus
from shared.notifiers import NotifierKind, kind_named, outcomes
from shared.store import Store
from shared.store.tables import configuration
from tests.shared.subscribing.steps import KIM, LEE, SETTINGS, announce, deliver, got, note_mailing, statuses, subscribe
from tests.support.builders import Channel, at
from tests.support.stand_ins.smtp import PASSWORD, Connection, Smtp
from tests.support.store.steps import owe, rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "reply", [b"550 5.7.1 relaying denied\r\n", b"554 5.7.1 blocked\r\n", b"550 relay not permitted\r\n"]
)
def test_a_server_that_refuses_everybody_costs_nobody_the_subscription(
    store: Store, server: Smtp, mail: NotifierKind, reply: bytes
) -> None:
    subscribe(store, KIM)
    assert store.subscriptions.subscribers.ask("", LEE, "en", client="lee", now=at(0))
    server.replies["RCPT"] = reply
    for number in range(4):
        announce(store, f"News {number}", number)
        deliver(store, mail, number + 0.5)
    assert rows(store, "SELECT address, refusals FROM subscribers ORDER BY id") == [(KIM, 0), (LEE, 0)]
    assert set(statuses(store)) == {"FAILED"}


def test_a_server_that_takes_nothing_is_asked_less_and_less_often(
    store: Store, server: Smtp, mail: NotifierKind
) -> None:
    subscribe(store, *(f"{number}@visitors.example" for number in range(5)))
    announce(store, "Payments fail")
    server.replies["MAIL"] = b"550 5.7.1 you may not send\r\n"
    for seconds in range(0, 600, 20):
        deliver(store, mail, seconds)
    assert sum(line.startswith("MAIL") for line in server.commands) < 15, "whoever is owed a mail"
    del server.replies["MAIL"]
    deliver(store, mail, 1_300)
    assert len(got(server)) == 5


def test_a_run_ends_once_mails_fail_in_a_row(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, *(f"{number}@visitors.example" for number in range(mailing.MOST_FAILURES + 5)))
    announce(store, "Payments fail")
    server.replies["RCPT"] = b"450 4.7.1 not so fast\r\n"
    deliver(store, mail)
    assert sum(line.startswith("RCPT") for line in server.commands) == mailing.MOST_FAILURES
    del server.replies["RCPT"]
    deliver(store, mail, 1)
    assert len(got(server)) >= 5, "the others do not wait any longer"


def test_a_hanging_server_leaves_time_for_another_ones_mails(
    store: Store, server: Smtp, mail: NotifierKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {"slow": {"subscribe": "slow"}, "well": {"subscribe": "well"}}
    with store.database.transaction() as transaction:
        configuration.save(transaction, 1, {"status_pages": pages})
    monkeypatch.setattr(mailing, "SEND_SECONDS", 0.4)
    with Smtp() as hanging:
        hanging.replies["RCPT"] = lambda connection: _hang(connection)
        fields = {"url": hanging.url, "from": "status@shop.example", "to": ["ops@shop.example"], "starttls": "off"}
        channels = {"slow": kind_named("email").configured(fields, {}), "well": mail}
        subscribe(store, *(f"{number}@visitors.example" for number in range(8)), slug="slow")
        subscribe(store, KIM, slug="well")
        note_mailing(store, *channels)
        announce(store, "Payments fail")
        mailing.Mailing(store, channels, SETTINGS, lambda: at(1)).go(1.6)
    assert [to for to, _ in got(server)] == [KIM]


def test_a_server_that_never_says_whether_it_has_a_mail_gets_few_copies(
    store: Store, server: Smtp, mail: NotifierKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(outcomes, "ANSWER_SECONDS", 0.0)
    server.replies["ACCEPTED"] = Connection.hang
    subscribe(store, KIM)
    announce(store, "Payments fail")
    for seconds in range(0, 3_600, 60):
        deliver(store, mail, seconds)
    assert len(got(server, offered=True)) == outcomes.MOST_COPIES
    assert statuses(store) == ["FAILED"]


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "ACCEPTED"])
@pytest.mark.parametrize("code", ["550 5.1.1", "450 4.2.1", "250 2.1.5", "550"])
def test_the_log_has_no_part_of_an_address(
    store: Store, server: Smtp, mail: NotifierKind, capsys: pytest.CaptureFixture[str], stage: str, code: str
) -> None:
    subscribe(store, "kim.of.the.shop@visitors.example")
    announce(store, "Payments fail")
    server.replies[stage] = f"{code} User kim.of.the.shop in visitors.example\r\n".encode()
    deliver(store, mail)
    printed = capsys.readouterr().out
    assert code in printed or (stage, code) in (("MAIL", "250 2.1.5"), ("RCPT", "250 2.1.5"))
    assert "shop" not in printed.replace("status@shop.example", "")
    assert "visitors" not in printed


def _hang(connection: Connection) -> None:
    connection.is_over(5)


@pytest.mark.usefixtures("fresh_logs")
def test_what_is_wrong_with_the_mails_keeps_no_message_of_a_channel(
    store: Store, mail: NotifierKind, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribe(store, KIM)
    owe(store, 1)
    with store.database.transaction() as transaction:
        transaction.rows("DROP TABLE subscriber_mails")
    channel = Channel()
    outcomes = deliver_owed(store, {"mail": mail, "a": channel}, SETTINGS, clock=lambda: at(2))
    assert (outcomes[AttemptStatus.SENT], channel.kinds) == (1, ["OUTAGE"])
    printed = capsys.readouterr().out
    assert "subscriber_mails_put_off" in printed
    assert KIM not in printed


def test_a_wrong_password_of_the_server_loses_no_mail(store: Store) -> None:
    with Smtp(has_login=True) as server:
        fields = {"from": "status@shop.example", "to": ["ops@shop.example"], "starttls": "off"}
        wrong, right = (
            kind_named("email").configured({**fields, "url": url}, {})
            for url in (server.url.replace(PASSWORD, "former-password"), server.url)
        )
        subscribe(store, KIM)
        announce(store, "Payments fail")
        deliver(store, wrong)
        assert statuses(store) == ["PENDING"]
        deliver(store, right, 3_600)
        assert [to for to, _ in got(server)] == [KIM]
