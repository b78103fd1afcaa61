"""SSH: the server introduces itself."""

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from functions.check_monitors.probes.transfers.talk import Conversation, not_spoken, until
from shared.models import Cause


class SshCheck(ConnectCheck):
    """The check of ``ssh://host:port``."""

    default_port = 22

    def conversation(self) -> Conversation:
        """Hear the banner. A server may say other lines before it."""
        yield from until(self.heard, self._has_banner)
        return self._finding()

    def _has_banner(self) -> bool:
        return any(line.startswith(b"SSH-") for line in bytes(self.heard.data).split(b"\n")[:-1])

    def _finding(self) -> Cause | None:
        return None if self._has_banner() else not_spoken("SSH", self.heard)


def check_of(subject: Subject) -> SshCheck:
    """The check of a policy whose URL begins with ssh://."""
    return SshCheck(subject)
