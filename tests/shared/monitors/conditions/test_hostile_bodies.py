"""Bodies that were made to break whoever reads them."""

import time

import pytest

from shared.monitors.conditions import Facts, failure, parse

CONDITIONS = [
    parse(text)
    for text in (
        "[BODY] == ok",
        "[BODY] == pat(*a*b*c*)",
        "[BODY] > 5",
        "[BODY] == [BODY].x",
        "[BODY].x == 5",
        "[BODY].x == [BODY].y",
        "[BODY].x > 5",
        "[BODY].x > 48h",
        "[BODY].x == any(1, a)",
        "[BODY].x != pat(*a*)",
        "[BODY][0][0] == null",
        "len([BODY]) == 0",
        "len([BODY].x) == 0",
        "has([BODY].x) == true",
    )
]
BODIES = {
    "deep lists": b"[" * 1_000_000,
    "deep lists that end": b"[" * 900 + b"]" * 900,
    "deep objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "a huge integer": b'{"x": ' + b"9" * 100_000 + b"}",
    "a large integer": b'{"x": ' + b"9" * 4_000 + b"}",
    "a huge float": b'{"x": 1e999999}',
    "a huge exponent": b'{"x": "1e9999999"}',
    "NaN": b'{"x": NaN, "y": [Infinity, -Infinity]}',
    "invalid UTF-8": b'{"x": "\xff\xfe"}',
    "half a surrogate": b'{"x": "\\ud800", "\\udfff": 1}',
    "NUL": b'{"x": "\\u0000", "y": "\x00"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"x": 5}'.encode("utf-16"),
    "no JSON": b"<html>",
    "half an object": b'{"x": ',
    "two values": b"{} {}",
    "many spaces": b" " * 1_000_000,
    "many digits": b"1" * 1_000_000,
    "many durations": b'{"x": "' + b"1h" * 100_000 + b'"}',
    "many a": b"a" * 1_000_000,
    "null": b"null",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_hostile_body_raises_nothing(body: bytes) -> None:
    started = time.process_time()
    facts = Facts(body=body)
    for condition in CONDITIONS:
        condition.holds(facts)
        shown = condition.failed(facts)
        assert shown.isprintable()
        assert len(shown) < 600
        shown.encode()  # PostgreSQL takes no half characters
    assert time.process_time() - started < 2


def test_a_wrong_byte_hides_nothing_else() -> None:
    facts = Facts(body=b'\xef\xbb\xbf{"name": "caf\xe9", "status": "UP", "ratio": NaN}')
    assert failure([parse("[BODY].status == UP"), parse("[BODY].ratio == NaN")], facts) is None
    assert failure([parse("[BODY].ratio > 0")], facts) == "[BODY].ratio (NaN) > 0: text is not a number"


def test_a_body_is_decoded_once_and_only_if_needed() -> None:
    facts = Facts(body=b'{"x": {}}')
    assert facts.document() is facts.document()
    assert facts.text() is facts.body
    # A body that is no JSON is not tried again for each condition.
    broken = Facts(body=b"[" * 5_000_000)
    broken.document()
    started = time.process_time()
    assert not any(parse("[BODY].x == 1").holds(broken) for _ in range(1_000))
    assert time.process_time() - started < 0.5


def test_a_pattern_with_many_stars_takes_no_longer() -> None:
    condition = parse(f"[BODY] == pat({'*a' * 500}*b)")
    started = time.process_time()
    assert not condition.holds(Facts(body=b"a" * 1_000_000))
    assert not condition.holds(Facts(body=b"a" * 1_000_000 + b"c"))
    assert time.process_time() - started < 1
