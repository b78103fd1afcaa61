"""Steps of a test with subscribers, over a real store and a real mail server, in one line each."""

import email
import email.message
import email.policy
import json

from shared.delivery import deliver_owed
from shared.notifiers import NotifierKind
from shared.settings import Settings
from shared.store import Store
from tests.support.builders import at
from tests.support.stand_ins.smtp import Smtp
from tests.support.store.steps import rows

SETTINGS = Settings.from_env({"STATUS_PAGE": "true", "PUBLIC_URL": "https://status.example"})
KIM, LEE = "kim@visitors.example", "lee@visitors.example"
DAY = 86_400


def subscribe(store: Store, *addresses: str, seconds: float = -60, slug: str = "") -> None:
    """They ask, and confirm; the mail that asks for it is never sent. A channel can mail them."""
    note_mailing(store, "mail")
    people = store.subscriptions.subscribers
    for address in addresses:
        assert people.ask(slug, address, "en", client=address, now=at(seconds))
        of_page = f"SELECT id FROM subscribers WHERE address = '{address}' AND slug = '{slug}'"  # our own text
        [(number,)] = rows(store, of_page)
        assert isinstance(number, int)
        people.confirm(number, now=at(seconds))


def note_mailing(store: Store, *channels: str) -> None:
    """These channels can mail people. A store of a former version knows of no others."""
    sql = """INSERT INTO configuration (id, mailing) VALUES (1, :mailing)
        ON CONFLICT (id) DO UPDATE SET mailing = excluded.mailing"""
    with store.database.transaction() as transaction:
        transaction.rows(sql, mailing=json.dumps(channels))


def announce(store: Store, title: str, seconds: float = 0) -> None:
    """An incident that every page shows, and the review that finds it."""
    store.incidents.add(title, "We look into it.", "investigating", [], now=at(seconds))
    store.subscriptions.announcements.review(now=at(seconds), is_on=True)


def deliver(store: Store, mail: NotifierKind, seconds: float = 0) -> None:
    deliver_owed(store, {"mail": mail}, SETTINGS, clock=lambda: at(seconds))


def got(server: Smtp, *, offered: bool = False) -> list[tuple[str, str]]:
    """The recipient of each mail, by its subject."""
    taken = server.offered if offered else server.mails
    return [(mail.recipients[0], str(parsed["Subject"])) for mail in taken if (parsed := _parsed(mail.data))]


def message_ids(server: Smtp) -> list[str]:
    return [str(_parsed(mail.data)["Message-ID"]) for mail in server.offered]


def statuses(store: Store) -> list[object]:
    return [status for (status,) in rows(store, "SELECT status FROM subscriber_mails ORDER BY id")]


def _parsed(data: bytes) -> email.message.Message:
    return email.message_from_bytes(data, policy=email.policy.default)
