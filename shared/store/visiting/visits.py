"""What the store has for the people who look at the dashboard."""

from shared.store.engines.database import Database
from shared.store.visiting.overview import Overview
from shared.store.visiting.sessions import Sessions


class Visits:
    """Who is signed in, and how everything is at a glance."""

    def __init__(self, database: Database) -> None:
        self.sessions, self.overview = Sessions(database), Overview(database)
