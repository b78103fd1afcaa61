"""Requests as bytes: those that a server must refuse, and those that are only unusual."""

import random

from tests.support.running import API_KEY
from tests.system.bad_input.bodies import BODY, MIB

KEY = b"X-API-Key: " + API_KEY.encode()
JSON = b"Content-Type: application/json"
QUERIES = [
    *(f"/alerts?status={each}" for each in ("open", "OPEN,ACK", "%4fPEN%00", "'%20OR%201=1--", "[]")),
    *(f"/alerts?monitor={each}" for each in ("%00", "a%00b", "%ff", "%ed%a0%80", "%c0%af", "x" * 2049)),
    *(f"/alerts?limit={each}" for each in ("0", "-1", "1001", "1e3", "0x9", "%EF%BC%91", "9" * 3000, "1&limit=1")),
    *(f"/alerts?cursor={each}" for each in ("0", "-1", str(2**63), "1.5", "1%00", "null", "1&cursor=2")),
    *(f"/notification_logs?alert_id={each}" for each in ("0", "-1", str(2**63), "9" * 400, "1;2", "1&alert_id=1")),
    "/notification_logs?limit=%",
    *(f"/monitors?{name}=a%00b" for name in ("name", "group", "tag")),
    *(f"/monitors?state={each}" for each in ("up", "UP,DOWN", "PAUSED%00", "'%20OR%201=1--")),
    *(f"/monitors?cursor={each}" for each in ("-1", str(2**63), "1.5", "null", "1&cursor=2")),
    *("/monitors?limit=0", "/monitors?source=all", "/monitors?name=%ff", f"/monitors?tag={'x' * 201}"),
]  # fmt: skip
PATHS = [
    *(f"/alerts/{each}" for each in ("0", "-1", "+1", "1.0", "1e0", "0x1", "a", "9" * 19, "9" * 3000, "%00", "1%00")),
    *(f"/alerts/{each}" for each in ("%ff", "%c0%b1", "%EF%BC%91", "%D9%A1", "%zz", "%", "1%0d%0aX-Evil:%201", "%0a")),
    *("/alerts/../events", "/alerts/..%2f..%2fetc%2fpasswd", "/./alerts", "/alerts/1/..", "/alerts/1/2", "/alerts;a=1"),
    *("/alerts%00", "/Alerts", "/alerts/1%20", "/alerts/%2e%2e", "/main.py", "/.env", "/functions/../.env", "/static/"),
    *(f"/monitors/{each}" for each in ("0", "-1", "1.0", "a", "9" * 19, "9" * 3000, "%00", "%EF%BC%91", "1%00", "999")),
    *(f"/monitors/{each}/check" for each in ("0", "a", "%00", "9" * 19, "999")),
    *("/monitors/1/2/3", "/config/1", "/checks", "/checks/claim/1", "/monitors/../config"),
    *("/robots.txt", "/favicon.ico", "/openapi.json/..", "/openapi", "/\\..\\.env", "/%2e%2e/%2e%2e/etc/passwd"),
]


def head(method: str, path: str, *headers: bytes) -> bytes:
    """A request without its body."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def posted(*headers: bytes, body: bytes = BODY) -> bytes:
    """A POST of an event with the key. Its length is in ``headers``."""
    return head("POST", "/events", KEY, JSON, *headers) + body


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
# These never become requests, or no honest client sends them. The server itself may refuse them.
RAW: dict[str, bytes] = {
    "noise": random.Random(1).randbytes(4000) + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "lower case": head("get", "/alerts"),
    "no such method": head("FOO", "/alerts"),
    "CONNECT": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "OPTIONS": head("OPTIONS", "/events", KEY),
    "TRACE": head("TRACE", "/", KEY),
    "two hosts": head("GET", "/", b"Host: b"),
    "an impossible host": b"GET / HTTP/1.1\r\nHost: a.." + b"b" * 300 + b"\r\nConnection: close\r\n\r\n",
    "a folded header": head("GET", "/", b"X: a", b" b"),
    "NUL in a header": head("GET", "/", b"X: a\0b"),
    "a space before the colon": head("GET", "/", b"X : a"),
    "a line feed alone": head("GET", "/", b"X: a\nY: b"),
    "no colon": head("GET", "/", b"X"),
    "200 headers": head("GET", "/", *(b"X-%d: a" % number for number in range(200))),
    "a long header": head("GET", "/", b"X: " + b"a" * 9000),
    "a megabyte of a header": head("GET", "/", b"X: " + b"a" * MIB),
    "a long path": head("GET", "/" + "a" * 5000),
    "a megabyte of a path": head("GET", "/" + "a" * MIB),
    "raw bytes in the path": b"GET /alerts/\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "expects tea": posted(LENGTH, b"Expect: tea"),
    "expects to go on, without an end": posted(b"Content-Length: 500", b"Expect: 100-continue"),
    "a negative length": posted(b"Content-Length: -1"),
    "a length in hex": posted(b"Content-Length: 0x10"),
    "two lengths": posted(LENGTH, b"Content-Length: 3"),
    "a length beyond counting": posted(b"Content-Length: 99999999999999999999"),
    "a length that is never reached": posted(b"Content-Length: 500"),
    "a length and chunks": posted(LENGTH, CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    "chunks of no size": posted(CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n"),
    "chunks of a negative size": posted(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"),
    "chunks that end too early": posted(CHUNKED, body=b"%x\r\n" % (len(BODY) + 1) + BODY),
    "no last chunk": posted(CHUNKED, body=b"%x\r\n" % len(BODY) + BODY + b"\r\n"),
    "chunks with a trailer that is a header": posted(CHUNKED, body=b"0\r\nContent-Length: 5\r\n\r\n"),
    "another coding": posted(LENGTH, b"Transfer-Encoding: gzip"),
    "gzip": posted(LENGTH, b"Content-Encoding: gzip"),
    "two types": posted(LENGTH, b"Content-Type: text/plain"),
    "another key too": posted(LENGTH, b"X-API-Key: another"),
    "a key with an underline": head("POST", "/events", JSON, LENGTH, KEY.replace(b"-", b"_")) + BODY,
    "the scheme twice": head("GET", "/", b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"),
    "another place for the app": head("POST", "/x/events", JSON, LENGTH, KEY, b"SCRIPT_NAME: /x") + BODY,
}
UNUSUAL: dict[str, bytes] = {
    "chunks": posted(CHUNKED, body=b"%x;a=b\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"),
    "asks first": posted(LENGTH, b"Expect: 100-continue"),
    "says that it is not compressed": posted(LENGTH, b"Content-Encoding: identity"),
    "a slash at the end": head("POST", "/events/", KEY, JSON, LENGTH) + BODY,
    "an encoded path": head("POST", "/%65vents", KEY, JSON, LENGTH) + BODY,
    "a whole address": head("POST", "http://elsewhere.example/events", KEY, JSON, LENGTH) + BODY,
    "HTTP/1.0": posted(LENGTH).replace(b"HTTP/1.1", b"HTTP/1.0"),
}
