"""Conditions that hold, and how a message shows those that do not."""

import json

import pytest

from shared.monitors.conditions import Facts, failure, parse, with_values
from shared.monitors.placeholders import MissingValue

PAGE = "<!DOCTYPE html>\n<html>\n<h1>봉화 Example</h1>\n</html>\n".encode()
DOCUMENT = json.dumps(
    {
        "status": "UP",
        "count": 18,
        "ratio": 1.10,
        "big": 10_000_000,
        "version": "1.10",
        "digits": "123.4",
        "padded": "007",
        "is_ready": True,
        "error": None,
        "empty": "",
        "uptime": "2h30m",
        "이름": "김민수",
        "items": [{"id": 3, "item-id": "a"}, [1, [2]], "x"],
        "nested": {"deep": {"status": "ok"}},
    }
).encode()
FACTS = {
    "status": 200,
    "response_time_ms": 299.7,
    "certificate_expiry": 172_800.0,
    "ip": "203.0.113.7",
    "connected": True,
    "dns_rcode": "NOERROR",
    "headers": {"content-type": "text/html", "x-count": "12"},
}

HOLD = [
    "[STATUS] == 200",
    "[STATUS] == 200.0",
    "[STATUS] != 404",
    "[STATUS] == any(204, 200)",
    "[STATUS] != any(404, 500)",
    "[STATUS] == pat(2*)",
    "[STATUS] < 300",
    "300 > [STATUS]",
    "[RESPONSE_TIME] < 300",
    "[RESPONSE_TIME] <= 299",
    "[RESPONSE_TIME] < 0.3s",
    "[RESPONSE_TIME] == 299ms",
    "[CERTIFICATE_EXPIRATION] >= 48h",
    "[CERTIFICATE_EXPIRATION] > 1d23h59m",
    "47h < [CERTIFICATE_EXPIRATION]",
    "[CERTIFICATE_EXPIRATION] == 172800000",
    "[CERTIFICATE_EXPIRATION] > [RESPONSE_TIME]",
    "[IP] == 203.0.113.7",
    "[IP] == any(203.0.113.6, 203.0.113.7)",
    "[CONNECTED] == true",
    "[CONNECTED] != false",
    "has([CERTIFICATE_EXPIRATION]) == true",
    "[DNS_RCODE] == NOERROR",
    "[HEADER].Content-Type == text/html",
    "[HEADER].X-Count > 5",
    "[HEADER].x-count == 12",
    "has([HEADER].Server) == false",
    "[BODY].status == UP",
    '[BODY].status == "UP"',
    "[BODY].status == any(DOWN, UP)",
    '[BODY].status == any("a, b", "UP")',
    "[BODY].status == pat(U*)",
    "[BODY].count == 18",
    "[BODY].count >= 17.9",
    "[BODY].ratio == 1.1",
    "[BODY].ratio == 1.10",
    "[BODY].big == 10000000",
    "[BODY].big == 1e7",
    "[BODY].version == 1.10",
    "[BODY].version != 1.1",
    "[BODY].digits > 123",
    "[BODY].padded != 7",
    "[BODY].is_ready == true",
    "[BODY].error == null",
    "has([BODY].error) == false",
    "has([BODY].empty) == true",
    "len([BODY].empty) == 0",
    '[BODY].empty == ""',
    "[BODY].uptime > 2h",
    "[BODY].count < 48h",
    "[BODY].이름 == 김민수",
    "len([BODY].이름) == 9",
    "len([BODY].items) == 3",
    "len([BODY].is_ready) == 4",
    "len([BODY].items[0]) == 22",
    "[BODY].items[0].id == 3",
    "[BODY].items[0].item-id == a",
    "[BODY].items[1][1][0] == 2",
    "[BODY].items[1] == [1,[2]]",
    "[BODY].items == pat(*item-id*)",
    "[BODY].items[0].id < [BODY].count",
    "[BODY].nested.deep.status != [BODY].status",
    "[BODY].missing != UP",
    "[BODY].status.length != 2",
    "[BODY].items[9].id != 3",
    "[BODY] == pat({*})",
]

FAIL = [
    ("[STATUS] == 404", "[STATUS] (200) == 404"),
    ("[STATUS] == any(404, 500)", "[STATUS] (200) == any(404, 500)"),
    ("404 == [STATUS]", "404 == [STATUS] (200)"),
    ("[RESPONSE_TIME] < 299", "[RESPONSE_TIME] (299) < 299"),
    ("[CERTIFICATE_EXPIRATION] > 48h", "[CERTIFICATE_EXPIRATION] (2d) > 48h"),
    ("[CONNECTED] == false", "[CONNECTED] (true) == false"),
    ("[HEADER].Server == nginx", "[HEADER].Server (INVALID) == nginx"),
    ("[HEADER].Content-Type > 5", "[HEADER].Content-Type (text/html) > 5: text is not a number"),
    ("[BODY].missing == UP", "[BODY].missing (INVALID) == UP"),
    ("[BODY].missing < 5", "[BODY].missing (INVALID) < 5"),
    ("len([BODY].missing) == 0", "len([BODY].missing) (INVALID) == 0"),
    ("has([BODY].missing) == true", "has([BODY].missing) (false) == true"),
    ("[BODY].status < 5", "[BODY].status (UP) < 5: text is not a number"),
    ("[BODY].status == 5", "[BODY].status (UP) == 5: text is not a number"),
    ("[BODY].status > 1h", "[BODY].status (UP) > 1h: text is not a duration"),
    ("[BODY].count == UP", "[BODY].count (18) == UP: a number is not text"),
    ('[BODY].count == "18"', '[BODY].count (18) == "18": a number is not text'),
    ("[BODY].count == [BODY].status", "[BODY].count (18) == [BODY].status (UP): text is not a number"),
    ("[BODY].is_ready > 0", "[BODY].is_ready (true) > 0: true is not a number"),
    ("[BODY].error > 0", "[BODY].error (null) > 0: null is not a number"),
    ("[BODY].items > 0", '[BODY].items ([{"id":3,"item-id":"a"},[1,[2]],"x"]) > 0: a list is not a number'),
    ("[BODY].nested == 0", '[BODY].nested ({"deep":{"status":"ok"}}) == 0'),
    ("[BODY].version == 1.1", "[BODY].version (1.10) == 1.1"),
    ("[BODY].count != 18", "[BODY].count (18) != 18"),
    ("[BODY].status != any(UP, OK)", "[BODY].status (UP) != any(UP, OK)"),
    ("[BODY].status != pat(*)", "[BODY].status (UP) != pat(*)"),
    ("[BODY].missing == pat(*)", "[BODY].missing (INVALID) == pat(*)"),
    ("[BODY].missing == [BODY].missing", "[BODY].missing (INVALID) == [BODY].missing (INVALID)"),
]


@pytest.mark.parametrize("text", HOLD)
def test_a_condition_holds(text: str) -> None:
    assert failure([parse(text)], Facts(body=DOCUMENT, **FACTS)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "shown"), FAIL)
def test_a_failed_condition_shows_its_values(text: str, shown: str) -> None:
    assert failure([parse(text)], Facts(body=DOCUMENT, **FACTS)) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "text", "holds"),
    [
        (b"  OK\n", "[BODY] == OK", True),
        (b"", '[BODY] == ""', True),
        (b" \n", '[BODY] == ""', True),
        (b"", "len([BODY]) == 0", True),
        (b"", "has([BODY]) == true", False),
        (b"203.0.113.7", "[BODY] == 203.0.113.7", True),
        (b"123", "[BODY] == 123", True),
        (b"123", "[BODY] < 124", True),
        (b"99\n", "[BODY] < 100", True),
        (b"[1, 2, 3]", "len([BODY]) == 3", True),
        (b" [] ", "len([BODY]) == 0", True),
        (b"[no list", "len([BODY]) == 8", True),
        (b'{"name": "john.doe"}', "len([BODY]) == 20", True),
        (b'"text"', '[BODY] == ""text""', True),
        (PAGE, "[BODY] == pat(*<h1>봉화*</h1>*)", True),
        (PAGE, "[BODY] == pat(<!DOCTYPE*</html>)", True),
        (PAGE, "[BODY] == pat(<h1>*)", False),
        (PAGE, "[BODY].status == ok", False),
        (b"ab", "[BODY] == pat(ab*ab)", False),
        (b"abab", "[BODY] == pat(ab*ab)", True),
        (b"a*c", "[BODY] == pat(a*c)", True),
        (b"abc", "[BODY] == pat(a?c)", False),
        (b"", "[BODY] == pat()", True),
        (b"12", "[BODY] == [STATUS]", False),
        (b"200", "[BODY] == [STATUS]", True),
        (b"true", "[BODY] == [CONNECTED]", True),
    ],
)
def test_a_whole_body_is_compared_as_text(body: bytes, text: str, holds: bool) -> None:
    assert parse(text).holds(Facts(body=body, status=200, connected=True)) is holds


@pytest.mark.parametrize(
    ("text", "is_settled"),
    [
        ("[BODY] == pat(*up*)", True),
        ("[BODY] != pat(*up*)", True),  # it fails, whatever follows
        ("[BODY] == pat(*down*)", False),
        ("[BODY] != pat(*down*)", False),
        ("[BODY] == pat(*it)", False),
        ("[BODY] == up", False),
        ("[BODY].status == up", False),
        ("[BODY].status != down", False),
        ("has([BODY].error) == false", False),
        ("has([BODY]) == true", True),
        ("len([BODY]) > 3", True),
        ("3 <= len([BODY])", True),
        ("len([BODY]) < 3000", False),
        ("3000 > len([BODY])", False),
        ("[STATUS] == 500", True),
        ("[STATUS] < 500", True),
    ],
)
def test_the_rest_of_a_cut_body_may_decide(text: str, is_settled: bool) -> None:
    assert parse(text).is_settled(Facts(status=200, body=b"it is up, and it", is_body_cut=True)) is is_settled
    assert parse(text).is_settled(Facts(status=200, body=b"it is up, and it"))


def test_a_cut_list_has_an_unknown_length() -> None:
    assert not parse("len([BODY]) > 3").is_settled(Facts(body=b'["a", "b", "', is_body_cut=True))


def test_the_first_failed_condition_is_named() -> None:
    conditions = [parse(text) for text in ("[STATUS] == 500", "[RESPONSE_TIME] < 300", "[STATUS] == 200")]
    assert failure(conditions, Facts(status=500, response_time_ms=512)) == "[RESPONSE_TIME] (512) < 300"
    assert failure([], Facts()) is None


def test_a_shown_value_is_short_and_can_be_printed() -> None:
    body = b"\x00\x1b[31m first\r\n\tsecond " + b"x" * 1_000_000
    shown = failure([parse("[BODY] == ok")], Facts(body=body)) or ""
    assert shown == f"[BODY] ([31m first second {'x' * (200 - 18)}) == ok"


def test_an_event_can_carry_the_longest_condition() -> None:
    shown = failure([parse(f"[BODY] == {'x' * 4_080}")], Facts(body=b"y" * 1_000))
    assert shown is not None
    assert len(shown) == 4_096


def test_an_expired_certificate_is_shown_as_such() -> None:
    facts = Facts(certificate_expiry=-93_600.5)
    assert failure([parse("[CERTIFICATE_EXPIRATION] > 0")], facts) == "[CERTIFICATE_EXPIRATION] (-1d2h) > 0"


def test_a_condition_is_filled_in_and_shown_as_written() -> None:
    condition = with_values(parse("[BODY].version == ${MONITOR_VERSION}"), {"MONITOR_VERSION": "2.0"})
    assert condition.holds(Facts(body=b'{"version": "2.0"}'))
    shown = failure([condition], Facts(body=b'{"version": "1.9"}'))
    assert shown == "[BODY].version (1.9) == ${MONITOR_VERSION}"
    plain = parse("[STATUS] == 200")
    assert with_values(plain, {}) is plain


def test_a_value_cannot_change_a_conditions_form() -> None:
    condition = with_values(parse("[BODY] == ${MONITOR_TEXT}"), {"MONITOR_TEXT": 'pat(*) == "x'})
    assert not condition.holds(Facts(body=b"anything"))
    assert condition.holds(Facts(body=b'pat(*) == "x'))


def test_a_value_that_does_not_fit_is_refused() -> None:
    condition = parse("[STATUS] == ${MONITOR_CODE}")
    with pytest.raises(MissingValue):
        with_values(condition, {})
    with pytest.raises(ValueError, match=r"a number beside \[STATUS\]") as refused:
        with_values(condition, {"MONITOR_CODE": "s3cret"})
    assert "s3cret" not in str(refused.value)
