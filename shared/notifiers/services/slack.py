"""Slack, through an incoming webhook."""

from typing import Any

from pydantic import Field

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import fitting, fitting_body, text_within
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import headline
from shared.notifiers.markup import entities
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.response import Response

# Slack's own limits, in characters.
_LONGEST_HEADER = 150
_LONGEST_SECTION = 3_000
# Slack's answer to a message without content, if the webhook is there.
_NOTHING_TO_POST = ("no_text", "invalid_payload")


class SlackNotifier(NotifierKind):
    """Posts blocks of plain text, so that nothing in a message can mention anybody, or become a link or markup.

    Only our own links are markup.
    """

    # Slack allows one message a second.
    pace = Pace(1, 1.0)

    webhook_url: SecretUrl = Field(
        description="an incoming webhook's address, like https://hooks.slack.com/services/T000/B000/XXXX"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        response = self._post(_content(message), timeout_seconds)
        words = response.text
        return judged(
            response,
            is_accepted=response.status == 200 and words == "ok",
            attempts=message.attempts,
            said=_said(words),
        )

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. A webhook that is there refuses a message without content."""
        response = self._post({}, timeout_seconds)
        if response.text in _NOTHING_TO_POST:
            return ProbeResult("ok", "Slack knows the webhook")
        found = f"Slack responds {phrase(response.status)} {_said(response.text)}".strip()
        fix = f"{self.setting('webhook_url')}=… as the app's page Incoming Webhooks shows it"
        return ProbeResult("failure", found, "an incoming webhook", fix)

    def _post(self, content: dict[str, Any], seconds: float) -> Response:
        return post_json(self.webhook_url.get_secret_value(), content, seconds=seconds)


def _content(message: Message) -> dict[str, Any]:
    # ``text`` is what a phone's lock screen shows. There, Slack reads three characters as markup.
    return {
        "text": entities(text_within(message, _LONGEST_SECTION)),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            _block("header", fitting(headline(message), _LONGEST_HEADER)),
            _block("section", fitting_body(message, _LONGEST_SECTION)),
            *_links(message),
        ],
    }


def _block(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": {"type": "plain_text", "text": text, "emoji": False}}


def _links(message: Message) -> list[dict[str, Any]]:
    """The links as text. Below a button, Slack warns that the app answers no presses, as no app of a webhook does."""
    written = " · ".join(f"<{_address(link.url)}|{entities(link.label)}>" for link in message.links)
    if not written or len(written) > _LONGEST_SECTION:
        return []
    return [{"type": "section", "text": {"type": "mrkdwn", "text": written, "verbatim": True}}]


def _address(url: str) -> str:
    return entities(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _said(words: str) -> str:
    """Slack's word, which is one in small letters; anything else is not Slack's."""
    return words if words.replace("_", "").isalpha() and len(words) <= 60 else ""
