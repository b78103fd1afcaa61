"""Google Chat, through a webhook of a space."""

from typing import Any

from pydantic import Field

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import fitting, fitting_body, text_within
from shared.notifiers.exchange import extended, post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import headline
from shared.notifiers.markup import entities, unlinked
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.response import Response, own_words

# Google takes 32,000 bytes in all. These lengths stay below that, even if each character takes four bytes.
_LONGEST_TITLE = 500
_LONGEST = 4_096
# Google's answer to a message without content, if it knows the key and the token.
_EMPTY = "cannot be empty"


class GoogleChatNotifier(NotifierKind):
    """Posts a card, under the first one about the same alert; only Bonghwa makes markup in it."""

    # A space takes one message a second.
    pace = Pace(1, 1.0)

    webhook_url: SecretUrl = Field(
        description="a webhook's address with its key and token, like https://chat.googleapis.com/v1/spaces/…/messages?…"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        response = self._post(_content(message), timeout_seconds, **_query(message))
        name = response.data.get("name")
        return judged(
            response,
            is_accepted=response.status == 200 and isinstance(name, str),
            attempts=message.attempts,
            said=_said(response),
            message_id=name,
        )

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. A webhook that is there refuses a message without content."""
        response = self._post({}, timeout_seconds)
        if response.status == 400 and _EMPTY in str(_error(response).get("message")):
            return ProbeResult("ok", "Google Chat knows the webhook")
        found = f"Google Chat responds {phrase(response.status)} {_said(response)}".strip()
        fix = f"{self.setting('webhook_url')}=… as the space's page Apps & integrations shows it, with key and token"
        return ProbeResult("failure", found, "a webhook of a space", fix)

    def _post(self, content: dict[str, Any], seconds: float, **query: str) -> Response:
        return post_json(extended(self.webhook_url.get_secret_value(), **query), content, seconds=seconds)


def _query(message: Message) -> dict[str, str]:
    query = {"messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"}
    if message.identity:
        # Google shows no second message with this id.
        query["requestId"] = f"bonghwa-{message.identity}"
    return query


def _content(message: Message) -> dict[str, Any]:
    widgets: list[dict[str, Any]] = [
        {"textParagraph": {"text": f"<b>{fitting(headline(message), _LONGEST_TITLE, _escaped)}</b>"}},
        {"textParagraph": {"text": fitting_body(message, _LONGEST, _escaped)}},
    ]
    if message.links:
        buttons = [{"text": each.label, "onClick": {"openLink": {"url": each.url}}} for each in message.links]
        widgets.append({"buttonList": {"buttons": buttons}})
    content: dict[str, Any] = {
        # The text on a phone's lock screen.
        "fallbackText": unlinked(text_within(message, _LONGEST_TITLE)),
        "cardsV2": [{"cardId": "message", "card": {"sections": [{"widgets": widgets}]}}],
    }
    if message.alert is not None and not message.is_list:
        opened = f"{message.alert.opened_at.timestamp():.0f}"
        content["thread"] = {"threadKey": f"bonghwa-alert-{message.alert.id}-{opened}"}
    return content


def _escaped(text: str) -> str:
    # Cards read HTML. The gaps come first: those after the "&" of an entity would be seen.
    return entities(unlinked(text)).replace("\n", "<br>")


def _error(response: Response) -> dict[str, Any]:
    error = response.data.get("error")
    return error if isinstance(error, dict) else {}


def _said(response: Response) -> str:
    error = _error(response)
    return own_words(error.get("message")) or own_words(error.get("status"))
