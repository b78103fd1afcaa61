"""A check comes to an end whatever a server says, and says something that an event can carry."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.kinds import database_words as words
from functions.check_monitors.probes.kinds.dns_exchange import DnsExchange
from functions.check_monitors.probes.kinds.docker import DockerCheck
from functions.check_monitors.probes.transfers.talk import Conversation, Heard, until
from shared.models import Cause
from shared.settings import Settings
from shared.words import cause_text
from tests.support.policies import check_policy, policy
from tests.support.servers.raw_servers import RawServers, says

pytestmark = pytest.mark.slow

TALKS: dict[str, Callable[..., Conversation]] = {
    name: getattr(words, name) for name in ("postgres", "mysql", "redis", "mongodb", "mqtt", "amqp")
}
# Bytes that begin as a protocol does get further into it than any bytes would.
BEGINNINGS = [b"", b"R", b"E\0\0\0\x20SFATAL\0", b"\x0a\0\0\0\x0a5.5\0", b"\xff", b"+", b"-", b"*", b"\x20\x02\0"]
BEGINNINGS += [b"\x40\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0", b"\x01\0\0\0\0\0\1", b"AMQP"]
BEGINNINGS += [b"\7\0\0\2\xfe", b"\1\0\0\xff\xfe", b"\7\0\0\2\xff\x15\4"]
parts = st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(BEGINNINGS)), max_size=6)


def outcome(talk: Callable[..., Conversation], said: list[bytes], user: str, password: str | None) -> Cause | None:
    """The outcome of a conversation if the server says this and then hangs up."""
    heard = Heard()
    conversation = talk(heard, user, password)
    left = [part for part in said if part]
    try:
        for _ in range(100):
            if next(conversation) is None:
                if left:
                    heard.data += left.pop(0)
                else:
                    heard.is_over = True
    except StopIteration as end:
        found: Cause | None = end.value
        return found
    raise AssertionError("the conversation does not end")


@pytest.mark.parametrize("name", TALKS)
@given(said=parts, user=st.sampled_from(["", "me"]), password=st.sampled_from([None, "", "pässword"]))
@settings(max_examples=150)
def test_any_bytes_end_a_conversation(name: str, said: list[bytes], user: str, password: str | None) -> None:
    found = outcome(TALKS[name], said, user, password)
    if found:
        assert Cause.model_validate_json(found.model_dump_json()) == found
        assert cause_text("en", found).isprintable()


@given(said=parts)
def test_hearing_ends_at_its_limit(said: list[bytes]) -> None:
    heard = Heard(100)
    hearing = until(heard, lambda: False)
    for part in [*said, b"." * 200]:
        if next(hearing, "over") == "over":
            break
        heard.data += part
    assert next(hearing, "over") == "over"


@given(wire=st.binary(max_size=300))
@settings(max_examples=200)
def test_any_packet_is_no_defect_of_dns(wire: bytes) -> None:
    exchange = DnsExchange([("127.0.0.1", 53)], "shop.example", "A", 0.0, 1.0)
    for packet in (wire, exchange._query.to_wire()[:2] + wire):
        exchange._take(packet)
        assert exchange.response is None or exchange.response.answer is not None


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["State", "Status", "Running", "Health", "Log", "Output", "ExitCode"]), inner),
    ),
    max_leaves=12,
)


@given(said=json_values)
def test_any_json_is_no_defect_of_docker(said: Any) -> None:
    import json

    check = DockerCheck(Subject(policy("docker://web"), Settings.from_env({}), "", {}))
    check.subject.seen.body = json.dumps(said).encode()
    found = check._finding()
    assert found is None or cause_text("en", found)


@pytest.mark.parametrize("scheme", ["http", "tcp", "ssh", "smtp", "imap", "pop3", "ftp", "redis", "mysql", "postgres"])
@pytest.mark.parametrize("said", [b"\0" * 5000, b"\xff\xfe" * 3000, b"\r\n" * 3000, b"\xea\xb0" * 2000, b"A" * 100_000])
def test_any_bytes_make_an_event(serve: RawServers, scheme: str, said: bytes) -> None:
    def speaks(connection: Any) -> None:
        connection.sendall(said)
        says(said)(connection)

    fields: dict[str, Any] = {"keyword": "no such"} if scheme == "tcp" else {}
    event = check_policy(f"{scheme}://127.0.0.1:{serve(speaks)}", timeout="400ms", **fields)
    assert (event.is_success, event.is_inconclusive) == (False, False)
    assert str(event.error_message).isprintable()
    assert type(event).model_validate_json(event.model_dump_json()) == event
