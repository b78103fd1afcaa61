"""JANDI, through an incoming webhook of JANDI Connect."""

from typing import Any

from pydantic import Field

from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import cut, fitting_body
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import COLOURS, headline
from shared.notifiers.markup import link, plain
from shared.notifiers.outcomes import judged
from shared.notifiers.probing import reach
from shared.notifiers.response import own_words

_ACCEPTS = {"Accept": "application/vnd.tosslab.jandi-v2+json"}
# JANDI names no limit; these hold what a message needs.
_LONGEST_TITLE = 500
_LONGEST = 4_000


class JandiNotifier(NotifierKind):
    """Posts a headline and a coloured box with a row for each fact; only Bonghwa makes links."""

    webhook_url: SecretUrl = Field(
        description="an incoming webhook's address, like https://wh.jandi.com/connect-api/webhook/123/XXXX"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        address = self.webhook_url.get_secret_value()
        response = post_json(address, _content(message), seconds=timeout_seconds, headers=_ACCEPTS)
        # JANDI does not document what it says in a success.
        is_accepted = response.status == 200 and not response.is_page
        said = own_words(response.data.get("msg"))
        return judged(response, is_accepted=is_accepted, attempts=message.attempts, said=said)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. JANDI takes messages only, and has no question about a webhook."""
        return reach("JANDI", self.webhook_url.get_secret_value(), timeout_seconds)


def _content(message: Message) -> dict[str, Any]:
    title = plain(cut(headline(message), _LONGEST_TITLE))
    if message.facts and message.template is None:
        title += f" · {message.mark}" if message.mark else ""
        rows = [{"title": plain(fact.label), "description": plain(fact.value)} for fact in message.facts]
    else:
        rows = [{"description": fitting_body(message, _LONGEST, plain)}]
    if message.links:
        rows.append({"description": " · ".join(link(each.label, each.url) for each in message.links)})
    return {
        "body": title,
        "connectColor": COLOURS[message.tone],
        "connectInfo": rows,
    }
