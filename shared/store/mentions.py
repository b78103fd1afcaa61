"""The places in which people name a monitor: windows, incidents, and the monitors that depend on it."""

import json
from collections.abc import Sequence
from datetime import datetime

from shared.store.engines.database import Row, Transaction
from shared.store.tables import incidents, policies, replay_facts, windows

_BLOCKED = "UPDATE alerts SET blocked_by = :name WHERE blocked_by = :former AND status IN ('OPEN', 'ACK')"
_IN_ALERTS = ("dependents", "still_failing")


def rename_mentions(transaction: Transaction, former: str, name: str, *, version: int, at: datetime) -> None:
    """Let everything that people made name a monitor as it is called now, which was called ``former``.

    A window or monitor of the file keeps the name that the file says. ``version``: that of the monitors that change.
    """

    def renamed(names: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(name if each == former else each for each in names))

    for row in _naming(transaction, "windows", "targets", former, source="api"):
        targets = json.loads(row["targets"])
        # A group or a tag may have the same name.
        if former in targets.get("monitors", ()):
            named = {"monitors": renamed(targets["monitors"])}
            body = {**json.loads(row["body"]), **named}
            saved = windows.save_names(transaction, row["id"], targets=_json(named), body=_json(body))
            replay_facts.add_window(transaction, row["id"], saved, at)
    for row in _naming(transaction, "monitors", "depends_on", former, source="api"):
        parents = renamed(json.loads(row["depends_on"]))
        policy = {**json.loads(row["policy"]), "depends_on": parents}
        columns = {"depends_on": _json(parents), "policy": _json(policy), "version": version}
        policies.save_parents(transaction, row["id"], columns)
    for row in _naming(transaction, "incidents", "monitors", former):
        incidents.save(transaction, row, monitors=_json(renamed(json.loads(row["monitors"]))))
    for column in _IN_ALERTS:
        for row in _naming(transaction, "alerts", column, former):
            sql = f"UPDATE alerts SET {column} = :names WHERE id = :id"  # noqa: S608  # our own names
            transaction.rows(sql, id=row["id"], names=_json(renamed(json.loads(row[column]))))
    transaction.rows(_BLOCKED, name=name, former=former)


def _naming(transaction: Transaction, table: str, column: str, name: str, **wanted: str) -> list[Row]:
    """The rows of a table in whose column, which is JSON, the name stands."""
    # LIKE would ignore the case in SQLite, and not in PostgreSQL.
    conditions = [f"replace({column}, :quoted, '') <> {column}", *(f"{key} = :{key}" for key in wanted)]
    sql = f"SELECT * FROM {table} WHERE {' AND '.join(conditions)} ORDER BY id"  # noqa: S608  # our own names
    return transaction.rows(sql, quoted=_json(name), **wanted)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
