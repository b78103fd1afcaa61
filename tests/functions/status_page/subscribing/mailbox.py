"""A shop whose page can be subscribed to, a visitor's mailbox, and what stands in the mails."""

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from werkzeug.test import TestResponse

from shared.models import as_text, now
from tests.functions.api import Api
from tests.functions.status_page.watched import BROWSER, PUBLIC, forget, opened, seen
from tests.support.stand_ins.smtp import Smtp

PUBLIC_URL = "https://status.shop.example"
VISITOR = "kim@visitors.example"
OPS = "ops@shop.example"


def channels(server: Smtp, **more: Any) -> str:
    """The setting CHANNELS with a channel that mails the people on duty."""
    mail = {"kind": "email", "url": server.url, "from": "status@shop.example", "to": [OPS], "starttls": "off"}
    return json.dumps({"mail": mail, **more})


@contextmanager
def shop(api: Api, environ: Callable[..., None], **page: Any) -> Iterator[Smtp]:
    """The shop with its page, all well, and its mail server."""
    with Smtp() as server:
        environ(PUBLIC_URL=PUBLIC_URL, CHANNELS=channels(server))
        opened(api, status_page={"title": "The shop", "groups": ["Shop"], **page})
        seen(api, *PUBLIC, timestamp=as_text(now() - timedelta(minutes=10)))
        run(api)
        yield server


def run(api: Api) -> None:
    """The work of the schedules."""
    for name in ("review_alerts", "deliver_notifications"):
        response = api.call("POST", f"/{name}")
        assert response.status_code == 200, response.text
    forget()


def ask(
    api: Api, address: str = VISITOR, path: str = "/status/subscribe", lang: str = "en", **more: Any
) -> TestResponse:
    """A visitor sends the form."""
    forget()
    headers = {**BROWSER, **more.pop("headers", {})}
    return api.call("POST", path, key=None, headers=headers, data={"address": address, "lang": lang}, **more)


def mails(server: Smtp, to: str = VISITOR) -> list[EmailMessage]:
    """The mails that somebody got, in their order."""
    return [parsed(mail.data) for mail in server.mails if mail.recipients == (to,)]


def parsed(data: bytes) -> EmailMessage:
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text(mail: EmailMessage) -> str:
    """The mail as text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link(mail: EmailMessage, label: str) -> str:
    """The path of a link in a mail."""
    found = re.search(rf"^{re.escape(label)}: {re.escape(PUBLIC_URL)}(\S+)", text(mail), re.MULTILINE)
    assert found is not None, text(mail)
    return found[1]


def one_click(mail: EmailMessage) -> str:
    """The path that RFC 8058 posts to."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(rf"<{re.escape(PUBLIC_URL)}(\S+)>", mail["List-Unsubscribe"].strip())
    assert found is not None
    return found[1]


def follow(api: Api, method: str, path: str) -> TestResponse:
    """A browser opens a link, or presses its button."""
    return api.call(method, path, key=None, headers=BROWSER)


def subscribed(api: Api, server: Smtp, address: str = VISITOR, lang: str = "en", **more: Any) -> None:
    """Somebody asks, gets the mail, and confirms."""
    assert ask(api, address, lang=lang, **more).status_code == 202
    run(api)
    confirmation = mails(server, address)[-1]
    label = "Confirm" if lang == "en" else "구독 확인"
    assert follow(api, "POST", link(confirmation, label)).status_code == 200


def down(api: Api, *names: str, minutes: int = 2) -> None:
    """Three checks of each of them have failed, the last of them so long ago."""
    for number in range(3):
        at = as_text(now() - timedelta(minutes=minutes, seconds=2 - number))
        seen(api, *names, ok=False, timestamp=at)


def up(api: Api, *names: str) -> None:
    """They work again."""
    seen(api, *names)
