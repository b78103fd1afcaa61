"""Mattermost, through an incoming webhook."""

import re
from typing import Any

from pydantic import Field

from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import fitting, fitting_body, text_within
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import COLOURS, headline
from shared.notifiers.markup import backslashed, link, unlinked
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.response import Response, own_words

# Mattermost splits a message that is longer into several.
_LONGEST = 16_383
_LONGEST_TITLE = 500
# The signs that Mattermost has an escape for.
_SIGNS = r"\`*{}[]()#+-.!_>~|"
# No channel has such a name, so that a webhook that is there refuses the message for this reason, and no other.
_NO_CHANNEL = "no such channel"
_CHANNEL_REFUSED = ("web.incoming_webhook.channel.app_error", "web.incoming_webhook.channel_locked.app_error")


class MattermostNotifier(NotifierKind):
    """Posts an attachment in which nothing can mention anybody, and only Bonghwa makes links."""

    webhook_url: SecretUrl = Field(
        description="an incoming webhook's address, like https://mattermost.example.com/hooks/XXXX"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        response = self._post(_content(message), timeout_seconds)
        is_accepted = response.status == 200 and response.text == "ok"
        return judged(response, is_accepted=is_accepted, attempts=message.attempts, said=_said(response))

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. A webhook that is there looks for the channel, and refuses one that is not."""
        response = self._post({"text": "?", "channel": _NO_CHANNEL}, timeout_seconds)
        if _said(response) in _CHANNEL_REFUSED:
            return ProbeResult("ok", "Mattermost knows the webhook")
        found = f"Mattermost responds {phrase(response.status)} {_said(response)}".strip()
        fix = f"{self.setting('webhook_url')}=… as Mattermost's page Incoming Webhooks shows it"
        return ProbeResult("failure", found, "an incoming webhook", fix)

    def _post(self, content: dict[str, Any], seconds: float) -> Response:
        return post_json(self.webhook_url.get_secret_value(), content, seconds=seconds)


def _content(message: Message) -> dict[str, Any]:
    links = " · ".join(link(_escaped(each.label), each.url) for each in message.links)
    below = f"\n\n{links}" if links else ""
    attachment = {
        # The text on a phone's lock screen, as it is.
        "fallback": text_within(message, _LONGEST_TITLE),
        "color": COLOURS[message.tone],
        "title": fitting(headline(message), _LONGEST_TITLE, _escaped),
        "text": fitting_body(message, _LONGEST - len(below), _escaped) + below,
    }
    return {"attachments": [attachment]}


def _escaped(text: str) -> str:
    # Without the second gap, ``:sos:`` would become a picture.
    return backslashed(re.sub(r":(?=[A-Za-z+])", ":\u200b", unlinked(text)), _SIGNS)


def _said(response: Response) -> str:
    """The name of Mattermost's reason. Its message may quote the webhook's id, which is the secret."""
    return own_words(response.data.get("id"))
