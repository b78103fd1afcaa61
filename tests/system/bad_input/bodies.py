"""Bodies that the API refuses, and a valid one."""

import json

from shared.web import MAX_BODY_BYTES

EVENT = {"target_url": "https://example.com/", "timestamp": "2025-01-08T10:30:00Z", "is_success": False}
BODY = json.dumps(EVENT).encode()
MIB = 1024 * 1024


def with_field(name: str, value: bytes) -> bytes:
    """The event with one more field, as raw JSON. The field may be there already."""
    return BODY[:-1] + b', "' + name.encode() + b'": ' + value + b"}"


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "zeros": b"\0" * 1000,
    "every byte": bytes(range(256)),
    "a gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 100,
    "half": BODY[: len(BODY) // 2],
    "something after it": BODY + b"x",
    "two of them": BODY + BODY,
    "a form": b"target_url=x&timestamp=2025-01-08T10:30:00Z&is_success=false",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "python": b"{'target_url': 'x'}",
    "a text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "an array in an array": b"[" + b"[" + BODY + b"]]",
    "UTF-8 with a mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "UTF-32": BODY.decode().encode("utf-32-le"),
    "EUC-KR": json.dumps(EVENT | {"monitor": "쇼핑몰"}, ensure_ascii=False).encode("euc-kr"),
    "UTF-8 cut": with_field("monitor", b'"\xea\xb0"'),
    "UTF-8 too long": with_field("monitor", b'"\xc0\xaf"'),
    "a surrogate in UTF-8": with_field("monitor", b'"\xed\xa0\x80"'),
    "half a character": with_field("monitor", b'"\\ud800"'),
    "half a character, ignored": with_field("later", b'"\\udfff"'),
    "NUL": with_field("monitor", b'"a\\u0000b"'),
    "NUL as it is": with_field("monitor", b'"a\0b"'),
    "a line break in a text": with_field("monitor", b'"a\nb"'),
    "NaN": with_field("response_time_ms", b"NaN"),
    "NaN, ignored": with_field("later", b"NaN"),
    "Infinity": with_field("response_time_ms", b"Infinity"),
    "-Infinity, ignored": with_field("later", b"[-Infinity]"),
    "beyond infinity": with_field("response_time_ms", b"1e999"),
    "negative": with_field("response_time_ms", b"-0.1"),
    "huge": with_field("status_code", b"1" + b"0" * 400),
    "a million digits": with_field("status_code", b"1" * 1_000_000),
    "a million digits, ignored": with_field("later", b"9" * 1_000_000),
    "a number as text": with_field("status_code", b'"200"'),
    "half a status": with_field("status_code", b"200.5"),
    "a name twice": with_field("is_success", b"true"),
    "a name twice, the same": with_field("is_success", b"false"),
    "a name twice, spelled otherwise": with_field("is_succes\\u0073", b"true"),
    "a name twice, ignored": with_field("later", b'{"a": 1, "a": 2}'),
    "half a character twice": b'{"\\ud800": 1, "\\ud800": 2}',
    "a name twice in an array": b"[" + BODY + b", " + with_field("monitor", b'"a", "monitor": "b"') + b"]",
    "deep": b"[" * 500_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep, ignored": with_field("later", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "wide": b"{" + b",".join(b'"%d":0' % each for each in range(80_000)) + b"}",
    "empty arrays": b"[" + b"[]," * 300_000 + b"[]]",
    "1,001 events": b"[" + b",".join([BODY] * 1001) + b"]",
    "a long URL": json.dumps(EVENT | {"target_url": "x" * 2049}).encode(),
    "a long message": with_field("error_message", b'"' + b"x" * 4097 + b'"'),
    "a wrong cause": with_field("cause", b'{"code": "x", "parameters": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}"),
    "a wide cause": with_field("cause", b'{"code": "x", "parameters": {"a": "' + b"x" * 900_000 + b'"}}'),
    "a long name": with_field("monitor", b'"' + "가".encode() * 2049 + b'"'),
    "a long id": with_field("event_id", b'"' + b"x" * 65 + b'"'),
    "a time in digits": json.dumps(EVENT | {"timestamp": "1736332200"}).encode(),
    "a date": json.dumps(EVENT | {"timestamp": "2025-01-08"}).encode(),
    "February 30th": json.dumps(EVENT | {"timestamp": "2025-02-30T10:30:00Z"}).encode(),
    "the year 10000": json.dumps(EVENT | {"timestamp": "9999-12-31T23:59:59-14:00"}).encode(),
    "the year 0": json.dumps(EVENT | {"timestamp": "0000-01-01T00:00:00Z"}).encode(),
    "a byte over the limit": b" " * (MAX_BODY_BYTES + 1 - len(BODY)) + BODY,
    "8 MiB": b" " * (8 * MIB) + BODY,
}
MOVES: dict[str, bytes] = {
    "no status": b'{"by": "kim"}',
    "another status": b'{"status": "open"}',
    "a status twice": b'{"status": "ACK", "status": "RESOLVED"}',
    "a long name": b'{"status": "ACK", "by": "' + b"x" * 256 + b'"}',
    "NUL": b'{"status": "ACK", "by": "a\\u0000"}',
    "an array": b'[{"status": "ACK"}]',
    "not UTF-8": b'{"status": "ACK", "by": "\xff"}',
}
POLICY = b'{"name": "a", "url": "http://a.example/"}'
# For POST /monitors, PUT and PATCH /monitors/<id>, and as the only monitor of PUT /config.
POLICIES: dict[str, bytes] = {
    "an array": b"[" + POLICY + b"]",
    "a name twice": POLICY[:-1] + b', "name": "b"}',
    "half a character": POLICY[:-1] + b', "group": "\\ud800"}',
    "half a character as a name": POLICY[:-1] + b', "\\udfff": 1}',
    "NUL": POLICY[:-1] + b', "group": "a\\u0000b"}',
    "NUL in a name": POLICY[:-1] + b', "a\\u0000b": 1}',
    "NaN": POLICY[:-1] + b', "interval": NaN}',
    "beyond infinity": POLICY[:-1] + b', "interval": 1e999}',
    "a million digits": POLICY[:-1] + b', "retries": ' + b"1" * 900_000 + b"}",
    "huge": POLICY[:-1] + b', "retries": ' + b"1" * 400 + b"}",
    "a number as text": POLICY[:-1] + b', "retries": "1"x}',
    "deep": POLICY[:-1] + b', "headers": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "deep, unknown": POLICY[:-1] + b', "later": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "wide": b"{" + b",".join(b'"%d":0' % each for each in range(80_000)) + b"}",
    "an unknown field": POLICY[:-1] + b', "intervall": "30s"}',
    "another scheme": b'{"name": "a", "url": "file:///etc/passwd"}',
    "no host": b'{"name": "a", "url": "http://"}',
    "a port beyond counting": b'{"name": "a", "url": "http://a.example:99999999999/"}',
    "half a host": b'{"name": "a", "url": "http://[::1/"}',
    "a line break": b'{"name": "a", "url": "http://a.example/\\r\\nX: y"}',
    "a foreign placeholder": b'{"name": "a", "url": "http://${API_KEY}.example/"}',
    "a header of two lines": POLICY[:-1] + b', "headers": {"a": "b\\r\\nc: d"}}',
    "a hostile condition": POLICY[:-1] + b', "conditions": ["' + b"(" * 4000 + b'"]}',
    "stars": POLICY[:-1] + b', "bearer_token": "***"}',
    "not UTF-8": POLICY[:-1] + b', "group": "\xff"}',
}
CONFIGURATIONS: dict[str, bytes] = {
    "no monitors": b"{}",
    "an object of monitors": b'{"monitors": {}}',
    "the same twice": b'{"monitors": [' + POLICY + b", " + POLICY + b"]}",
    "a line beyond counting": b'{"monitors": [' + POLICY[:-1] + b', "line": ' + b"9" * 400 + b"}]}",
    "half a character, stored": b'{"monitors": [], "windows": ["\\ud800"]}',
    "deep, stored": b'{"monitors": [], "windows": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    **{f"a policy: {name}": b'{"monitors": [' + body + b"]}" for name, body in POLICIES.items()},
}
CLAIMS: dict[str, bytes] = {
    "nobody": b"{}",
    "NUL": b'{"agent": "a", "location": "a\\u0000b"}',
    "1,001 targets": b'{"agent": "a", "targets": [' + b",".join([b'"http://a.example/"'] * 1001) + b"]}",
    "a text of targets": b'{"agent": "a", "targets": "http://a.example/"}',
    "no time": b'{"agent": "a", "seconds": 0}',
    "for ever": b'{"agent": "a", "seconds": 1e999}',
    "NaN": b'{"agent": "a", "seconds": NaN}',
    "a version beyond counting": b'{"agent": "a", "known": ' + b"9" * 400 + b"}",
    "deep": b'{"agent": "a", "later": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}
TYPES = [
    b"text/plain",
    b"text/html",
    b"application/xml",
    b"multipart/form-data; boundary=a",
    b"\xff\xfe",
    b"json",
]
