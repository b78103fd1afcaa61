"""The table ``judgements``: how events were judged that were not simply healthy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.alerting import Decision, Reason
from shared.store.engines.database import Row, Transaction, in_parts

if TYPE_CHECKING:
    from shared.models import Event

_ADD = "INSERT INTO judgements (id, reason, number, threshold) VALUES (:id, :reason, :number, :threshold)"

_SELECT = "SELECT * FROM judgements WHERE id IN"


class Judgement(NamedTuple):
    """How an event was judged: which failure, or success, in a row it was at its location, and of how many."""

    id: int
    reason: str
    number: int
    threshold: int


def of_decision(event_id: int, event: "Event", decision: Decision) -> Judgement | None:
    """The kept part of the decision about an event; None if it was healthy."""
    monitor, seen, reason = decision.monitor, decision.place or decision.monitor, decision.reason
    if event.is_success:
        if reason is Reason.HEALTHY:
            return None  # the usual case
        return Judgement(event_id, reason, seen.consecutive_successes, monitor.success_threshold)
    if reason is Reason.HEALTHY:
        # Other locations have checked since: this one is too old to have a vote.
        reason = Reason.LATE
    return Judgement(event_id, reason, seen.consecutive_failures, monitor.failure_threshold)


def add(transaction: Transaction, made: Iterable[Judgement]) -> None:
    """Keep how events were judged."""
    transaction.run_each(_ADD, [each._asdict() for each in made])


def of_events(transaction: Transaction, ids: Sequence[int]) -> dict[int, Row]:
    """How these events were judged, by their ids."""
    asked = [transaction.ask(f"{_SELECT} ({some})", **named) for some, named in in_parts(ids)]
    return {row["id"]: row for answer in asked for row in answer()}


def of_event(event: Row, judged: Row | None) -> Mapping[str, Any]:
    """The ``reason``, ``number`` and ``threshold`` of an event; None if nobody kept how a failure was judged."""
    if judged is not None:
        return {name: judged[name] for name in ("reason", "number", "threshold")}
    return {"reason": Reason.HEALTHY.value if event["is_success"] else None, "number": None, "threshold": None}
