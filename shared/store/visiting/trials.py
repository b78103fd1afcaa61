"""Checks that are tried before a monitor is saved: begun by the dashboard, done by an agent, read by the dashboard."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from shared.store.engines.database import Database
from shared.store.refusals import TrialNotFound
from shared.store.tables import trials

if TYPE_CHECKING:
    from shared.monitors.policy import Policy


class Trial(NamedTuple):
    """A trial. ``policy`` and ``result`` are JSON; ``result`` is None until an agent has reported it.

    ``is_given``: an agent has it at present. ``is_given_up``: agents got it as often as they may, and none reported.
    """

    id: int
    policy: str
    monitor_id: int | None
    result: str | None
    is_given: bool
    is_given_up: bool


class Trials:
    """The trials of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, policy: "Policy", *, monitor_id: int | None, now: datetime) -> int:
        """Let an agent try a policy, with its placeholders as they are written; the trial's id."""
        text = policy.model_dump_json(exclude_defaults=True)
        with self._database.transaction(is_durable=False) as transaction:
            trials.prune(transaction, now)
            return trials.add(transaction, text, monitor_id, policy.timeout, now)

    def get(self, trial_id: int, *, now: datetime) -> Trial:
        """A trial of the last hour. Raises TrialNotFound."""
        with self._database.snapshot() as snapshot:
            row = trials.get(snapshot, trial_id, now)
        if row is None:
            raise TrialNotFound(trial_id)
        is_given = trials.is_leased(row, now)
        is_given_up = row["given"] >= trials.MOST_GIVEN and not is_given
        return Trial(row["id"], row["policy"], row["monitor_id"], row["result"], is_given, is_given_up)

    def conclude(self, trial_id: int, result: str, *, now: datetime) -> None:
        """Keep what an agent found, unless another one was faster. Raises TrialNotFound."""
        with self._database.transaction(is_durable=False) as transaction:
            if trials.get(transaction, trial_id, now) is None:
                raise TrialNotFound(trial_id)
            trials.conclude(transaction, trial_id, result)
