"""Pushover."""

import time

from pydantic import Field

from shared.models.message import Message, Tone
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.cutting import body_within, cut, cut_before
from shared.notifiers.exchange import post_form
from shared.notifiers.fields import ServerUrl, Token
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.quoting import quoted
from shared.notifiers.response import Response
from shared.notifiers.urgency import urgency

# Pushover's own limits, in characters.
_LONGEST = 1_024
_LONGEST_TITLE = 250
_LONGEST_URL = 512
_LONGEST_URL_TITLE = 100
# 1 also rings in the quiet hours that a person has set in the app.
_PRIORITIES: dict[Tone, int] = {"bad": 1, "warning": 0, "good": 0, "neutral": 0}
_EMERGENCY = 2
# An emergency rings every minute for an hour, or until somebody acknowledges it in the app.
_RINGING = {"retry": "60", "expire": "3600"}
# How long to wait for the next month's quota. For longer, the other channels must say that this one is mute.
_LONGEST_WAIT_SECONDS = 86_400.0
_DEVICES = "^[-_A-Za-z0-9]{1,25}(,[-_A-Za-z0-9]{1,25})*$"


class PushoverNotifier(NotifierKind):
    """Posts plain text."""

    api_token: Token = Field(description="the API token of an application: 30 letters and digits")
    user_key: Token = Field(description="the key of a user or of a group: 30 letters and digits")
    device: str | None = Field(None, pattern=_DEVICES, description="a device's name, or several with commas")
    priority: int | None = Field(None, ge=-2, le=_EMERGENCY, description="a number from -2 to 2")
    sound: str | None = Field(None, pattern="^[-_A-Za-z0-9]{1,40}$", description="the name of a sound, such as siren")
    api_url: ServerUrl = Field("https://api.pushover.net", description="the root of the API")

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        response = self._post("messages", self._content(message), timeout_seconds)
        wait = _until_reset(response)
        if wait is not None:
            response = response._replace(headers={**response.headers, "retry-after": f"{wait:.0f}"})
        is_invalid = response.status not in (408, 429) and response.status < 500 and bool(_errors(response))
        return judged(
            response,
            is_accepted=response.status == 200 and response.data.get("status") == 1,
            attempts=message.attempts,
            said=quoted(self, *_errors(response)),
            is_refused=is_invalid or (wait is not None and wait > _LONGEST_WAIT_SECONDS),
        )

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. Pushover validates one device at a time."""
        for device in self.device.split(",") if self.device else [""]:
            response = self._post("users/validate", {"device": device} if device else {}, timeout_seconds)
            if response.status != 200 or response.data.get("status") != 1:
                return self._refusal(response)
        return ProbeResult("ok", "Pushover knows the application and the user, who has a device")

    def _refusal(self, response: Response) -> ProbeResult:
        found = f"Pushover responds {phrase(response.status)} {quoted(self, *_errors(response))}".strip()
        fix = f"{self.setting('api_token')} and {self.setting('user_key')} as pushover.net shows them"
        return ProbeResult("failure", found, "an application's token and the key of a user with a device", fix)

    def _post(self, action: str, fields: dict[str, str], seconds: float) -> Response:
        keys = {"token": self.api_token.get_secret_value(), "user": self.user_key.get_secret_value()}
        return post_form(f"{self.api_url}/1/{action}.json", {**keys, **fields}, seconds=seconds)

    def _content(self, message: Message) -> dict[str, str]:
        priority = urgency(message, self.priority, _PRIORITIES)
        fields = {
            "title": cut(message.title, _LONGEST_TITLE),
            "message": cut_before(message.mark, body_within(message, _LONGEST) or message.title, _LONGEST),
            "priority": str(priority),
            **(_RINGING if priority == _EMERGENCY else {}),
            "device": self.device or "",
            "sound": self.sound or "",
        }
        for link in message.links[:1]:
            if len(link.url) <= _LONGEST_URL:
                fields |= {"url": link.url, "url_title": cut(link.label, _LONGEST_URL_TITLE)}
        return {name: value for name, value in fields.items() if value}


def _errors(response: Response) -> list[object]:
    """Pushover's complaints about the request; it makes them with a status of 0."""
    errors = response.data.get("errors")
    return errors if isinstance(errors, list) and response.data.get("status") == 0 else []


def _until_reset(response: Response) -> float | None:
    """The seconds until the application may send again, if its messages of the month are used up."""
    reset = response.headers.get("x-limit-app-reset", "")
    if response.status != 429 or not reset.isascii() or not reset.isdigit():
        return None
    return max(0.0, int(reset[:15]) - time.time())
