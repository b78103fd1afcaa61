"""Mail to single people who are no channel's recipients, through a channel that can send it."""

from typing import NamedTuple, Protocol

from shared.models.message import Message
from shared.notifiers.outcomes import Accepted, SendFailed


class RecipientRefused(SendFailed):
    """The mail server says that there is no such mailbox."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_permanent=True)


class ServerAtFault(SendFailed):
    """The mail server takes no mail from us, whoever it is to: it is gone, or our login or sender is wrong."""


class Envelope(NamedTuple):
    """The recipient of a mail. ``id``: the beginning of its Message-ID, so that a copy has the same one.

    ``end_url``: the URL at which one POST ends the mails, as RFC 8058 has it.
    """

    to: str
    id: str
    end_url: str


class Mailer(Protocol):
    """Sends one mail after the other, over one connection as long as that holds."""

    def mail(self, message: Message, envelope: Envelope, *, timeout_seconds: float) -> Accepted:
        """Hand a mail to the server. Neither the result nor an exception quotes the address, or a part of it.

        Raises:
            RecipientRefused: the mailbox does not exist, or takes no mail from anybody.
            ServerAtFault: the next mail would go no better.
            SendFailed: the server did not accept the mail, or did not say so in time.
        """

    def close(self) -> None:
        """End the connection."""
