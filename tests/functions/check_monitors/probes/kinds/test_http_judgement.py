"""A policy's part in the judgement of an HTTP check: conditions, retries, and checks that are to fail."""

import re
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, says


def test_what_is_expected_to_fail_is_inverted(recorded: Any) -> None:
    url, _ = recorded()
    event = check_policy(url, upside_down=True)
    assert (event.is_success, event.error_message) == (False, "expected to fail, but HTTP 200")
    event = check_policy("http://127.0.0.1:1/", upside_down=True)
    assert (event.is_success, event.error_message, event.cause) == (True, None, None)


@pytest.mark.slow
def test_a_failure_is_confirmed_by_retries(serve: RawServers) -> None:
    responses = iter([b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", b"", OK])
    url = f"http://127.0.0.1:{serve(lambda c: says(next(responses))(c))}/"
    event = check_policy(url, retries=5, retry_interval="1s")
    assert event.is_success
    assert [(attempt.status_code, attempt.error_message) for attempt in event.attempts] == [
        (500, "HTTP 500 Internal Server Error"),
        (None, "connection closed without an answer"),
    ]
    assert event.attempts[0].timestamp < event.attempts[1].timestamp < event.timestamp


@pytest.fixture
def connections() -> list[Any]:
    """The connections that were made to ``keeping``."""
    return []


@pytest.fixture
def keeping(serve: RawServers, trusted: Authority, connections: list[Any]) -> str:
    """The URL of a server that keeps its connections."""

    def handler(connection: Any) -> None:
        connections.append(connection)
        while connection.recv(65536):
            connection.sendall(OK)

    return f"https://localhost:{serve(handler, trusted.context(TODAY - A_DAY, TODAY + A_DAY))}/"


@pytest.mark.slow
def test_a_connection_may_be_used_again(keeping: str, connections: list[Any]) -> None:
    url = keeping
    first, second = (check_policy(url, connection="reuse") for _ in range(2))
    assert (first.is_success, second.is_success, len(connections)) == (True, True, 1)
    assert first.tls_ms is not None
    assert (second.dns_ms, second.connect_ms, second.tls_ms) == (None, None, None)
    assert second.certificate_expires_at == first.certificate_expires_at == TODAY + A_DAY
    assert check_policy(url).tls_ms is not None
    assert len(connections) == 2


@pytest.mark.slow
def test_each_monitor_sees_the_certificate_itself_first(keeping: str, connections: list[Any]) -> None:
    """Another monitor's connection, which libcurl would take, does not show it again."""
    for name in ("shop", "cart", "cart"):
        event = check_policy(keeping, name=name, connection="reuse", conditions=["[CERTIFICATE_EXPIRATION] > 1h"])
        assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("conditions", "failed"),
    [
        (["[STATUS] == 500", "[BODY].status == UP", "[RESPONSE_TIME] < 5s", "[IP] == 127.0.0.1"], None),
        (["[STATUS] == 200"], "[STATUS] (500) == 200"),
        (["[BODY].status == DOWN"], "[BODY].status (UP) == DOWN"),
        (["[HEADER].x-version == 7", "[CONNECTED] == true"], None),
        (["[STATUS] == 500", "[HEADER].x-version > 7"], "[HEADER].x-version (7) > 7"),
    ],
)
def test_conditions_replace_the_judgement_of_the_status(
    recorded: Any, conditions: list[str], failed: str | None
) -> None:
    body = b'{"status": "UP"}'
    url, _ = recorded(b"HTTP/1.1 500 X\r\nX-Version: 7\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    event = check_policy(url, conditions=conditions)
    assert (event.condition, event.is_success) == (failed, failed is None)
    assert event.error_message == (failed and f"condition failed: {failed}")
    assert event.message == (failed and body.decode())


def test_keywords_are_judged_beside_conditions(recorded: Any) -> None:
    url, _ = recorded()
    event = check_policy(url, conditions=["[STATUS] == 200"], keyword="absent")
    assert event.error_message == 'the answer does not contain "absent"'


@pytest.mark.parametrize(
    ("fields", "sought"),
    [
        ({"keyword": "early"}, None),
        ({"keyword": "late"}, '"late"'),
        ({"keyword": "absent"}, '"absent"'),
        ({"forbidden_keyword": "late"}, '"late"'),
        ({"forbidden_keyword": "absent"}, '"absent"'),
        ({"keyword": "absent", "upside_down": True}, '"absent"'),
        ({"conditions": ["[BODY].status == UP", "[STATUS] == 200"]}, "[BODY].status == UP"),
        ({"conditions": ["[BODY].status != DOWN"]}, "[BODY].status != DOWN"),
        ({"conditions": ["[BODY] == pat(*early*)", "has([BODY]) == true", "[STATUS] == 200"]}, None),
    ],
)
def test_a_body_that_was_cut_is_not_judged_as_the_whole(recorded: Any, fields: Any, sought: str | None) -> None:
    body = b'{"word": "early", "data": "%s", "last": "late", "status": "UP"}' % (b"x" * 1_100_000)
    url, _ = recorded(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    event = check_policy(url, **fields)
    cut = "only the first 1048576 bytes of the answer were read, too few to judge {}: raise max_body"
    assert (event.is_success, event.error_message) == (sought is None, sought and cut.format(sought))
    assert check_policy(url, max_body=len(body), **fields).cause != event.cause or sought is None


def test_what_the_beginning_of_a_body_shows_counts(recorded: Any) -> None:
    url, _ = recorded(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)
    assert check_policy(url, forbidden_keyword="x", max_body=9).error_message == 'the answer contains "x"'
    event = check_policy(url, conditions=["[BODY].a == 1", "[STATUS] == 500"], max_body=9)
    assert event.condition == "[STATUS] (200) == 500"


def test_a_monitor_may_expect_that_nothing_is_reached(recorded: Any) -> None:
    url, _ = recorded()
    expected = {"conditions": ["[CONNECTED] == false"]}
    assert check_policy("http://127.0.0.1:1/", **expected).error_message is None  # type: ignore[arg-type]
    assert check_policy(url, **expected).condition == "[CONNECTED] (true) == false"  # type: ignore[arg-type]
    assert check_policy("http://127.0.0.1:1/", conditions=["[STATUS] == 200"]).error_message == "connection refused"


def test_a_certificate_that_expires_fails_its_condition(recorded: Any, trusted: Authority) -> None:
    url, _ = recorded(tls=trusted.context(TODAY - A_DAY, TODAY + 3.5 * A_DAY))
    assert check_policy(url, conditions=["[CERTIFICATE_EXPIRATION] > 1d"]).error_message is None
    event = check_policy(url, conditions=["[CERTIFICATE_EXPIRATION] > 14d"])
    # Two days and some hours if midnight has passed meanwhile.
    assert re.match(r"\[CERTIFICATE_EXPIRATION\] \([23]d", str(event.condition))


def test_a_conditions_placeholder_is_filled_in(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, _ = recorded()
    terms = {"conditions": ["[BODY] == ${MONITOR_WORD}"]}
    assert check_policy(url, **terms).is_inconclusive  # type: ignore[arg-type]
    monkeypatch.setenv("MONITOR_WORD", "ok")
    assert check_policy(url, **terms).error_message is None  # type: ignore[arg-type]
