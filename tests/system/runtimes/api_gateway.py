"""API Gateway's HTTP API: it turns real requests into payloads of format 2.0, by the routes of a stack."""

import base64
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.stand_ins import Exchange, StandIn
from tests.system.runtimes.sandbox import InvocationFailed
from tests.system.runtimes.stack import ACCOUNT, API_ID

# Bodies of these types are passed on as they are, and all others in Base64.
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml)")
DEFAULT = "$default"


@dataclass(frozen=True)
class Route:
    """A method (or ANY) and a path with ``{names}``, and the function that they lead to."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        """The route's name in the payload."""
        return self.path if self.path == DEFAULT else f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's parameters if the route takes the request, otherwise None."""
        if self.path == DEFAULT:
            return {}
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", pattern)
        found = re.fullmatch(pattern, path) if self.method in ("ANY", method) else None
        return found.groupdict() if found else None


def routes_of(api: Mapping[str, Any]) -> list[Route]:
    """The routes of an API, in the order in which it prefers them. Their functions are named by ARNs."""
    found = []
    for path, methods in api["Body"]["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert (integration["type"], integration["payloadFormatVersion"]) == ("aws_proxy", "2.0")
            arn = re.search(r"/functions/(arn:.+)/invocations$", integration["uri"])
            assert arn
            name = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            found.append(Route(name, DEFAULT if operation.get("isDefaultRoute") else path, arn[1]))

    # "The most specific match", of /status/feed.json and /status/{slug} the first; then a path with a greedy variable,
    # /dashboard/{proxy+}, and the default route is the last:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    def vagueness(route: Route) -> tuple[bool, bool, list[bool]]:
        return route.path == DEFAULT, "+}" in route.path, ["{" in part for part in route.path.split("/")]

    return sorted(found, key=vagueness)


class HttpApi(StandIn):
    """The front of an API. ``invoke`` takes a function's name and the payload."""

    def __init__(self, routes: list[Route], invoke: Callable[[str, dict[str, Any]], Any]) -> None:
        super().__init__()
        self._routes, self._invoke = routes, invoke

    def answer(self, exchange: Exchange) -> None:
        method, path = exchange.method, urlsplit(exchange.path).path
        found = ((route, route.match(method, path)) for route in self._routes)
        route, parameters = next(((route, names) for route, names in found if names is not None), (None, {}))
        if route is None:
            exchange.answer(404, '{"message":"Not Found"}', "application/json")
            return
        event = payload(
            exchange.method, exchange.path, exchange.headers.items(), exchange.body, route.key, parameters or {}
        )
        try:
            result = self._invoke(route.function, event)
        except (InvocationFailed, AssertionError):
            exchange.answer(500, '{"message":"Internal Server Error"}', "application/json")
            return
        body = result.get("body", "")
        if result.get("isBase64Encoded"):
            body = base64.b64decode(body)
        headers = {name.lower(): value for name, value in result.get("headers", {}).items()}
        headers.pop("content-length", None)
        # https://github.com/modelix/modelix.core/pull/1658, and documented for REST APIs:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
        if challenge := headers.pop("www-authenticate", None):
            headers["x-amzn-remapped-www-authenticate"] = challenge
        for cookie in result.get("cookies", ()):
            assert "set-cookie" not in headers, "the exchange has one header of each name"
            headers["set-cookie"] = cookie
        kind = headers.pop("content-type", "text/plain; charset=utf-8")
        exchange.answer(result["statusCode"], body, kind, headers)


def payload(
    method: str,
    target: str,
    given: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    route: str = DEFAULT,
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The payload of a request, in format 2.0. ``given`` are its headers."""
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for name, value in given:
        headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
    domain = f"{API_ID}.execute-api.ap-northeast-2.amazonaws.com"
    headers |= {"host": domain, "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
    http = {"method": method, "path": unquote(path), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    context = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": API_ID,
        "http": http | {"userAgent": headers.get("user-agent", "")},
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": route,
        "stage": "$default",
        "time": datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(time.time() * 1000),
    }
    cookies = headers.pop("cookie", "")
    found: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        found["cookies"] = [each.strip() for each in cookies.split(";")]
    if query:
        several = parse_qs(query, keep_blank_values=True)
        found["queryStringParameters"] = {name: ",".join(values) for name, values in several.items()}
    if parameters:
        found["pathParameters"] = {name: unquote(value) for name, value in parameters.items()}
    return found | _as_json(body, headers.get("content-type", ""))


def _as_json(body: bytes, kind: str) -> dict[str, Any]:
    if not body:
        return {}
    if _TEXT.fullmatch(kind.partition(";")[0].strip().lower()):
        return {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
