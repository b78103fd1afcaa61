"""Gotify, on a server of one's own."""

from typing import Any

from pydantic import Field

from shared.models.message import Message, Tone
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import ServerUrl, Token
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.quoting import quoted
from shared.notifiers.response import Response
from shared.notifiers.urgency import urgency

# From 8 on, its app rings even if the phone is quiet; up to 3, it stays silent.
_PRIORITIES: dict[Tone, int] = {"bad": 8, "warning": 5, "good": 5, "neutral": 5}


class GotifyNotifier(NotifierKind):
    """Posts plain text as one of Gotify's applications."""

    server_url: ServerUrl = Field(description="the root of the server, like https://gotify.example.com")
    token: Token = Field(description="the token of an application, like AbCdEf123.ghIJk")
    priority: int | None = Field(None, ge=0, le=10, description="a number from 0 to 10")

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        response = self._post(self._content(message), timeout_seconds)
        message_id = response.data.get("id")
        is_id = isinstance(message_id, int) and not isinstance(message_id, bool)
        return judged(
            response,
            is_accepted=response.status == 200 and is_id,
            attempts=message.attempts,
            said=quoted(self, response.data.get("errorDescription")),
            message_id=str(message_id) if is_id else None,
        )

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. Gotify refuses a message without words from an application that it knows."""
        response = self._post({}, timeout_seconds)
        said = quoted(self, response.data.get("errorDescription"))
        if response.status == 400 and response.data.get("errorCode") == 400:
            return ProbeResult("ok", "Gotify knows the application")
        found = f"Gotify responds {phrase(response.status)} {said}".strip()
        fix = f"{self.setting('token')}=… as Gotify's page Apps shows it"
        return ProbeResult("failure", found, "the token of an application", fix)

    def _post(self, content: dict[str, Any], seconds: float) -> Response:
        # In a header: what stands in a URL is in the log of every proxy.
        headers = {"X-Gotify-Key": self.token.get_secret_value()}
        return post_json(f"{self.server_url}/message", content, seconds=seconds, headers=headers)

    def _content(self, message: Message) -> dict[str, Any]:
        page = message.url("open") or message.url("acknowledge")
        click = {"client::notification": {"click": {"url": page}}} if page else {}
        return {
            "title": message.title,
            "message": message.body or message.title,
            "priority": urgency(message, self.priority, _PRIORITIES),
            "extras": {"client::display": {"contentType": "text/plain"}, **click},
        }
