"""Compare the outages that happened with those that other settings would have given. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.history.replay import overlap
from shared.models import Alert


class Comparison(NamedTuple):
    """How many outages ``happened``, how many were ``replayed``, and what became of those that happened.

    ``vanished``: none is replayed at that time. ``merged``: it is part of one that began as another. ``later``: it
    opens so many seconds later; earlier if they are below 0. ``appeared``: replayed ones that did not happen.
    """

    happened: int = 0
    replayed: int = 0
    vanished: tuple[Alert, ...] = ()
    merged: tuple[Alert, ...] = ()
    later: tuple[tuple[Alert, float], ...] = ()
    appeared: tuple[Alert, ...] = ()

    def plus(self, other: "Comparison") -> "Comparison":
        """Both together."""
        return Comparison(
            self.happened + other.happened,
            self.replayed + other.replayed,
            self.vanished + other.vanished,
            self.merged + other.merged,
            self.later + other.later,
            self.appeared + other.appeared,
        )


def compare(happened: Sequence[Alert], replayed: Sequence[Alert], since: datetime) -> Comparison:
    """Compare the outages of one monitor, each in the order in which they open. Those before ``since`` are left out.

    They are to be given all the same: an outage that opens later was perhaps one of them.
    """
    left = {alert.id: alert for alert in replayed}
    vanished, merged, later = [], [], []
    for alert in happened:
        if alert.id in left:  # it opens as it did
            del left[alert.id]
            continue
        among = [each for each in replayed if overlap(each, alert)]
        free = next((each for each in among if each.id < 0 and each.id in left), None)
        if free is not None:
            del left[free.id]
            later.append((alert, (free.opened_at - alert.opened_at).total_seconds()))
        elif among:
            merged.append(alert)
        else:
            vanished.append(alert)
    return Comparison(
        sum(alert.opened_at >= since for alert in happened),
        sum(alert.opened_at >= since for alert in replayed),
        _since(vanished, since),
        _since(merged, since),
        tuple((alert, seconds) for alert, seconds in later if alert.opened_at >= since),
        _since(left.values(), since),
    )


def _since(found: Iterable[Alert], since: datetime) -> tuple[Alert, ...]:
    return tuple(alert for alert in found if alert.opened_at >= since)
