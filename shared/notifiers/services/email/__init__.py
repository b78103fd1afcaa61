"""Mail, through any mail server: as text and as a page, for all recipients at once if the server takes so many."""

import time
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed, outcomes
from shared.notifiers.exchange import INVALID_CERTIFICATE
from shared.notifiers.services.email.addresses import (
    Recipients,
    Sender,
    ServerUrl,
    StartTls,
    address_of,
    server_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.notifiers.personal import Mailer
    from shared.notifiers.services.email.offering import Offer
    from shared.notifiers.services.email.replies import Reply
    from shared.notifiers.services.email.session import Session


class EmailNotifier(NotifierKind):
    """Hands each mail to one server. An accepted mail is sent; the rest of its way is the server's business."""

    mails_people: ClassVar[bool] = True

    url: ServerUrl = Field(description="a mail server like smtp://user:password@mail.example:587, or smtps://…:465")
    sender: Sender = Field(
        alias="from", description="the sender's address, like alerts@example.com or Ops <a@b.example>"
    )
    to: Recipients = Field(description="an address like kim@example.com, or a list of up to 100")
    starttls: StartTls = Field("auto", description="auto, required or off")

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send. An address that the server refuses keeps the mail from nobody else."""
        from shared.notifiers.services.email.mail import mail_of

        mail = mail_of(message, address_of(self.sender), [address_of(text) for text in self.to])
        ends_at = time.monotonic() + timeout_seconds + outcomes.ANSWER_SECONDS

        def finish(session: "Session") -> "Reply":
            return session.hand_over(mail, answers_until=ends_at)

        return Accepted(str(self._offer(finish, timeout_seconds, ends_at, message.attempts)))

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. It logs in and names the sender and everybody, and then no mail follows."""
        fix = f"{self.setting('url')}, {self.setting('from')} and {self.setting('to')}"
        try:
            ends_at = time.monotonic() + timeout_seconds
            offer = self._offer(lambda session: session.ask(b"RSET")[0], timeout_seconds, ends_at)
        except SendFailed as failed:
            if INVALID_CERTIFICATE in str(failed):
                fix = f"SSL_CERT_FILE with its issuer, or {self.setting('url')} and {self.setting('starttls')}"
            return ProbeResult("failure", str(failed), "a mail server that takes the mail", fix)
        if offer.lost:
            return ProbeResult(
                "warning", f"the mail server refuses {', '.join(offer.lost)}", "addresses that exist", fix
            )
        recipients = "1 address" if len(self.to) == 1 else f"all {len(self.to)} addresses"
        return ProbeResult("ok", f"the mail server takes mail from {address_of(self.sender).text} to {recipients}")

    def mailer(self) -> "Mailer":
        """See NotifierKind.mailer."""
        from shared.notifiers.services.email.mailing import ConnectedMailer

        return ConnectedMailer(self.sender, self.session)

    def session(self, seconds: float, attempts: int = 1) -> "Session":
        """A connection to the server."""
        from shared.notifiers.services.email.session import Session

        return Session(server_of(self.url.get_secret_value()), self.starttls, seconds=seconds, attempts=attempts)

    def _offer(
        self, finish: "Callable[[Session], Reply]", seconds: float, ends_at: float, attempts: int = 1
    ) -> "Offer":
        """Offer the mail. Each connection has so many seconds, and none lasts longer than until ``ends_at``."""
        from shared.notifiers.services.email.offering import offer

        return offer(
            lambda: self.session(min(seconds, ends_at - time.monotonic()), attempts),
            address_of(self.sender).text,
            [address_of(text).text for text in self.to],
            finish,
        )
