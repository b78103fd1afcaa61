"""Subscribers' mails, over a real store and a real mail server: leased, retried, once each, in order."""

from datetime import timedelta

import pytest

from shared.delivery import deliver_owed
from shared.models import AttemptStatus
from shared.notifiers import NotifierKind
from shared.store import Retention, Store
from tests.shared.subscribing.steps import (
    DAY,
    KIM,
    LEE,
    SETTINGS,
    announce,
    deliver,
    got,
    message_ids,
    note_mailing,
    statuses,
    subscribe,
)
from tests.support.builders import NOON, Channel, at
from tests.support.stand_ins.smtp import Connection, Smtp
from tests.support.store.steps import TTL, owe, rows

pytestmark = pytest.mark.slow


def test_each_subscriber_gets_each_news_once(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM, LEE)
    announce(store, "Payments fail")
    announce(store, "Search fails", 5)
    for seconds in (5, 6, 7):
        store.subscriptions.announcements.review(now=at(seconds), is_on=True)
        deliver(store, mail, seconds)
    subjects = ("Payments fail · Looking into it · Status", "Search fails · Looking into it · Status")
    assert sorted(got(server)) == [(each, subject) for each in (KIM, LEE) for subject in subjects]
    assert len(set(message_ids(server))) == 4
    assert all(len(mail.recipients) == 1 for mail in server.mails), "nobody sees who else is subscribed"
    assert sum(line.startswith("EHLO") for line in server.commands) == 1, "over one connection"


def test_a_mail_reads_no_more_monitors_than_it_names(store: Store, server: Smtp, mail: NotifierKind) -> None:
    """Each mail asks what may still be said. To read a thousand policies for it took 5 ms, and held up all writers."""
    with store.database.transaction() as transaction:
        sql = "INSERT INTO monitors (name, target_url, group_name, policy) VALUES (:name, 'x', 'Web', :policy)"
        transaction.rows(sql, name="Checkout", policy="{}")
        transaction.rows(sql, name="Other", policy="{}")
    subscribe(store, KIM)
    store.incidents.add("Payments fail", "", "investigating", ["Checkout"], now=NOON)
    store.subscriptions.announcements.review(now=NOON, is_on=True)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET policy = 'unreadable' WHERE name = 'Other'")
    deliver(store, mail)
    assert got(server) == [(KIM, "Payments fail · Looking into it · Status")]


def test_nobody_hears_of_what_was_before(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    store.incidents.add("Of the day before", "", "investigating", [], now=at(-DAY - 60))
    announce(store, "Of now")
    subscribe(store, LEE, seconds=60)
    store.subscriptions.announcements.review(now=at(60), is_on=True)
    deliver(store, mail, 61)
    assert [(to, subject.partition(" ·")[0]) for to, subject in got(server)] == [(KIM, "Of now")]


def test_a_failed_mail_is_retried_under_its_id(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    announce(store, "Payments fail")
    server.replies["ACCEPTED"] = b"451 4.3.0 try again\r\n"
    deliver(store, mail)
    deliver(store, mail, 0.2)
    assert len(server.offered) == 1, "it waits before it tries again"
    deliver(store, mail, 3)
    del server.replies["ACCEPTED"]
    deliver(store, mail, 30)
    deliver(store, mail, 60)
    assert len(got(server)) == 1
    assert len(message_ids(server)) == 3
    assert len(set(message_ids(server))) == 1


def test_a_later_mail_waits_for_the_earlier_one(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    announce(store, "First")
    server.replies["RCPT"] = b"450 4.2.0 busy\r\n"
    deliver(store, mail)
    del server.replies["RCPT"]
    announce(store, "Second", 0.1)
    deliver(store, mail, 0.1)
    assert got(server) == []
    deliver(store, mail, 30)
    assert [subject.partition(" ·")[0] for _, subject in got(server)] == ["First", "Second"]


def test_the_lease_of_a_dead_sender_is_taken_over(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    announce(store, "Payments fail")
    mails = store.subscriptions.mails
    lost = mails.claim([""], now=at(0), leased_until=at(60))
    assert lost is not None
    assert mails.claim([""], now=at(59), leased_until=at(90)) is None
    deliver(store, mail, 61)
    assert statuses(store) == ["SENT"]
    mails.record(lost, "RETRY", due_at=at(62))
    assert statuses(store) == ["SENT"], "what was sent stays sent"


def test_who_ends_a_subscription_meanwhile_settles_nobodys_mail(store: Store, server: Smtp, mail: NotifierKind) -> None:
    people, mails = store.subscriptions.subscribers, store.subscriptions.mails
    subscribe(store, KIM)
    announce(store, "First")
    sending = mails.claim([""], now=at(0), leased_until=at(60))
    assert sending is not None
    people.remove(sending.to.id)
    subscribe(store, LEE, seconds=0.5)
    announce(store, "Second", 1)
    # SQLite may have given it the same number.
    mails.record(sending, "SENT", due_at=at(1))
    assert statuses(store) == ["PENDING"]
    deliver(store, mail, 2)
    assert [to for to, _ in got(server)] == [LEE]


def test_a_mailbox_that_is_gone_is_forgotten(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM, LEE)
    server.refused[KIM] = b"550 5.1.1 <kim@visitors.example>: no such user\r\n"
    for number, seconds in enumerate((0, 1, 2, DAY - 1)):
        announce(store, f"News {number}", seconds)
        deliver(store, mail, seconds + 0.5)
    assert rows(store, "SELECT count(*) FROM subscribers") == [(2,)], "the server may know the mailbox again tomorrow"
    announce(store, "News 4", DAY)
    deliver(store, mail, DAY + 0.5)
    assert [to for to, _ in got(server)] == [LEE] * 5
    assert rows(store, "SELECT address FROM subscribers") == [(LEE,)]
    assert rows(store, "SELECT count(*) FROM subscriber_mails WHERE status <> 'SENT'") == [(0,)]


def test_a_mailbox_that_works_again_is_kept(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    for number in range(6):
        server.refused = {} if number % 3 == 2 else {KIM: b"552 5.2.2 full\r\n"}
        announce(store, f"News {number}", number)
        deliver(store, mail, number + 0.5)
    assert rows(store, "SELECT address FROM subscribers") == [(KIM,)]
    assert statuses(store) == ["FAILED", "FAILED", "SENT"] * 2


def test_a_refused_sender_is_no_subscribers_fault(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    server.replies["MAIL"] = b"550 5.7.1 you may not send\r\n"
    for number in range(4):
        announce(store, f"News {number}", number)
        deliver(store, mail, number + 0.5)
    assert rows(store, "SELECT refusals FROM subscribers") == [(0,)]
    del server.replies["MAIL"]
    deliver(store, mail, 3_600)
    assert statuses(store) == ["SENT"] * 4, "the server takes mails again"


def test_a_mail_that_cannot_be_sent_for_a_day_expires(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    announce(store, "Payments fail")
    server.replies["RCPT"] = b"450 4.2.0 busy\r\n"
    deliver(store, mail)
    deliver(store, mail, TTL + 1)
    assert statuses(store) == ["EXPIRED"]


def test_a_hanging_mail_server_delays_no_channel(store: Store, server: Smtp, mail: NotifierKind) -> None:
    subscribe(store, KIM)
    announce(store, "Payments fail")
    channel = Channel()

    # The channel's messages come while the mail hangs.
    def hang(connection: Connection) -> None:
        owe(store, 1)
        connection.is_over(0.6)
        connection.reset()

    server.replies["DATA"] = hang
    channels: dict[str, NotifierKind] = {"mail": mail, "a": channel}
    outcomes = deliver_owed(store, channels, SETTINGS, clock=lambda: at(2))
    assert (outcomes[AttemptStatus.SENT], channel.kinds) == (1, ["OUTAGE"])
    assert got(server) == []


def test_an_unconfirmed_address_is_deleted_after_a_day(store: Store, server: Smtp, mail: NotifierKind) -> None:
    people = store.subscriptions.subscribers
    subscribe(store, KIM)
    assert people.ask("", LEE, "en", client="lee", now=NOON)
    deliver(store, mail, 1)
    assert [to for to, _ in got(server)] == [LEE]
    announce(store, "Payments fail", 2)
    deliver(store, mail, 3)
    assert [to for to, _ in got(server)] == [LEE, KIM], "who has not confirmed hears of nothing"
    retention = Retention(DAY * 7, DAY * 400, DAY * 400)
    for seconds, left in ((DAY - 60, 2), (DAY + 60, 1)):
        store.upkeep.run(retention, now=at(seconds), seconds=9.0, pause=lambda _: None)
        assert rows(store, "SELECT count(*) FROM subscribers") == [(left,)]
    assert rows(store, "SELECT count(*) FROM subscription_requests") == [(0,)]
    store.upkeep.run(retention, now=at(DAY * 401), seconds=9.0, pause=lambda _: None)
    assert rows(store, "SELECT count(*) FROM subscriber_mails") == [(0,)]
    assert rows(store, "SELECT count(*) FROM announcements") == [(0,)]
    assert people.counts() == {"": 1}


def test_an_address_gets_few_mails_that_it_did_not_want(store: Store, server: Smtp, mail: NotifierKind) -> None:
    people = store.subscriptions.subscribers
    for number in range(20):
        asked_at = NOON + timedelta(minutes=5 * number)
        assert people.ask(
            f"page-{number % 2}", KIM.upper() if number % 3 else KIM, "en", client=str(number), now=asked_at
        )
    assert len(statuses(store)) == 3


def test_everybody_together_cannot_ask_without_end(store: Store) -> None:
    people = store.subscriptions.subscribers
    asked = [people.ask("", f"{number}@a.example", "en", client=str(number), now=NOON) for number in range(201)]
    assert asked == [True] * 200 + [False]
    assert people.ask("", KIM, "en", client="kim", now=at(3601))


def test_many_subscribers_are_reached_in_steps(store: Store) -> None:
    note_mailing(store, "mail")
    with store.database.transaction() as transaction:
        transaction.run_each(
            "INSERT INTO subscribers (slug, address, language, secret, asked_at, confirmed_at) "
            "VALUES ('', :address, 'en', 'x', '2025', '2025')",
            [{"address": f"{number}@a.example"} for number in range(1_001)],
        )
    announce(store, "Payments fail")
    store.subscriptions.announcements.review(now=at(1), is_on=True)
    whose = rows(store, "SELECT subscriber_id FROM subscriber_mails")
    assert (len(whose), len(set(whose))) == (1_001, 1_001)
