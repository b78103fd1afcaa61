"""TCP: a port takes connections, and says what is awaited if the policy awaits something."""

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from functions.check_monitors.probes.transfers.talk import Conversation, awaited


class TcpCheck(ConnectCheck):
    """The check of ``tcp://host:port``."""

    def conversation(self) -> Conversation | None:
        """Send the policy's body, and hear what is awaited."""
        return awaited(self.subject, self.heard)


def check_of(subject: Subject) -> TcpCheck:
    """The check of a policy whose URL begins with tcp://."""
    return TcpCheck(subject)
