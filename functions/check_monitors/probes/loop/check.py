"""The check that a loop runs, of whatever kind."""

from typing import Any, Protocol

from shared.models import Cause


class Check(Protocol):
    """One transfer or exchange that a loop runs, or several that follow each other."""

    ca_file: str  # of the trusted certificates; empty if it needs none
    deadline: float  # of its transfers on time.monotonic()'s clock, if it has some; otherwise 0
    keeps: str  # the name under which its connection is kept for its next time; empty if it is not
    is_put_off: bool  # the agent itself lacked something: begin again, a little later

    def handle(self) -> Any:
        """Return the first step: a transfer's handle, an exchange, or None if there is nothing to do."""

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of a transfer (libcurl's code and text); what comes next: as above, or a lookup."""

    def after(self, exchange: Any) -> Any:
        """Take an exchange that is over; what comes next, as above."""

    def break_off(self, defect: Exception) -> None:
        """Take an exception that should not happen. Raise it to end the whole run."""

    def know_better(self, why: Cause) -> None:
        """Take what the lookup has found."""
