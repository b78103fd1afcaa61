"""Mail, through any mail server: as text and as a page, one mail for all recipients."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed
from shared.notifiers.services.email.addresses import (
    Recipients,
    Sender,
    ServerUrl,
    StartTls,
    address_of,
    server_of,
)

if TYPE_CHECKING:
    from shared.notifiers.personal import Mailer
    from shared.notifiers.services.email.session import Session


class EmailNotifier(NotifierKind):
    """Hands each mail to one server. What that server accepted is sent; who gets it then is the server's business."""

    mails_people: ClassVar[bool] = True

    url: ServerUrl = Field(description="a mail server like smtp://user:password@mail.example:587, or smtps://…:465")
    sender: Sender = Field(
        alias="from", description="the sender's address, like alerts@example.com or Ops <a@b.example>"
    )
    to: Recipients = Field(description="an address like kim@example.com, or a list of up to 100")
    starttls: StartTls = Field("auto", description="auto, required or off")

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See Notifier.send. An address that the server refuses keeps the mail from nobody else."""
        from shared.notifiers.services.email.mail import mail_of

        mail = mail_of(message, address_of(self.sender), [address_of(text) for text in self.to])
        with self.session(timeout_seconds, message.attempts) as session:
            lost = self._offer(session)
            taken = session.hand_over(mail)
        return Accepted("; ".join([str(taken), *([f"refused: {', '.join(lost)}"] if lost else [])]))

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. It logs in and names the sender and everybody, and then no mail follows."""
        fix = f"{self.setting('url')}, {self.setting('from')} and {self.setting('to')}"
        try:
            with self.session(timeout_seconds) as session:
                lost = self._offer(session)
                session.ask(b"RSET")
        except SendFailed as failed:
            return ProbeResult("failure", str(failed), "a mail server that takes the mail", fix)
        if lost:
            return ProbeResult("warning", f"the mail server refuses {', '.join(lost)}", "addresses that exist", fix)
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

    def _offer(self, session: "Session") -> list[str]:
        """Say who sends and who shall get it. Those whom the server refuses, each with the code; SendFailed if all."""
        from shared.notifiers.services.email.replies import refused

        [reply] = session.ask(f"MAIL FROM:<{address_of(self.sender).text}>".encode())
        if not reply.is_success:
            raise refused("the sender", [reply])
        recipients = [address_of(text).text for text in self.to]
        replies = session.ask(*(f"RCPT TO:<{recipient}>".encode() for recipient in recipients))
        if not any(reply.is_success for reply in replies):
            raise refused("the recipient" if len(replies) == 1 else "every recipient", replies)
        pairs = zip(recipients, replies, strict=True)
        return [f"{recipient} ({reply.code})" for recipient, reply in pairs if not reply.is_success]
