"""TCP: a port takes connections, and says what is awaited if the policy awaits something."""

from functions.check_monitors.probes.connect import ConnectCheck
from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.talk import Conversation, until


class TcpCheck(ConnectCheck):
    """The check of ``tcp://host:port``."""

    def conversation(self) -> Conversation | None:
        """Send the policy's body, and hear until what was heard is what is awaited."""
        subject = self.subject
        if not subject.is_body_needed and subject.policy.body is None:
            return None
        body = subject.filled(subject.policy.body) if subject.policy.body else ""
        return self._talk(body.encode())

    def _talk(self, body: bytes) -> Conversation:
        if body:
            yield body
        if self.subject.is_body_needed:
            yield from until(self.heard, self._is_content)
        return None

    def _is_content(self) -> bool:
        # A server that has said what it has to say stays silent, and does not hang up.
        self.subject.seen.body = bytes(self.heard.data)
        return bool(self.heard.data) and self.subject.is_content()


def check_of(subject: Subject) -> TcpCheck:
    """The check of a policy whose URL begins with tcp://."""
    return TcpCheck(subject)
