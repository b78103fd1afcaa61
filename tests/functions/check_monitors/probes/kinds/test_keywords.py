"""Text that an answer over HTTP has to contain, or must not contain."""

import gzip
import zlib
from typing import Any

import pytest

from tests.support.policies import check_policy

CUT = "only the first {} bytes of the answer were read, too few to judge {}: raise max_body"


def ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


@pytest.mark.parametrize(
    ("fields", "body", "message"),
    [
        ({"keyword": "alive"}, b"we are alive", None),
        ({"keyword": "alive"}, b"dead", 'the answer does not contain "alive"'),
        ({"forbidden_keyword": "error"}, b"no error", 'the answer contains "error"'),
        ({"forbidden_keyword": "error"}, b"fine", None),
        ({"keyword": "정상"}, "상태: 정상".encode(), None),
        ({"keyword": "x"}, b"." * 1_000_000 + b"x", None),
        ({"forbidden_keyword": "x"}, b"." * 1_000_000, None),
    ],
)
def test_keywords_are_searched_in_the_body(recorded: Any, fields: Any, body: bytes, message: str | None) -> None:
    url, _ = recorded(ok(body))
    event = check_policy(url, **fields)
    assert event.error_message == message


@pytest.mark.parametrize(
    ("keyword", "body", "is_found"),
    [
        ('"status":"UP"', b'{"status": "UP", "db": "down"}', True),
        ('{"status":"UP"', b'{\n  "status" : "UP"\n}', True),
        ("[1,2]", b'{"ids": [1, 2]}', True),
        ("정상", b'{"status": "\\uc815\\uc0c1"}', True),
        ("https://example.org", b'{"url": "https:\\/\\/example.org"}', True),
        ('"status": "UP"', b'{"status": "UP"}', True),  # as it was sent
        ('"status":"UP"', b'{"status": "DOWN"}', False),
        ('"status":"UP"', b'{"status": "UP"} and more', False),  # which is no JSON
        ("UP,DOWN", b'{"states": "UP, DOWN"}', False),
    ],
)
def test_a_keyword_is_found_in_json_without_its_blanks(
    recorded: Any, keyword: str, body: bytes, is_found: bool
) -> None:
    url, _ = recorded(ok(body))
    assert check_policy(url, keyword=keyword).is_success is is_found
    assert check_policy(url, forbidden_keyword=keyword).is_success is not is_found


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("상태: 정상".encode("euc-kr"), b"Content-Type: text/html; charset=EUC-KR"),
        (gzip.compress("정상".encode(), mtime=0), b"Content-Encoding: gzip"),
        ("정상".encode(), b"Content-Type: text/html; charset=no-such"),
        ("정상".encode(), b"Content-Encoding: gzip"),  # which it is not
        (gzip.compress(b"a", mtime=0) + gzip.compress("정상".encode(), mtime=0), b"Content-Encoding: x-gzip"),
        (gzip.compress("정상".encode(), mtime=0) + bytes(9), b"Content-Encoding: GZIP, identity"),
        (zlib.compress("정상".encode()), b"Content-Encoding: deflate"),
        (zlib.compress("정상".encode(), wbits=-15), b"Content-Encoding: deflate"),
    ],
)
def test_a_keyword_is_found_in_the_servers_own_encoding(recorded: Any, body: bytes, header: bytes) -> None:
    url, _ = recorded(ok(body, header))
    assert check_policy(url, keyword="정상").error_message is None


@pytest.mark.parametrize("charset", ["EUC-KR", "ks_c_5601-1987", "cp949", "utf-16-le", "utf-8"])
def test_a_condition_reads_the_servers_own_encoding(recorded: Any, charset: str) -> None:
    header = f"Content-Type: text/html; charset={charset}".encode()
    text = " 한글 \n".encode(charset)
    url, _ = recorded(ok(text, header))
    event = check_policy(url, conditions=["[BODY] == 한글", "[BODY] == pat(한*)"])
    assert event.error_message is None
    assert check_policy(url, conditions=["[BODY] == 영어"]).error_message == "condition failed: [BODY] (한글) == 영어"
    url, _ = recorded(ok('{"state": "정상"}'.encode(charset), header))
    assert check_policy(url, conditions=["[BODY].state == 정상"]).error_message is None


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("euc-kr", "똠방".encode("cp949")),  # a syllable that EUC-KR itself has not, and browsers read
        ("iso-8859-1", "똠방".encode()),  # which it is not
        ("idna", "똠방".encode()),
        ("punycode", "똠방".encode()),
    ],
)
def test_a_charset_is_taken_as_a_browser_takes_it(recorded: Any, charset: str, body: bytes) -> None:
    url, _ = recorded(ok(body, f"Content-Type: text/html; charset={charset}".encode()))
    assert check_policy(url, keyword="똠방").error_message is None
    assert check_policy(url, conditions=["[BODY] == 똠방", f"len([BODY]) == {len(body)}"]).error_message is None
    assert check_policy(url, keyword="zz").error_message == 'the answer does not contain "zz"'


@pytest.mark.slow
def test_a_small_body_does_not_become_a_large_one(recorded: Any) -> None:
    url, _ = recorded(ok(gzip.compress(b"." * 5_000_000 + b"x"), b"Content-Encoding: gzip"))
    assert check_policy(url, keyword="x", max_body=10_000).error_message == CUT.format(10_000, '"x"')
    assert check_policy(url, keyword="x", max_body=5_000_001).error_message is None


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_a_body_that_cannot_be_read_is_not_judged(recorded: Any, encoding: str) -> None:
    url, _ = recorded(ok(b"\x8b\1\x80junk\3", f"Content-Encoding: {encoding}".encode()))
    compression = encoding.rpartition(" ")[2]
    message = f"the answer is compressed with {compression}, which cannot be read to judge "
    for terms in ({"keyword": "junk"}, {"forbidden_keyword": "junk"}, {"keyword": "junk", "upside_down": True}):
        event = check_policy(url, **terms)
        assert (event.error_message, event.message) == (message + '"junk"', None)
    condition = "[BODY] != junk"
    assert check_policy(url, conditions=["[STATUS] == 200", condition]).error_message == message + condition
    assert check_policy(url, conditions=[f"[HEADER].content-encoding == {encoding}"]).error_message is None
    assert check_policy(url).error_message is None


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [("gzip, deflate, br;q=1.0, zstd", b"gzip, deflate"), ("br", b""), ("*", b""), ("GZIP;q=0.5", b"GZIP;q=0.5")],
)
def test_a_body_to_be_judged_is_asked_for_as_we_read_it(recorded: Any, accepted: str, sent: bytes) -> None:
    url, requests = recorded(ok(b"well"))
    headers = {"accept-encoding": accepted}
    assert check_policy(url, headers=headers, keyword="well").error_message is None
    assert b"\r\naccept-encoding: %b\r\n" % sent in requests[0].replace(b"encoding:\r", b"encoding: \r")
    check_policy(url, headers=headers)
    assert b"\r\naccept-encoding: %b\r\n" % accepted.encode() in requests[1]


def test_a_keyword_is_filled_in_and_shown_as_written(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, _ = recorded(ok(b"version 7 of $5"))
    terms: dict[str, Any] = {"keyword": "version ${MONITOR_VERSION}", "forbidden_keyword": "${MONITOR_WORD}"}
    monkeypatch.setenv("MONITOR_VERSION", "7")
    event = check_policy(url, **terms)
    assert (event.error_message, event.is_inconclusive) == (
        "not checked: the agent's environment has no MONITOR_WORD",
        True,
    )
    monkeypatch.setenv("MONITOR_WORD", "error")
    assert check_policy(url, **terms).error_message is None
    monkeypatch.setenv("MONITOR_WORD", "of")
    assert check_policy(url, **terms).error_message == 'the answer contains "${MONITOR_WORD}"'
    monkeypatch.setenv("MONITOR_VERSION", "8")
    assert check_policy(url, **terms).error_message == 'the answer does not contain "version ${MONITOR_VERSION}"'
    assert check_policy(url, keyword="of $$5").error_message is None
