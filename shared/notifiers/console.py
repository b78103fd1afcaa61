"""The console: one line on standard output. Always on; it has no settings."""

import sys
from collections.abc import Mapping

from shared.models import Notification
from shared.notifiers import Notifier, SendFailed


class ConsoleNotifier:
    """Prints the message."""

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:  # noqa: ARG002  # a print has no deadline
        """See Notifier.send."""
        try:
            # One write, so that lines of two threads do not mix.
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:
            raise SendFailed(f"standard output cannot be written: {error}") from error
        return "printed"


def from_env(environ: Mapping[str, str]) -> Notifier | None:  # noqa: ARG001
    """The console, whatever is configured."""
    return ConsoleNotifier()
