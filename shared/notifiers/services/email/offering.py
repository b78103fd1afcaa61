"""Name everybody to the mail server, on further connections if it takes only so many recipients of one mail.

Nobody waits for whoever is refused, not even for now: to try again would be a copy for everybody else, and to wait
before anybody has the mail would put off each outage for one full mailbox. A connection that a server lets hang
holds up nobody else either: each recipient has a copy before the next connection is opened.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.notifiers.outcomes import SendFailed
from shared.notifiers.services.email.replies import Reply, is_too_many, refused
from shared.notifiers.services.email.session import Session

# Servers let nobody have many.
_MOST_CONNECTIONS = 10


class Refusal(NamedTuple):
    """An address that the server refused, and what it said to it."""

    recipient: str
    reply: Reply

    def __str__(self) -> str:
        return f"{self.recipient} ({self.reply.code})"


class Offer(NamedTuple):
    """How the server took a mail: what it said on each connection, and who does not get it, with the reason."""

    said: tuple[str, ...]
    lost: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join([*self.said, *([f"refused: {', '.join(self.lost)}"] if self.lost else [])])


def offer(
    connect: Callable[[], Session], sender: str, recipients: Sequence[str], finish: Callable[[Session], Reply]
) -> Offer:
    """Say who sends and who shall get it, and ``finish`` on each connection on which somebody may.

    Raises:
        SendFailed: the server refused everybody, or failed before anybody has it.
    """
    said: list[str] = []
    lost: list[str] = []
    refusals: list[Refusal] = []
    too_many: list[Refusal] = []
    left = recipients
    for _ in range(_MOST_CONNECTIONS):
        taken: tuple[str, ...] = ()
        try:
            with connect() as session:
                taken, refused_now = _named(session, sender, left)
                too_many = [refusal for refusal in refused_now if taken and is_too_many(refusal.reply)]
                refusals += [refusal for refusal in refused_now if refusal not in too_many]
                left = [refusal.recipient for refusal in too_many]
                if taken:
                    said.append(str(finish(session)))
        except SendFailed as failed:
            if not said:
                raise
            if not taken:
                break
            # Another attempt would be a copy for those who have it.
            lost.append(f"{', '.join(taken)} ({failed})")
        if not left:
            break
    if not said:
        raise refused("the recipient" if len(refusals) == 1 else "every recipient", [each.reply for each in refusals])
    return Offer(tuple(said), (*map(str, refusals), *map(str, too_many), *lost))


def _named(session: Session, sender: str, recipients: Sequence[str]) -> tuple[tuple[str, ...], list[Refusal]]:
    """The recipients that the server takes, and those that it refuses."""
    [reply] = session.ask(f"MAIL FROM:<{sender}>".encode())
    if not reply.is_success:
        raise refused("the sender", [reply])
    replies = session.ask(*(f"RCPT TO:<{recipient}>".encode() for recipient in recipients))
    pairs = list(zip(recipients, replies, strict=True))
    taken = tuple(recipient for recipient, reply in pairs if reply.is_success)
    return taken, [Refusal(*pair) for pair in pairs if not pair[1].is_success]
