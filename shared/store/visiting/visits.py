"""The store's parts for the people who look at the dashboard."""

from shared.store.engines.database import Database
from shared.store.visiting.overview import Overview
from shared.store.visiting.sessions import Sessions
from shared.store.visiting.trials import Trials


class Visits:
    """Sign-ins, everything at a glance, and trials."""

    def __init__(self, database: Database) -> None:
        self.sessions, self.overview, self.trials = Sessions(database), Overview(database), Trials(database)
