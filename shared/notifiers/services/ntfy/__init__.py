"""ntfy, at ntfy.sh or on a server of one's own."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult
from shared.notifiers.exchange import exchange
from shared.notifiers.fields import OptionalToken, ServerUrl, secret_like
from shared.notifiers.outcomes import PERMANENT, judged, phrase
from shared.notifiers.quoting import quoted
from shared.notifiers.response import Response
from shared.notifiers.services.ntfy.content import content
from shared.settings.secrets import basic_credentials

# ntfy also says 413 when the day's traffic is used up.
_PERMANENT = PERMANENT - {413}


class NtfyNotifier(NotifierKind):
    """Publishes plain text, with buttons."""

    # ntfy.sh allows 60 messages at once, and then one every 5 s. A pace knows no burst. This is the same in the long
    # run, and never more than ntfy.sh has left.
    pace = Pace(60, 300.0)

    server_url: ServerUrl = Field(
        "https://ntfy.sh", description="the root of the server, like https://ntfy.example.com"
    )
    # On a public server whoever knows it can read along.
    topic: Annotated[SecretStr, secret_like("[-_A-Za-z0-9]{1,64}")] = Field(
        description="a topic: 1 to 64 letters, digits, - and _"
    )
    token: OptionalToken = Field(None, description="an access token, like tk_…, in place of username and password")
    username: str | None = Field(None, pattern="^[^:]+$", description="a user's name, without a colon")
    password: SecretStr | None = Field(
        None, validate_default=True, description="the password of username; both or neither, and not beside token"
    )
    priority: int | None = Field(None, ge=1, le=5, description="a number from 1 to 5")

    @field_validator("password")
    @classmethod
    def _one_of_both(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        has_name = info.data.get("username") is not None
        if (password is not None) != has_name or (has_name and info.data.get("token") is not None):
            raise ValueError("a password beside a username, and no token")
        return password

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        body = content(message, self.topic.get_secret_value(), self.priority)
        response = self._request("POST", "/", timeout_seconds, body)
        message_id = response.data.get("id")
        return judged(
            response,
            is_accepted=response.status == 200 and isinstance(message_id, str) and message_id != "",
            attempts=message.attempts,
            said=quoted(self, response.data.get("error")),
            message_id=message_id if isinstance(message_id, str) else None,
            permanent=_PERMANENT,
        )

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. ntfy says who may read a topic, and not who may write to it."""
        health = self._request("GET", "/v1/health", timeout_seconds)
        if health.data.get("healthy") is not True:
            found = f"the server responds {phrase(health.status)} where ntfy would say that it is healthy"
            return ProbeResult("failure", found, "a server of ntfy", f"{self.setting('server_url')}=…")
        access = self._request("GET", f"/{self.topic.get_secret_value()}/auth", timeout_seconds)
        if access.data.get("success") is True:
            return ProbeResult("ok", "ntfy responds, and the topic can be read")
        if access.status == 403:
            found = "ntfy does not let this user read the topic; only a test message shows whether it may write"
            return ProbeResult("warning", found, "a user who may", f"ntfy access … on {self.server_url}")
        found = f"ntfy responds {phrase(access.status)} {quoted(self, access.data.get('error'))}".strip()
        fix = f"{self.setting('token')}=…, or {self.setting('username')} and {self.setting('password')}"
        return ProbeResult("failure", found, "credentials that it knows", fix)

    def secrets(self) -> dict[str, str]:
        """See NotifierKind.secrets. A server that repeats the request shows user and password in the header's form."""
        found = super().secrets()
        return found | {f"{self.setting('password')} in a header": basic} if (basic := self._basic()) else found

    def _request(self, method: str, path: str, seconds: float, body: bytes | None = None) -> Response:
        return exchange(method, f"{self.server_url}{path}", body, self._credentials(), seconds=seconds)

    def _credentials(self) -> Mapping[str, str]:
        if self.token is not None:
            return {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        basic = self._basic()
        return {"Authorization": f"Basic {basic}"} if basic else {}

    def _basic(self) -> str:
        if self.username is None or self.password is None:
            return ""
        return basic_credentials(self.username, self.password.get_secret_value())
