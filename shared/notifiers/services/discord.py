"""Discord, through a webhook of a channel."""

from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import BeforeValidator, Field

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import fitting, fitting_body
from shared.notifiers.exchange import exchange, extended, post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import COLOURS, headline
from shared.notifiers.markup import backslashed, link
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.response import Response, own_words

# Discord's own limits of an embed, in characters.
_LONGEST_TITLE = 256
_LONGEST_DESCRIPTION = 4_096
# Signs that begin markup, a mention, a timestamp, an emoji, a list or an address.
_SIGNS = r"\*_~`|<>[]()#+-:@."


def _thread(value: Any) -> str | None:
    if value is None or (isinstance(value, str | int) and str(value).isascii() and str(value).isdecimal()):
        return None if value is None else str(value)
    raise ValueError("a thread's number")


class DiscordNotifier(NotifierKind):
    """Posts an embed in which nothing can mention anybody, and only Bonghwa makes links; it can change it later."""

    edits: ClassVar[bool] = True
    pace = Pace(5, 2.0)

    webhook_url: SecretUrl = Field(description="a webhook's address, like https://discord.com/api/webhooks/123/XXXX")
    thread_id: Annotated[str | None, BeforeValidator(_thread)] = Field(
        None, description="the number of the thread that it posts to"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        # Otherwise Discord answers before it has posted the message, and without its id.
        return self._show("POST", self._address(wait="true"), message, timeout_seconds)

    def update(self, message: Message, message_id: str, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.update."""
        address = self._address(f"/messages/{quote(message_id, safe='')}")
        return self._show("PATCH", address, message, timeout_seconds)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe."""
        response = exchange("GET", self.webhook_url.get_secret_value(), seconds=timeout_seconds)
        name = response.data.get("name")
        if response.status == 200 and response.data.get("id") and isinstance(name, str):
            more = "; only a message shows whether it has the thread" if self.thread_id else ""
            return ProbeResult("ok", f"Discord knows the webhook {name!r}{more}")
        found = f"Discord responds {phrase(response.status)} {_said(response)}".strip()
        fix = f"{self.setting('webhook_url')}=… as the channel's page Integrations shows it"
        return ProbeResult("failure", found, "a webhook of a channel", fix)

    def _address(self, path: str = "", **query: str) -> str:
        thread = {"thread_id": self.thread_id} if self.thread_id else {}
        return extended(self.webhook_url.get_secret_value(), path, **query, **thread)

    def _show(self, method: str, address: str, message: Message, seconds: float) -> Accepted:
        response = post_json(address, _content(message), seconds=seconds, method=method)
        id_ = response.data.get("id")
        return judged(
            response,
            is_accepted=response.status == 200 and isinstance(id_, str),
            attempts=message.attempts,
            said=_said(response),
            message_id=id_,
        )


def _content(message: Message) -> dict[str, Any]:
    # A webhook of a channel has no buttons.
    links = " · ".join(link(_escaped(each.label), each.url) for each in message.links)
    below = f"\n\n{links}" if links else ""
    embed = {
        "title": fitting(headline(message), _LONGEST_TITLE, _escaped),
        "description": fitting_body(message, _LONGEST_DESCRIPTION - len(below), _escaped) + below,
        "color": int(COLOURS[message.tone].removeprefix("#"), 16),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _escaped(text: str) -> str:
    return backslashed(text, _SIGNS)


def _said(response: Response) -> str:
    """Discord's word and its number, such as ``Unknown Webhook (10015)``."""
    words, code = own_words(response.data.get("message")), response.data.get("code")
    return f"{words} ({code})" if words and isinstance(code, int) else words
