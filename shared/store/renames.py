"""Monitors that get another name, with their alerts.

Version 0.1 named a monitor after its whole URL. Those whose names hold a password are renamed once.
"""

from datetime import datetime

from shared.models import Monitor, as_text
from shared.settings.secrets import MASK, without_password
from shared.store.engines.database import Transaction
from shared.store.tables import monitors, replay_facts

_ACTIVE = "SELECT 1 FROM alerts WHERE kind = 'OUTAGE' AND subject = :name AND status IN ('OPEN', 'ACK')"
_ABOUT_IT = "kind IN ('OUTAGE', 'DEGRADED', 'CERTIFICATE_EXPIRING') AND subject = :former"
_RENAME = (
    "UPDATE monitors SET name = :name, target_url = :url WHERE id = :id",
    f"UPDATE alerts SET subject = :name, target_url = :url WHERE {_ABOUT_IT}",  # noqa: S608  # our own text
    # Its other events were masked when they came.
    "UPDATE old_events SET target_url = :url WHERE monitor_id = :id",
)

_LEAVE = """
    INSERT INTO monitors (name, target_url, source, is_watched, removed_at, version)
    SELECT :former, target_url, source, 0, :removed_at, :version FROM monitors WHERE id = :id RETURNING id"""


def take_over(transaction: Transaction, name: str) -> Monitor | None:
    """The monitor that was watched as ``name`` with a password in it, renamed with its alerts and events.

    None if there is none. Several are there if the password changed: the one that is down goes on, otherwise the one
    that was checked last; the others keep their histories under names of their own.
    """
    if MASK not in name:
        return None
    found = transaction.values(Monitor, "SELECT * FROM monitors WHERE name LIKE :pattern", pattern="%://%@%")
    found = [monitor for monitor in found if monitor.name != name and without_password(monitor.name) == name]
    if not found:
        return None
    going_on = max(found, key=lambda monitor: (_is_down(transaction, monitor), str(monitor.last_checked_at)))
    for monitor in found:
        is_former = monitor.id != going_on.id
        _rename(transaction, monitor, f"{name} ({monitor.id})" if is_former else name)
    return monitors.named(transaction, name)


def give_name(transaction: Transaction, monitor_id: int, former: str, name: str, *, version: int, at: datetime) -> None:
    """Let a monitor be called ``name`` from now on, with its alerts. A removed one of that name makes way.

    A row with the ``former`` name stays. By it agents forget that name, and an event that is under way changes nothing.
    """
    gone = monitors.named(transaction, name)
    if gone is not None and gone.id != monitor_id:
        _call(transaction, gone.id, name, f"{name} ({gone.id})")
        replay_facts.add_policy(transaction, gone.id, at)
    _call(transaction, monitor_id, former, name)
    [left] = transaction.rows(_LEAVE, former=former, id=monitor_id, removed_at=as_text(at), version=version)
    replay_facts.add_policy(transaction, left["id"], at)


def _call(transaction: Transaction, monitor_id: int, former: str, name: str) -> None:
    transaction.rows("UPDATE monitors SET name = :name WHERE id = :id", id=monitor_id, name=name)
    sql = f"UPDATE alerts SET subject = :name WHERE {_ABOUT_IT}"  # noqa: S608  # our own text
    transaction.rows(sql, name=name, former=former)


def _is_down(transaction: Transaction, monitor: Monitor) -> bool:
    return transaction.row(_ACTIVE, name=monitor.name) is not None


def _rename(transaction: Transaction, monitor: Monitor, name: str) -> None:
    url = without_password(monitor.target_url)
    for sql in _RENAME:
        parameters = {"id": monitor.id, "former": monitor.name, "name": name, "url": url}
        transaction.rows(sql, **{key: value for key, value in parameters.items() if f":{key}" in sql})
