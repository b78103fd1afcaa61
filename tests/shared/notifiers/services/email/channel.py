"""A channel of mail, and the mail that it sent."""

import email
import email.policy
import json
from typing import Any

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind
from tests.support.stand_ins.smtp import Smtp

FROM, TO = "Ops <alerts@example.com>", "kim@example.com"


def channel(url: str, **fields: Any) -> NotifierKind:
    """The channel ``ops`` at this server; ``fields`` replace or add some."""
    described = {"kind": "email", "url": url, "from": FROM, "to": TO, **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def sent(server: Smtp, about: Message, **fields: Any) -> Any:
    """The mail as a mail program reads it."""
    channel(server.url, **fields).send(about, timeout_seconds=5)
    return email.message_from_bytes(server.mails[-1].data, policy=email.policy.SMTP)


def texts_of(mail: Any) -> list[str]:
    """The mail's text, and its page."""
    return ["\n".join(part.get_content().splitlines()) for part in mail.iter_parts()]
