"""The only place that knows SQL.

``open_store(settings)`` gives the ``Store`` of this process; its methods say what you get or do. What a method writes,
it writes in one transaction.
"""

from shared.store.engines.database import StoreUnavailable
from shared.store.ingest import Ingested
from shared.store.open import open_store
from shared.store.store import Store
from shared.store.tables.alerts import AlertNotFound
from shared.store.tables.notifications import Owed

__all__ = ["AlertNotFound", "Ingested", "Owed", "Store", "StoreUnavailable", "open_store"]
