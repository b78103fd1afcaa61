"""Subscribers of status pages: who they are, what is announced to them, and the mails that they are owed."""

from shared.store.engines.database import Database
from shared.store.subscribing.announcing import Announcements
from shared.store.subscribing.mails import Mails
from shared.store.subscribing.subscribers import Subscribers


class Subscriptions:
    """The subscriptions of one store."""

    def __init__(self, database: Database) -> None:
        self.subscribers, self.announcements, self.mails = (
            Subscribers(database),
            Announcements(database),
            Mails(database),
        )
