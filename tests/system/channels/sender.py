"""Delivers what is owed, as a function does, so many seconds later than it is."""

import sys
from datetime import timedelta

from shared.channels import configured
from shared.delivery import deliver_owed
from shared.models import now
from shared.settings import Settings
from shared.store import open_store

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv[1]))
    settings = Settings.from_env()
    print(deliver_owed(open_store(settings), configured(), settings, clock=lambda: now() + ahead))
