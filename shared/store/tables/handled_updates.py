"""The table ``handled_updates``: what was done for chats, forms and sign-in links: repetitions do nothing."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Transaction

# A chat's service repeats an update for a day at most, and a person presses few buttons.
KEPT = 10_000
_NOTE = """
    INSERT INTO handled_updates (name, handled_at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING RETURNING id"""


def note(transaction: Transaction, name: str, at: datetime) -> bool:
    """Note that an update is handled in this transaction; False if it was before. The oldest ones are forgotten."""
    row = transaction.row(_NOTE, name=name, at=as_text(at))
    if row is None:
        return False
    transaction.rows("DELETE FROM handled_updates WHERE id <= :id", id=row["id"] - KEPT)
    return True
