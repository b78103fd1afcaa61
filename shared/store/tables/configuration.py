"""The table ``configuration``: what the file says beside its monitors, its version, a name, the channels."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.store.engines.database import Transaction

# One statement: every claim asks.
_GENERATION = """
    SELECT (SELECT min(applied_at) FROM schema_migrations) AS created_at,
        (SELECT version FROM configuration WHERE id = 1) AS version"""

_SAVE = """
    INSERT INTO configuration (id, version, body) VALUES (1, :version, :body)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body"""

_COUNT_UP = """
    INSERT INTO configuration (id, version) VALUES (1, 1)
    ON CONFLICT (id) DO UPDATE SET version = configuration.version + 1"""

_SAVE_PROBLEM = """
    INSERT INTO configuration (id, problem) VALUES (1, :problem)
    ON CONFLICT (id) DO UPDATE SET problem = excluded.problem"""

_SAVE_CHANNELS = """
    INSERT INTO configuration (id, channels, mailing) VALUES (1, :channels, :mailing)
    ON CONFLICT (id) DO UPDATE SET channels = excluded.channels, mailing = excluded.mailing"""

# The first one stays, if two processes make one at once.
_NAME = """
    INSERT INTO configuration (id, installation) VALUES (1, :installation)
    ON CONFLICT (id) DO UPDATE SET installation = coalesce(configuration.installation, excluded.installation)"""


class Generation(NamedTuple):
    """When the store was made, as text, and how often its configuration has changed since."""

    created_at: str | None
    version: int

    def has_all_of(self, earlier: "Generation") -> bool:
        """Whether this is the same store, and not an older copy of it."""
        return self.created_at == earlier.created_at and self.version >= earlier.version


def generation(transaction: Transaction) -> Generation:
    """The store's generation. By two of them its reader sees that it was emptied or replaced in between."""
    [row] = transaction.rows(_GENERATION)
    return Generation(row["created_at"], row["version"] or 0)


def version(transaction: Transaction) -> int:
    """How often the configuration has changed."""
    row = transaction.row("SELECT version FROM configuration WHERE id = 1")
    return int(row["version"]) if row else 0


def body(transaction: Transaction) -> dict[str, Any]:
    """The parts of the file beside its monitors."""
    row = transaction.row("SELECT body FROM configuration WHERE id = 1")
    return dict(json.loads(row["body"])) if row else {}


def escalations(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The escalations of a body, by name. Former versions stored whatever was sent."""
    found = body.get("escalations")
    return found if isinstance(found, Mapping) else {}


def problem(transaction: Transaction) -> str | None:
    """The mistakes of the file as it is now."""
    row = transaction.row("SELECT problem FROM configuration WHERE id = 1")
    return row["problem"] if row else None


def save_problem(transaction: Transaction, problem: str | None) -> None:
    """Write what is wrong with the file; None: nothing."""
    transaction.rows(_SAVE_PROBLEM, problem=problem)


def save(transaction: Transaction, version: int, body: dict[str, Any]) -> None:
    """Write both."""
    transaction.rows(_SAVE, version=version, body=json.dumps(body, ensure_ascii=False, sort_keys=True))


def count_up(transaction: Transaction) -> None:
    """Let every process read again what is watched: not a policy has changed it, but an event, or an agent's target."""
    transaction.rows(_COUNT_UP)


def mailing(transaction: Transaction) -> list[str]:
    """The channels that can mail people, as they were noted last."""
    row = transaction.row("SELECT mailing FROM configuration WHERE id = 1")
    return list(json.loads(row["mailing"])) if row and row["mailing"] else []


def channels(transaction: Transaction) -> list[str] | None:
    """The channels that are on, as they were noted last; None before that."""
    row = transaction.row("SELECT channels FROM configuration WHERE id = 1")
    return list(json.loads(row["channels"])) if row and row["channels"] else None


def save_channels(transaction: Transaction, names: list[str], mailing: list[str]) -> None:
    """Note the channels that are on, and those of them that can mail people."""
    transaction.rows(_SAVE_CHANNELS, channels=json.dumps(names, ensure_ascii=False), mailing=json.dumps(mailing))


def installation(transaction: Transaction) -> str | None:
    """The name of this installation, if it has one already."""
    row = transaction.row("SELECT installation FROM configuration WHERE id = 1")
    return row["installation"] if row else None


def name_installation(transaction: Transaction, installation: str) -> None:
    """Give it this name, unless it has one."""
    transaction.rows(_NAME, installation=installation)
