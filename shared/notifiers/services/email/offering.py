"""Name everybody to the mail server, on further connections if it takes only so many recipients of one mail.

Nobody waits for whoever is refused, not even for now: to try again would be a copy for everybody else, and to wait
before anybody has the mail would put off each outage for one full mailbox.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.notifiers.outcomes import SendFailed
from shared.notifiers.services.email.replies import Reply, is_too_many, refused
from shared.notifiers.services.email.session import Session

# Servers let nobody have many at a time.
_MOST_CONNECTIONS = 10


class Refusal(NamedTuple):
    """An address that the server refused, and what it said to it."""

    recipient: str
    reply: Reply

    def __str__(self) -> str:
        return f"{self.recipient} ({self.reply.code})"


class Offer(NamedTuple):
    """A connection on which these recipients are accepted, and the mail may follow."""

    session: Session
    recipients: tuple[str, ...]


class Offers(NamedTuple):
    """How the server takes a mail: as one for everybody, or as several if each may have only so many recipients."""

    accepted: tuple[Offer, ...]
    refusals: tuple[Refusal, ...]

    def hand_over(self, mail: bytes) -> str:
        """Send the mail, and return what the server said, and whom it refused.

        Raises:
            SendFailed: the server did not take it, or did not say so.
        """
        first, *others = self.accepted
        said, lost = [str(first.session.hand_over(mail))], list(map(str, self.refusals))
        for offer in others:
            try:
                said.append(str(offer.session.hand_over(mail)))
            except SendFailed as failed:
                # Another attempt would be a copy for those who have it.
                lost.append(f"{', '.join(offer.recipients)} ({failed})")
        return "; ".join([*said, *([f"refused: {', '.join(lost)}"] if lost else [])])


def offered(
    connect: Callable[[], Session], stack: contextlib.ExitStack, sender: str, recipients: Sequence[str]
) -> Offers:
    """Say who sends and who shall get it, on connections that end with the ``stack``.

    Raises:
        SendFailed: the server refused everybody, or did not say.
    """
    accepted: list[Offer] = []
    refusals: list[Refusal] = []
    too_many: list[Refusal] = []
    left = recipients
    while left and len(accepted) < _MOST_CONNECTIONS:
        try:
            session = stack.enter_context(connect())
            replies = _replies(session, sender, left)
        except SendFailed:
            if not accepted:
                raise
            break
        named = [Refusal(*pair) for pair in zip(left, replies, strict=True) if not pair[1].is_success]
        taken = tuple(recipient for recipient, reply in zip(left, replies, strict=True) if reply.is_success)
        too_many = [refusal for refusal in named if taken and is_too_many(refusal.reply)]
        refusals += [refusal for refusal in named if refusal not in too_many]
        left = [refusal.recipient for refusal in too_many]
        if taken:
            accepted.append(Offer(session, taken))
    if not accepted:
        raise refused("the recipient" if len(refusals) == 1 else "every recipient", [each.reply for each in refusals])
    return Offers(tuple(accepted), (*refusals, *too_many))


def _replies(session: Session, sender: str, recipients: Sequence[str]) -> list[Reply]:
    [reply] = session.ask(f"MAIL FROM:<{sender}>".encode())
    if not reply.is_success:
        raise refused("the sender", [reply])
    return session.ask(*(f"RCPT TO:<{recipient}>".encode() for recipient in recipients))
