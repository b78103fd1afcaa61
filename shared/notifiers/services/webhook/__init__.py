"""A webhook: any service that takes a request, in our fields or in words of its own."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr

from shared.messages.sandbox import TemplateFailed
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed
from shared.notifiers.exchange import FORM, exchange, reach
from shared.notifiers.fields import SecretUrl
from shared.notifiers.outcomes import PERMANENT, judged
from shared.notifiers.services.webhook import contents
from shared.notifiers.services.webhook.standard import checked_headers, checked_secret, headers_of

# 404 and 405 are what a receiver says while it is deployed.
_PERMANENT = PERMANENT - {404, 405}
_TYPES = {"json": "application/json", "form": FORM}
_LONGEST_BODY = 65_536


class WebhookNotifier(NotifierKind):
    """Sends one request for each notification. A copy of it has the same id."""

    # A program reads each notification by itself, and nobody is woken by it.
    pace = None

    url: SecretUrl = Field(description="an http:// or https:// URL without blanks")
    secret: Annotated[SecretStr | None, AfterValidator(checked_secret)] = Field(
        None, description="whsec_ and at least 16 bytes in base64, like whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        "POST", description="GET, POST, PUT, PATCH or DELETE"
    )
    headers: Annotated[Mapping[str, SecretStr], AfterValidator(checked_headers)] = Field(
        {}, description="headers by name, in printable ASCII, and none that is sent anyway, such as webhook-id"
    )
    format: Literal["json", "form", "query"] = Field("json", description="json, form or query")
    body: str | None = Field(None, min_length=1, max_length=_LONGEST_BODY, description="a template of what is sent")

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send. The receiver is not quoted: it may repeat its own address, which is secret."""
        body, remark = self._body(message)
        url = self.url.get_secret_value()
        if self.format == "query":
            url, body = _with_query(url, body), b""
        # Each test is another message, though no notification is owed for it.
        id_ = f"notification-{message.notification.id}" if message.notification else f"test-{secrets.token_hex(8)}"
        headers = {**self._headers(), **headers_of(id_, int(time.time()), body, self.secret)}
        # A GET has no body unless one was asked for. Others say at least that it is empty.
        sent = None if self.method == "GET" and not body else body
        response = exchange(self.method, url, sent, headers, seconds=timeout_seconds)
        is_accepted = 200 <= response.status < 300
        accepted = judged(response, is_accepted=is_accepted, attempts=message.attempts, permanent=_PERMANENT)
        return accepted._replace(answer=f"{accepted.answer}{remark}")

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """See NotifierKind.probe. Any request could be taken for a message, so that none is sent."""
        if (wrong := self._what_is_wrong()) is not None:
            return ProbeResult("failure", wrong, "a template as the manual describes it", self.setting("body"))
        try:
            reach(self.url.get_secret_value(), seconds=timeout_seconds)
        except SendFailed as failed:
            return ProbeResult("failure", str(failed), "a host that can be reached", f"{self.setting('url')}=…")
        return ProbeResult("ok", "the host is reached; whether it accepts messages only a test message shows")

    def get_ready(self) -> None:
        """See NotifierKind.get_ready."""
        if self.body is not None:
            import jinja2.sandbox  # noqa: F401

    def secrets(self) -> dict[str, str]:
        """See NotifierKind.secrets."""
        headers = {f"{self.setting('headers')}.{name}": value for name, value in self.headers.items()}
        return {**super().secrets(), **{name: value.get_secret_value() for name, value in headers.items()}}

    def _body(self, message: Message) -> tuple[bytes, str]:
        """The request, and what the log must say about it."""
        remark = ""
        if self.body is not None:
            try:
                return self._filled(contents.variables_of(message)).encode(), remark
            except TemplateFailed as failed:  # a receiver that gets other fields is better than none
                remark = f" (template failed: {failed}; built-in fields sent)"
        fields = contents.our_fields(message)
        return (contents.as_json(fields) if self.format == "json" else contents.as_form(fields)), remark

    def _filled(self, variables: Mapping[str, str | int]) -> str:
        if self.format == "json":
            return contents.filled(self.body or "", variables, contents.in_json if self._is_json else str)
        text = contents.filled(self.body or "", variables, contents.in_form)
        # A person writes one parameter in a line.
        return "".join(line.strip() for line in text.splitlines())

    def _what_is_wrong(self) -> str | None:
        """The mistakes of a template that is tried with a sample of each variable."""
        if self.body is None:
            return None
        sample = {name: 'a "text"' if value == "" else value for name, value in _NOTHING_KNOWN.items()}
        try:
            text = self._filled(sample)
        except TemplateFailed as failed:
            return f"the template fails: {failed}"
        try:
            if self.format == "json" and self._is_json:
                json.loads(text)
        except ValueError as error:
            return f"what the template makes is not JSON: {error}"
        return None

    @property
    def _is_json(self) -> bool:
        return "json" in self._headers()["Content-Type"].lower()

    def _headers(self) -> dict[str, str]:
        own = {name: value.get_secret_value() for name, value in self.headers.items()}
        return {"Content-Type": _TYPES[self.format], **own} if self.format in _TYPES else own


# A message about which only its text is known.
_NOTHING_KNOWN = contents.variables_of(Message.of_text(""))


def _with_query(url: str, query: bytes) -> str:
    address, _, _ = url.partition("#")
    # A person's text in the template may be no part of a URL.
    added = quote(query, safe="%=&+:/?@,;!$'()*~[]")
    return f"{address}{'&' if '?' in address else '?'}{added}"
