"""gRPC: the server's health service says SERVING. It is spoken over HTTP/2 by libcurl, without a gRPC library."""

from typing import Any
from urllib.parse import unquote

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.kinds.http import HttpPolicyCheck
from functions.check_monitors.probes.transfers.policy_transfer import address_url, parts_of
from functions.check_monitors.probes.transfers.request import Request
from shared.models import Cause

_METHOD = "grpc.health.v1.Health/Check"
_STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_HEAD_BYTES = 5  # before a message: whether it is compressed, and its length


class GrpcCheck(HttpPolicyCheck):
    """The check of ``grpc://host:port[/service]``, or of ``grpcs://…`` inside TLS."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.is_body_needed = self.is_response_needed = True
        self.follows_redirects = False

    def target(self) -> str:
        """The URL of the health service."""
        parts = parts_of(self.subject.filled(self.subject.policy.url or ""))
        self._service = unquote(parts.path.strip("/"))
        is_tls = parts.scheme.lower() == "grpcs"
        port = parts.port or (443 if is_tls else 80)
        return address_url("https" if is_tls else "http", parts.hostname or "", port) + _METHOD

    def first_request(self, url: str) -> Request:
        """The request, with the name of the service."""
        name = self._service.encode()
        if len(name) > 127:  # longer ones would need a length of two bytes
            raise ValueError("the name of a service")
        message = b"\x0a" + bytes([len(name)]) + name if name else b""
        request = super().first_request(url)
        headers = {**request.headers, "Content-Type": "application/grpc", "TE": "trailers"}
        return request._replace(method="POST", headers=headers, body=b"\0" + len(message).to_bytes(4, "big") + message)

    def prepare(self, curl: Any, url: str) -> None:
        """Set the request. HTTP/2 is spoken from the start: nobody upgrades to gRPC."""
        super().prepare(curl, url)
        is_tls = url.startswith("https")
        version = pycurl.CURL_HTTP_VERSION_2TLS if is_tls else pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
        curl.setopt(pycurl.HTTP_VERSION, version)

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended, and the service's state."""
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive)
        if why is None and status == 200:
            self._note_state()

    def _note_state(self) -> None:
        seen = self.subject.seen
        message, code = (seen.body or b"")[_HEAD_BYTES:], seen.headers.get("grpc-status", "0")
        seen.body = None
        if not seen.headers.get("content-type", "").startswith("application/grpc"):
            seen.finding = Cause.of("not_grpc")
        elif code != "0":
            text = unquote(seen.headers.get("grpc-message", ""))
            seen.finding = Cause.of("grpc_failed", code=code, message=text)
        else:
            # Its only field has the number 1; a state of 0 is left out.
            state = _STATES.get(message[1] if message[:1] == b"\x08" and len(message) > 1 else 0, "UNKNOWN")
            seen.body = state.encode()
            seen.finding = None if state == "SERVING" else Cause.of("grpc_not_serving", state=state)


def check_of(subject: Subject) -> GrpcCheck:
    """The check of a policy whose URL begins with grpc:// or grpcs://."""
    return GrpcCheck(subject)
