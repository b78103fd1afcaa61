"""A mail as it travels: its headers, and the message as text and as a page. Every byte of it is ASCII."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from shared.messages.texts import one_line
from shared.models.message import Message
from shared.notifiers.personal import Envelope
from shared.notifiers.services.email.addresses import Address
from shared.notifiers.services.email.page import page_of

# Mail programs show less of a subject, and servers refuse lines of more than 998 characters.
_LONGEST_SUBJECT = 200
# A line longer than these characters is folded, so that it fits with the header's name.
_LONGEST_LINE = 60
_FOLD = "\r\n "


def mail_of(
    message: Message, sender: Address, recipients: Sequence[Address], envelope: Envelope | None = None
) -> bytes:
    """The whole mail, with the line ends of the wire. ``envelope``: of a mail to a single person."""
    # Quoted-printable text never holds "=_".
    boundary = "=_bonghwa"
    headers = [
        f"From: {_person(sender)}",
        f"To: {f',{_FOLD}'.join(map(_person, recipients))}",
        f"Subject: {_words(one_line(message.title, _LONGEST_SUBJECT))}",
        f"Date: {_now()}",
        *(_identity(message, sender.domain) if envelope is None else _personal(envelope, sender.domain)),
        # No holiday notes and the like in response, from servers that know either.
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    lines = [*headers, "", f"--{boundary}", *_part("plain", message.full_text), f"--{boundary}"]
    lines += [*_part("html", page_of(message)), f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def _identity(message: Message, domain: str) -> list[str]:
    """The mail's id, which a copy of it has too, and the id of the thread of its alert.

    Mail programs hide a second mail with an id that they know. The thread has the alert's time, because numbers begin
    again with a new database.
    """
    alert = message.alert
    if not message.identity:
        return [f"Message-ID: <message-{time.time_ns()}@{domain}>"]
    ids = [f"Message-ID: <notification-{message.identity}@{domain}>"]
    if alert is not None and not message.is_list:
        thread = f"<alert-{alert.id}.{int(alert.opened_at.timestamp())}@{domain}>"
        ids += [f"In-Reply-To: {thread}", f"References: {thread}"]
    return ids


def _personal(envelope: Envelope, domain: str) -> list[str]:
    """The mail's id, which a copy of it has too, and how one click ends the mails."""
    return [
        f"Message-ID: <{envelope.id}@{domain}>",
        f"List-Unsubscribe:{_FOLD}<{envelope.end_url}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]


def _part(kind: str, text: str) -> list[str]:
    # Imported here, as below: only what sends needs it.
    import quopri

    # A lone surrogate has no bytes, and a carriage return would leave the line.
    lines = text.encode("utf-8", "replace").splitlines()
    encoded = quopri.encodestring(b"\n".join(lines)).decode("ascii")
    return [
        f"Content-Type: text/{kind}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        *encoded.split("\n"),
    ]


def _person(address: Address) -> str:
    return f"{_words(address.name, is_name=True)} <{address.text}>" if address.name else address.text


def _words(text: str, *, is_name: bool = False) -> str:
    """``text`` as a header shows it, and reads nothing into it."""
    if text.isascii() and "=?" not in text and len(text) <= _LONGEST_LINE and not is_name:
        return text
    from email.header import Header

    return Header(text, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")


def _now() -> str:
    from email.utils import format_datetime

    return format_datetime(datetime.now(UTC))
