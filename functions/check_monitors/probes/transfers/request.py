"""The HTTP request of a policy: method, headers, body and credentials, as libcurl takes them."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pycurl

from functions.check_monitors.probes.judgement import NotCheckable, Subject
from functions.check_monitors.probes.transfers.content_encoding import readable
from shared.models import Cause

_BEARER = 64  # HTTPAUTH's number, which pycurl does not name
_OBEY_CODE = 2  # of FOLLOWLOCATION: a redirect changes a request's method if its status says so
_OF_THE_ORIGIN = ("authorization", "cookie", "host", "proxy-authorization")


class Request(NamedTuple):
    """A request: ``url`` is the first one, in ASCII. Its placeholders are filled in."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    bearer_token: str | None = None


def first_request(subject: Subject, url: str) -> Request:
    """The request as the policy words it. Raises MissingValue and NotCheckable."""
    policy, filled = subject.policy, subject.filled
    headers = {name: filled(value).strip() for name, value in policy.headers.items()}
    for name, value in headers.items():
        if not value.isprintable():  # a line break would begin another header
            raise NotCheckable(Cause.of("header_not_valid", name=name))
        if name.lower() == "accept-encoding" and subject.is_body_needed:
            headers[name] = readable(value)
    body = filled(policy.body).encode() if policy.body is not None else None
    token = filled(policy.bearer_token).strip() if policy.bearer_token else None
    return Request(url, policy.method, headers, body, token)


def redirected(request: Request, status: int) -> Request:
    """The request that follows a redirect, as browsers make it."""
    is_get = (status == 303 and request.method != "HEAD") or (status in (301, 302) and request.method == "POST")
    return request._replace(method="GET", body=None) if is_get else request


def set_request(curl: Any, request: Request, subject: Subject, url: str) -> None:
    """Let ``curl`` send ``request`` to ``url``, which is the first one or that of a redirect."""
    policy = subject.policy
    is_first_host = url == request.url or _origin(url) == _origin(request.url)
    if policy.user_agent:
        curl.setopt(pycurl.USERAGENT, subject.filled(policy.user_agent).encode())
    if request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif request.method == "POST":
        curl.setopt(pycurl.POSTFIELDS, request.body or b"")
    elif request.method != "GET" or request.body is not None:
        if request.body is not None:
            curl.setopt(pycurl.POSTFIELDS, request.body)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        curl.setopt(pycurl.FOLLOWLOCATION, _OBEY_CODE if policy.follow_redirects else 0)
    _set_headers(curl, request, is_first_host=is_first_host)
    if is_first_host:
        _set_credentials(curl, request, subject)
    if not policy.follow_redirects:
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.MAXREDIRS, policy.max_redirects)
    if policy.http_version:
        if policy.http_version == "3" and not pycurl.version_info()[4] & pycurl.VERSION_HTTP3:
            raise NotCheckable(Cause.of("http3_not_supported"))
        curl.setopt(pycurl.HTTP_VERSION, _http_version(policy.http_version, url))


def _set_headers(curl: Any, request: Request, *, is_first_host: bool) -> None:
    lines = [
        # libcurl takes a name with a semicolon as a header without a value.
        f"{name}: {value}" if value else f"{name};"
        for name, value in request.headers.items()
        if is_first_host or name.lower() not in _OF_THE_ORIGIN
    ]
    has_body = request.body is not None or request.method == "POST"
    if has_body and not any(name.lower() == "content-type" for name in request.headers):
        lines.append("Content-Type:")  # not the one of a form, which libcurl takes it for
    if lines:
        curl.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])


def _set_credentials(curl: Any, request: Request, subject: Subject) -> None:
    policy, filled = subject.policy, subject.filled
    credentials = policy.digest_auth or policy.basic_auth
    if credentials:
        curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST if policy.digest_auth else pycurl.HTTPAUTH_BASIC)
        curl.setopt(pycurl.USERNAME, filled(credentials.username).encode())
        curl.setopt(pycurl.PASSWORD, filled(credentials.password).encode())
    elif request.bearer_token:
        curl.setopt(pycurl.HTTPAUTH, _BEARER)
        curl.setopt(pycurl.XOAUTH2_BEARER, request.bearer_token.encode())


def _http_version(version: str, url: str) -> int:
    is_tls = url[:6].lower() == "https:"
    return int(
        {
            "1.0": pycurl.CURL_HTTP_VERSION_1_0,
            "1.1": pycurl.CURL_HTTP_VERSION_1_1,
            "2": pycurl.CURL_HTTP_VERSION_2TLS if is_tls else pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
            "3": pycurl.CURL_HTTP_VERSION_3ONLY,
        }[version]
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname, parts.port
