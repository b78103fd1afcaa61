"""What the store has for the people who look at the dashboard."""

from shared.store.engines.database import Database
from shared.store.visiting.overview import Overview
from shared.store.visiting.sessions import Sessions
from shared.store.visiting.trials import Trials


class Visits:
    """Who is signed in, how everything is at a glance, and what is tried."""

    def __init__(self, database: Database) -> None:
        self.sessions, self.overview, self.trials = Sessions(database), Overview(database), Trials(database)
