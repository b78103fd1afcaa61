"""Hours and days that are over are packed, and old ones are taken out again, one row of ``packs`` in a step.

Nobody waits while a pack is made: it is written afterwards, if nothing was folded or packed meanwhile.
"""

from datetime import datetime, timedelta

from shared.history.buckets import floor
from shared.history.packing import merged
from shared.models import as_text
from shared.store.engines.database import Database
from shared.store.tables import merged_days, packs, rollups
from shared.store.tables.packs import Pack

# A day's last events come after its end; then it is packed once.
_LATE = timedelta(hours=1)


def pack(database: Database, step: str, now: datetime) -> int:
    """Pack the oldest rollups that are not packed, of one monitor; how many there were."""
    before = as_text(floor(now - _LATE, "day"))
    with database.snapshot() as snapshot:
        part = rollups.oldest_part(snapshot, step, before)
        if part is None:
            return 0
        mark = rollups.mark(snapshot)
        added, stored = rollups.of_part(snapshot, part, before), packs.get(snapshot, part)
    made = Pack.of(part, merged(stored.items(), added.values()))
    # It need not wait for the disk: after a power cut the rollups are either here or there.
    with database.transaction(is_durable=False) as transaction:
        if rollups.mark(transaction) == mark:
            packs.put(transaction, made)
            rollups.delete(transaction, list(added))
            rollups.note_packing(transaction)
    return len(added)


def prune(database: Database, step: str, before: str) -> int:
    """Take those that began before then out of the pack with the oldest one; how many there were."""
    with database.snapshot() as snapshot:
        part = packs.oldest(snapshot, step, before)
        if part is None:
            return 0
        mark, stored = rollups.mark(snapshot), packs.get(snapshot, part)
    kept = {number: rollup for number, rollup in stored.items() if packs.time_of(step, number) >= before}
    made = Pack.of(part, kept) if kept else None
    with database.transaction() as transaction:
        if rollups.mark(transaction) == mark:
            if made:
                packs.put(transaction, made)
            else:
                packs.delete(transaction, part)
            if step == "day":
                merged_days.prune(transaction, before)
            rollups.note_packing(transaction)
    return len(stored) - len(kept)
