"""The table ``leases``: what only one process at a time may do."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Transaction

_TAKE = """
    INSERT INTO leases (name, holder, leased_until) VALUES (:name, :holder, :leased_until)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
    WHERE leases.holder = excluded.holder OR leases.leased_until <= :now OR leases.leased_until > :longest
    RETURNING holder"""


def take(transaction: Transaction, name: str, holder: str, *, now: datetime, leased_until: datetime) -> bool:
    """Take a lease, or keep it for longer; False if another holder has it.

    One that lasts longer than the one asked for was taken before the clock was set back, and counts as over.
    """
    times = {"now": as_text(now), "leased_until": as_text(leased_until), "longest": as_text(leased_until)}
    return transaction.row(_TAKE, name=name, holder=holder, **times) is not None
