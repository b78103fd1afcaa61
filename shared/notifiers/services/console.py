"""The console: one line on standard output for each message."""

from typing import TYPE_CHECKING

from shared.logs.output import deliver
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed

if TYPE_CHECKING:
    from shared.models.message import Message


class ConsoleNotifier(NotifierKind):
    """Prints the message. It has no settings."""

    shows_facts = False
    # It wakes nobody, and a line for each message can be searched and counted.
    pace = None

    def send(self, message: "Message", *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        try:
            # One write, so that the lines of two threads do not mix.
            deliver(f"{message.text}\n", timeout_seconds)
        except (OSError, ValueError) as error:
            raise SendFailed(f"standard output cannot be written: {error}") from error
        return Accepted("printed")

    def probe(self, timeout_seconds: float) -> ProbeResult:  # noqa: ARG002  # nothing is waited for
        """See NotifierKind.probe."""
        return ProbeResult("ok", "console is on")
