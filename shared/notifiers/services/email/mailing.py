"""Mails to single people, one after the other over one connection."""

import time
from collections.abc import Callable

from shared.models.message import Message
from shared.notifiers import outcomes
from shared.notifiers.outcomes import Accepted, SendFailed
from shared.notifiers.personal import Envelope, RecipientRefused, ServerAtFault
from shared.notifiers.services.email.addresses import Address, address_of
from shared.notifiers.services.email.mail import mail_of
from shared.notifiers.services.email.replies import is_mailbox_gone, refused
from shared.notifiers.services.email.session import Session

# Servers end a connection that stays for long.
_MOST_OF_CONNECTION = 50


class ConnectedMailer:
    """See Mailer. The connection is made for the first mail, and again after a failure."""

    def __init__(self, sender: str, connect: Callable[[float], Session]) -> None:
        """``connect``: makes a connection that lasts for so many seconds."""
        self._sender, self._connect = sender, connect
        self._session: Session | None = None
        self._sent = 0

    def mail(self, message: Message, envelope: Envelope, *, timeout_seconds: float) -> Accepted:
        """See Mailer.mail."""
        sender, recipient = address_of(self._sender), address_of(envelope.to)
        content = mail_of(message, sender, [recipient], envelope)
        ends_at = time.monotonic() + timeout_seconds + outcomes.ANSWER_SECONDS
        session = self._begun(sender, timeout_seconds)
        try:
            [to] = session.ask(f"RCPT TO:<{recipient.text}>".encode())
            if not to.is_success:
                failed = refused("the recipient", [to])
                raise RecipientRefused(str(failed)) if is_mailbox_gone(to) else failed
            taken = session.hand_over(content, answers_until=ends_at)
        except RecipientRefused:
            # The connection is as good as before.
            self._reset(session)
            raise
        except SendFailed:
            self.close()
            raise
        self._sent += 1
        if self._sent >= _MOST_OF_CONNECTION:
            self.close()
        return Accepted(str(taken))

    def close(self) -> None:
        """See Mailer.close."""
        if self._session is not None:
            self._session.__exit__()
        self._session, self._sent = None, 0

    def _begun(self, sender: Address, seconds: float) -> Session:
        """A connection on which the sender is named. Raises ServerAtFault."""
        try:
            session = self._opened(seconds)
            [from_us] = session.ask(f"MAIL FROM:<{sender.text}>".encode())
            if not from_us.is_success:
                raise refused("the sender", [from_us])
        except SendFailed as failed:
            self.close()
            raise ServerAtFault(str(failed)) from None
        return session

    def _opened(self, seconds: float) -> Session:
        if self._session is None:
            self._session = self._connect(seconds)
            # Nobody's address shall be in a log.
            self._session.is_discreet = True
        else:
            self._session.renew(seconds)
        return self._session

    def _reset(self, session: Session) -> None:
        try:
            session.ask(b"RSET")
        except SendFailed:
            self.close()
