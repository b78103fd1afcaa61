"""Microsoft Teams, through a workflow of Power Automate that posts what a webhook request brings."""

from typing import Any

from pydantic import Field

from shared.models.message import Message, Tone
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import cut, fitting_body
from shared.notifiers.exchange import exchange, post_json
from shared.notifiers.fields import SecretUrl
from shared.notifiers.looks import headline
from shared.notifiers.markup import unlinked
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.response import Response, own_words

# Teams takes 28 KB. These limits stay below that, even if each character takes four bytes.
_LONGEST_TITLE = 500
_LONGEST = 3_500
_MOST_LINES = 50
_STYLES: dict[Tone, str] = {"bad": "attention", "warning": "warning", "good": "good", "neutral": "accent"}
# The workflow's answer to a request by GET, which starts nothing.
_WRONG_METHOD = "TriggerRequestMethodNotValid"
# Words with which a connector of Office 365 tells in a success that it failed.
_FAILED_AFTER_ALL = "returned HTTP error"


class TeamsNotifier(NotifierKind):
    """Posts an Adaptive Card of plain text, so that nothing in a message can mention anybody, or become markup."""

    webhook_url: SecretUrl = Field(
        description="a workflow's address, like https://….api.powerplatform.com/…/triggers/manual/paths/invoke?…"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send. Power Automate answers when it took the card; it does not say if Teams shows it."""
        response = post_json(self.webhook_url.get_secret_value(), _content(message), seconds=timeout_seconds)
        # A workflow may end with words of its own.
        is_from_workflow = not response.is_page and _FAILED_AFTER_ALL not in response.text
        is_accepted = response.status in (202, 204) or (response.status == 200 and is_from_workflow)
        return judged(response, is_accepted=is_accepted, attempts=message.attempts, said=_said(response))

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. A request that the workflow took would be a run that fails, and mail to its owner."""
        response = exchange("GET", self.webhook_url.get_secret_value(), seconds=timeout_seconds)
        if _said(response) == _WRONG_METHOD:
            return ProbeResult("ok", "Power Automate knows the workflow; only a message shows whether Teams takes it")
        found = f"Power Automate responds {phrase(response.status)} {_said(response)}".strip()
        fix = f"{self.setting('webhook_url')}=… as the workflow shows it; --send-test shows whether it works"
        return ProbeResult("warning", f"{found} to a request that starts nothing", "a workflow's address", fix)


def _content(message: Message) -> dict[str, Any]:
    *lines, last = fitting_body(message, _LONGEST).split("\n")
    # The last line has the number.
    lines = [*lines[: _MOST_LINES - 2], " ".join(lines[_MOST_LINES - 2 :]), last]
    title = _line(cut(headline(message), _LONGEST_TITLE), weight="Bolder", size="Medium")
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {"type": "Container", "style": _STYLES[message.tone], "bleed": True, "items": [title]},
            *(_line(line) for line in lines if line),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": each.label, "url": each.url} for each in message.links],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _line(text: str, **looks: str) -> dict[str, Any]:
    # Cards read Markdown in every text but a TextRun's.
    run = {"type": "TextRun", "text": unlinked(text), **looks}
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": [run]}


def _said(response: Response) -> str:
    error = response.data.get("error")
    return own_words(error.get("code")) if isinstance(error, dict) else ""
