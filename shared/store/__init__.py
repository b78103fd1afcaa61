"""The only place that knows SQL.

``open_store(settings)`` gives the ``Store`` of this process; its methods say what you get or do. What a method writes,
it writes in one transaction.
"""

from shared.store.alerts import AlertNotFound
from shared.store.engine import StoreUnavailable
from shared.store.intake import Ingested
from shared.store.ledger import Store
from shared.store.opening import open_store
from shared.store.outbox import Owed

__all__ = ["AlertNotFound", "Ingested", "Owed", "Store", "StoreUnavailable", "open_store"]
