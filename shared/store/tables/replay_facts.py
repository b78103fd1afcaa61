"""The table ``replay_facts``: what, beside events, decided which outages opened and ended. See ``history.facts``."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.history.facts import JUDGING, Fact, What
from shared.models import as_text
from shared.settings.secrets import without_password
from shared.store.engines.database import Row, Transaction
from shared.store.tables.scope import OF_ONE_AGENT

_AT_ONCE = 1_000
_NEWEST_EVENT = """COALESCE((SELECT max(id) FROM (
        SELECT max(id) AS id FROM raw_events UNION ALL SELECT max(id) FROM old_events) AS numbers), 0)"""
_ADD = f"""
    INSERT INTO replay_facts (after_event, at, what, monitor_id, window_id, body)
    VALUES (COALESCE(:after_event, {_NEWEST_EVENT}), :at, :what, :monitor_id, :window_id, :body)"""  # noqa: S608  # ours
_ADD_OF_AGENT = f"""
    INSERT INTO replay_facts (after_event, at, what, monitor_id, body)
    SELECT {_NEWEST_EVENT}, :at, :what, id, :body FROM monitors
    WHERE {OF_ONE_AGENT} AND state <> :state ORDER BY id"""  # noqa: S608  # our own text
_POLICY = f"SELECT {', '.join(JUDGING)} FROM monitors WHERE id = :id"  # noqa: S608  # our own names
_IN_FORCE = """
    SELECT body FROM replay_facts WHERE monitor_id = :id AND what = 'policy' ORDER BY id DESC LIMIT 1"""
_FIRST = "SELECT body FROM replay_facts WHERE monitor_id = :id AND what = 'policy' ORDER BY id LIMIT 1"
_OF_WINDOW = ("kind", "targets", "starts_at", "ends_at", "recurrence")
_PAGE = "SELECT * FROM replay_facts WHERE id > :after AND {} ORDER BY id LIMIT :most"
# The policy and the windows that are in force stay, however old they are.
_OLD = """
    SELECT id FROM replay_facts AS old WHERE at < :before AND (
        what NOT IN ('policy', 'window')
        OR (what = 'policy' AND EXISTS (
            SELECT 1 FROM replay_facts AS newer
            WHERE newer.monitor_id = old.monitor_id AND newer.what = 'policy' AND newer.id > old.id
                AND newer.at < :before))
        OR (what = 'window' AND (
            NOT EXISTS (SELECT 1 FROM windows WHERE windows.id = old.window_id)
            OR EXISTS (
                SELECT 1 FROM replay_facts AS newer
                WHERE newer.window_id = old.window_id AND newer.id > old.id AND newer.at < :before))))
    ORDER BY at, id LIMIT :most"""
_PRUNE = f"DELETE FROM replay_facts WHERE id IN ({_OLD}) RETURNING id"  # noqa: S608  # our own text


def add(
    transaction: Transaction, monitor_id: int, what: What, at: datetime, *, after_event: int | None = None, **body: Any
) -> None:
    """Something happened to a monitor, by itself behind the newest event. A time in the ``body`` is stored as text."""
    texts = {name: as_text(value) if isinstance(value, datetime) else value for name, value in body.items()}
    _add(transaction, what, at, texts, monitor_id=monitor_id, after_event=after_event)


def add_of_agent(transaction: Transaction, agent: str, state: str, at: datetime) -> None:
    """Each monitor that the agent alone checks comes into a state; to be called before the change."""
    body = json.dumps({"state": state, "since": as_text(at)})
    transaction.rows(_ADD_OF_AGENT, agent=agent, state=state, at=as_text(at), what=What.STATE, body=body)


def add_policy(transaction: Transaction, monitor_id: int, at: datetime) -> None:
    """Note the judging fields of a monitor's policy if they are new; to be called after the change."""
    row, known = transaction.row(_POLICY, id=monitor_id), transaction.row(_IN_FORCE, id=monitor_id)
    policy = {name: row[name] for name in JUDGING} if row else {}
    if policy and (known is None or json.loads(known["body"]) != policy):
        _add(transaction, What.POLICY, at, policy, monitor_id=monitor_id)


def add_window(transaction: Transaction, window_id: int, row: Row | None, at: datetime) -> None:
    """A window as it is from now on; None: it was removed."""
    body = {name: row[name] for name in _OF_WINDOW} if row else None
    _add(transaction, What.WINDOW, at, body, window_id=window_id)


def _add(
    transaction: Transaction,
    what: What,
    at: datetime,
    body: Mapping[str, Any] | None,
    *,
    monitor_id: int | None = None,
    window_id: int | None = None,
    after_event: int | None = None,
) -> None:
    transaction.run(
        _ADD,
        after_event=after_event,
        at=as_text(at),
        what=what,
        monitor_id=monitor_id,
        window_id=window_id,
        body=json.dumps(body, ensure_ascii=False),
    )


def of_monitor(transaction: Transaction, monitor_id: int) -> Iterator[Fact]:
    """The facts about a monitor and all windows, in order. They are read in parts."""
    after, condition = 0, "(monitor_id = :id OR monitor_id IS NULL)"
    while rows := transaction.rows(_PAGE.format(condition), after=after, id=monitor_id, most=_AT_ONCE):
        yield from map(_fact, rows)
        after = rows[-1]["id"]


def first_name(transaction: Transaction, monitor_id: int) -> str | None:
    """The name of a monitor when its first policy came into force; None if none did."""
    row = transaction.row(_FIRST, id=monitor_id)
    return json.loads(row["body"])["name"] if row else None


def mask_names(transaction: Transaction) -> None:
    """Mask the passwords of URLs in the names of monitors, which version 0.1 stored."""
    sql = "SELECT id, body FROM replay_facts WHERE what = 'policy' AND body LIKE :url"
    for row in transaction.rows(sql, url="%://%@%"):
        policy = json.loads(row["body"])
        masked = json.dumps({**policy, "name": without_password(policy["name"])}, ensure_ascii=False)
        transaction.rows("UPDATE replay_facts SET body = :body WHERE id = :id", body=masked, id=row["id"])


def prunable(transaction: Transaction, before: str) -> bool:
    """Whether anything happened before then that may go."""
    return transaction.row(_OLD, before=before, most=1) is not None


def prune(transaction: Transaction, before: str, most: int) -> int:
    """Delete what happened before then, at most so many; how many there were."""
    return len(transaction.rows(_PRUNE, before=before, most=most))


def _fact(row: Row) -> Fact:
    at = datetime.fromisoformat(row["at"])
    return Fact(row["after_event"], at, What(row["what"]), json.loads(row["body"]), row["window_id"])
