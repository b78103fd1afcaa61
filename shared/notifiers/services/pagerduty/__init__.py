"""PagerDuty, through its Events API v2."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.models import AlertStatus
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed
from shared.notifiers.exchange import post_json
from shared.notifiers.fields import ServerUrl, Token
from shared.notifiers.incidents import is_over, key_of
from shared.notifiers.outcomes import judged, phrase
from shared.notifiers.quoting import quoted
from shared.notifiers.response import Response
from shared.notifiers.services.pagerduty.event import content


class PagerDutyNotifier(NotifierKind):
    """Reports events about incidents: the same alert is the same incident, however often an event is repeated."""

    routing_key: Token = Field(description="the integration key of an Events API v2 integration: 32 letters and digits")
    severity: Literal["critical", "error", "warning", "info"] = Field(
        "critical", description="critical, error, warning or info"
    )
    api_url: ServerUrl = Field(
        "https://events.pagerduty.com", description="the root of the API, in Europe https://events.eu.pagerduty.com"
    )

    edits: ClassVar[bool] = True
    # An event is about one alert, and PagerDuty groups them as its people want.
    pace = None

    @property
    def opens_incidents(self) -> bool:
        """See NotifierKind.opens_incidents."""
        return True

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        if message.is_list:
            raise SendFailed("an event of PagerDuty cannot be about several alerts", is_permanent=True)
        key = key_of(message)
        if is_over(message):
            return self._report("resolve", key, {}, message.attempts, timeout_seconds)
        return self._report("trigger", key, content(message, self.severity), message.attempts, timeout_seconds)

    def update(self, message: Message, message_id: str, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.update. ``message_id`` is the incident's key."""
        status = message.alert.status if message.alert else None
        if status is AlertStatus.ACK:
            return self._report("acknowledge", message_id, {}, message.attempts, timeout_seconds)
        if status is AlertStatus.RESOLVED:
            return self._report("resolve", message_id, {}, message.attempts, timeout_seconds)
        return Accepted("nothing has changed for PagerDuty", message_id)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. An event that does not say what to do is none, and PagerDuty says what it lacks."""
        response = self._post({}, timeout_seconds)
        said = _words(response)
        is_key_wrong = any("routing" in str(word) for word in said)
        if response.status == 400 and response.data.get("status") == "invalid event" and not is_key_wrong:
            return ProbeResult("ok", "PagerDuty responds; whether it knows the routing key only an event shows")
        found = f"PagerDuty responds {phrase(response.status)} {quoted(self, *said)}".strip()
        fix = f"{self.setting('routing_key')}=… as the service's page Integrations shows it"
        return ProbeResult("failure", found, "an integration of the type Events API v2", fix)

    def _report(self, action: str, key: str | None, more: dict[str, Any], attempts: int, seconds: float) -> Accepted:
        event = {"event_action": action, **({"dedup_key": key} if key else {}), **more}
        response = self._post(event, seconds)
        return judged(
            response,
            is_accepted=response.status == 202 and response.data.get("status") == "success",
            attempts=attempts,
            said=quoted(self, *_words(response)),
            message_id=key,
        )

    def _post(self, event: dict[str, Any], seconds: float) -> Response:
        routed = {"routing_key": self.routing_key.get_secret_value(), **event}
        return post_json(f"{self.api_url}/v2/enqueue", routed, seconds=seconds)


def _words(response: Response) -> list[object]:
    errors = response.data.get("errors")
    return [response.data.get("message"), *(errors if isinstance(errors, list) else [])]
