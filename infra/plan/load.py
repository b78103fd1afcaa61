"""The functions' work for a configuration in a month of 730 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.check_monitors.targets import as_policies
from shared.monitors.kinds import Kind
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

AGENT = "check_monitors"
# Stands for all of them.
TARGETS = "TARGET_URL"
HOURS = 730.0
MONTH_SECONDS = HOURS * 3600


@dataclass(frozen=True)
class Load:
    """The number of monitors, and every setting (``given``). ``checked``: those of the file, each with its interval.

    The others are the targets. They are checked every ``target_seconds``, by default in each run of the agent.
    """

    settings: Settings
    monitors: int
    given: Mapping[str, str] = field(default_factory=dict)
    checked: "Sequence[Policy]" = ()
    # As if each check over HTTP kept its connection.
    keeps_all: bool = False
    target_seconds: float | None = None

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
        return self._checks_of_targets + sum(_checks_of(self, policy) for policy in self.checked)

    @property
    def checks_a_run(self) -> float:
        """Checks in a run of the agent: their due times are spread evenly."""
        return self.checks / self.runs

    def kept(self, most: float) -> float:
        """Checks in a month over a connection that was kept, if the agent keeps so many at ``most``."""
        of_file = self.checked if self.keeps_all else [each for each in self.checked if each.connection == "reuse"]
        reusing = [policy for policy in of_file if policy.kind is Kind.HTTP and not policy.resolver]
        count = len(reusing) + (self._targets if self.keeps_all else 0)
        share = min(1.0, most / count) if count else 0.0
        of_targets = self._checks_of_targets if self.keeps_all else 0.0
        return share * (of_targets + sum(_checks_of(self, policy) for policy in reusing))

    @property
    def watched(self) -> "list[Policy]":
        """The policies of what is checked. The targets have one in common."""
        of_targets = [each for _, each in as_policies([TARGETS], self.settings, 0.0)] if self._targets else []
        if self.target_seconds:
            of_targets = [each.model_copy(update={"interval": self.target_seconds}) for each in of_targets]
        return [*of_targets, *self.checked]

    @property
    def _targets(self) -> int:
        return self.monitors - len(self.checked)

    @property
    def _checks_of_targets(self) -> float:
        return MONTH_SECONDS / (self.target_seconds or self.interval) * self._targets

    def is_logged(self, function: str) -> bool:
        """Whether a function logs each call in a cloud. The agent logs each check only on request."""
        return self.settings.log_level in (("DEBUG",) if function == AGENT else ("DEBUG", "INFO"))


def _checks_of(load: Load, policy: "Policy") -> float:
    # A run checks a monitor once.
    return MONTH_SECONDS / max(policy.interval, load.interval)


def named(policy: "Policy") -> str:
    """Its name for people."""
    return TARGETS if policy.name == TARGETS else f"monitor {policy.name!r}"
