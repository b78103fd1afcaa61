"""Dooray!, through the Incoming service of a messenger's room."""

from typing import Any

from pydantic import Field

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import cut, fitting_body
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import COLOURS, headline
from shared.notifiers.markup import plain
from shared.notifiers.outcomes import judged
from shared.notifiers.probing import reach
from shared.notifiers.response import own_words

_BOT = "Bonghwa"
# Dooray! names no limit; these hold what a message needs.
_LONGEST_TITLE = 500
_LONGEST = 4_000


class DoorayNotifier(NotifierKind):
    """Posts a headline and what is known below it, with links that only Bonghwa makes."""

    # Dooray! asks for one message a second at most.
    pace = Pace(1, 1.0)

    webhook_url: SecretUrl = Field(
        description="an Incoming service's address, like https://hook.dooray.com/services/123/456/XXXX"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send. Dooray! also says in a 200 that it failed."""
        response = post_json(self.webhook_url.get_secret_value(), _content(message), seconds=timeout_seconds)
        found = response.data.get("header")
        header = found if isinstance(found, dict) else {}
        is_accepted = response.status == 200 and header.get("isSuccessful") is True
        said = own_words(header.get("resultMessage"))
        return judged(response, is_accepted=is_accepted, attempts=message.attempts, said=said)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. Dooray! takes messages only, and has no question about a webhook."""
        return reach("Dooray!", self.webhook_url.get_secret_value(), timeout_seconds)


def _content(message: Message) -> dict[str, Any]:
    colour = COLOURS[message.tone]
    links = [{"title": each.label, "titleLink": each.url, "color": colour} for each in message.links]
    return {
        "botName": _BOT,
        "text": plain(cut(headline(message), _LONGEST_TITLE)),
        "attachments": [{"text": fitting_body(message, _LONGEST, plain), "color": colour}, *links],
    }
