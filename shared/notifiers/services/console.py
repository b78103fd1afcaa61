"""The console: one line on standard output for each message."""

from shared.logs.output import deliver
from shared.models import Notification
from shared.notifiers import NotifierKind, ProbeResult, SendFailed


class ConsoleNotifier(NotifierKind):
    """Prints the message. It has no settings."""

    @property
    def pace(self) -> None:
        """See NotifierKind.pace. The console wakes nobody, and a line for each message can be searched and counted."""
        return

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:  # noqa: ARG002  # a line shows its number
        """See Notifier.send."""
        try:
            # One write, so that the lines of two threads do not mix.
            deliver(f"{text}\n", timeout_seconds)
        except (OSError, ValueError) as error:
            raise SendFailed(f"standard output cannot be written: {error}") from error
        return "printed"

    def probe(self, timeout_seconds: float) -> ProbeResult:  # noqa: ARG002  # nothing is waited for
        """See NotifierKind.probe."""
        return ProbeResult("ok", "console is on")
