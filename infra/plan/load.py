"""What a configuration gives the functions to do in a month of 730 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.monitors.kinds import Kind
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

AGENT = "check_monitors"
HOURS = 730.0
MONTH_SECONDS = HOURS * 3600


@dataclass(frozen=True)
class Load:
    """The number of monitors, and every setting (``given``). ``checked``: those of the file, each with its interval.

    The others are checked in each run of the agent.
    """

    settings: Settings
    monitors: int
    given: Mapping[str, str] = field(default_factory=dict)
    checked: "Sequence[Policy]" = ()
    # As if each check over HTTP kept its connection.
    keeps_all: bool = False

    @property
    def interval(self) -> float:
        """Seconds between two runs of the agent."""
        return self.settings.check_interval_seconds

    @property
    def runs(self) -> float:
        """Runs of the agent in a month."""
        return MONTH_SECONDS / self.interval

    @property
    def checks(self) -> float:
        """Checks in a month."""
        others = self.monitors - len(self.checked)
        return self.runs * others + sum(_checks_of(self, policy) for policy in self.checked)

    @property
    def checks_a_run(self) -> float:
        """Checks in a run of the agent: their due times are spread evenly."""
        return self.checks / self.runs

    def kept(self, most: float) -> float:
        """Checks in a month over a connection that was kept, if the agent keeps so many at ``most``."""
        of_file = self.checked if self.keeps_all else [each for each in self.checked if each.connection == "reuse"]
        reusing = [policy for policy in of_file if policy.kind is Kind.HTTP and not policy.resolver]
        others = self.monitors - len(self.checked) if self.keeps_all else 0
        count = len(reusing) + others
        share = min(1.0, most / count) if count else 0.0
        return share * (self.runs * others + sum(_checks_of(self, policy) for policy in reusing))

    def is_logged(self, function: str) -> bool:
        """Whether a function logs each call in a cloud. The agent logs each check only on request."""
        return self.settings.log_level in (("DEBUG",) if function == AGENT else ("DEBUG", "INFO"))


def _checks_of(load: Load, policy: "Policy") -> float:
    # A run checks a monitor once.
    return MONTH_SECONDS / max(policy.interval, load.interval)
