"""A condition that was parsed: whether it holds, and how a message shows it if it does not."""

from collections.abc import Callable, Sequence

from shared.monitors.conditions.comparisons import Comparison
from shared.monitors.conditions.facts import Facts
from shared.monitors.conditions.readings import Reading

# An event can carry no more.
_LONGEST = 4_096
# A side as a message shows it: as it was written, or what is read from the check.
Shown = str | Reading


class Condition:
    """One comparison, parsed. ``placeholders`` holds the names that it reads, such as ``STATUS`` and ``BODY``."""

    __slots__ = ("_comparison", "_left", "_right", "_sign", "holds", "is_settled", "placeholders", "text")

    def __init__(self, text: str, left: Shown, sign: str, right: Shown, comparison: Comparison) -> None:
        self.text = text
        self.placeholders = frozenset(side.name for side in (left, right) if isinstance(side, Reading))
        self.holds: Callable[[Facts], bool] = comparison.holds
        self.is_settled: Callable[[Facts], bool] = comparison.is_settled
        self._comparison = comparison
        self._left, self._sign, self._right = left, sign, right

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"

    def shown(self, facts: Facts) -> str:
        """The condition with its values: ``[RESPONSE_TIME] (512) < 300``."""
        left, right = (
            side.described(facts) if isinstance(side, Reading) else side for side in (self._left, self._right)
        )
        return f"{left} {self._sign} {right}"[:_LONGEST]

    def failed(self, facts: Facts) -> str:
        """The condition as it failed, with its values.

        If its two types cannot be compared, it says so: ``[BODY].count (many) > 5: text is not a number``.
        """
        why_not = self._comparison.why_not(facts)
        return (self.shown(facts) + (f": {why_not}" if why_not else ""))[:_LONGEST]


def failure(conditions: Sequence[Condition], facts: Facts) -> str | None:
    """The first of ``conditions`` that fails, with its values; None if all hold."""
    for condition in conditions:
        if not condition.holds(facts):
            return condition.failed(facts)
    return None
