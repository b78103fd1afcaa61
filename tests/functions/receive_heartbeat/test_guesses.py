"""A caller with many wrong tokens has to wait, and locks nobody else out."""

import pytest

from functions.receive_heartbeat.guesses import BURST, Guesses
from tests.functions.receive_heartbeat.conftest import TOKEN, Job


@pytest.mark.slow
def test_many_unknown_tokens_are_429_and_a_known_one_is_not(job: Job) -> None:
    job.ping(f"/heartbeats/{TOKEN}")
    found = [job.ping(f"/heartbeats/guess-{number}")[0] for number in range(BURST + 20)]
    assert found[:BURST] == [404] * BURST
    assert found[-1] == 429
    response = job.api.call("GET", "/heartbeats/one-more", key=None)
    assert int(response.headers["Retry-After"]) >= 1
    assert job.ping(f"/heartbeats/{TOKEN}")[0] == 200


@pytest.mark.slow
def test_behind_a_proxy_each_caller_counts(job: Job) -> None:
    """A caller with IPv6 has all addresses of its network."""

    def guess(token: str, address: str) -> int:
        path, proxy = f"/heartbeats/{token}", {"REMOTE_ADDR": "127.0.0.1"}
        return job.ping(path, headers={"X-Forwarded-For": address}, environ_base=proxy)[0]

    for number in range(BURST + 1):
        guess(f"guess-{number}", f"2001:db8::{number}")
    assert guess("one-more", "2001:db8::ffff") == 429
    assert guess("one-more", "2001:db8:0:1::1") == 404


def test_waiting_gives_back_one_guess_a_second() -> None:
    clock = [1000.0]
    guesses = Guesses(lambda: clock[0])
    for _ in range(BURST + 1):
        assert guesses.seconds_to_wait("192.0.2.1", "x") == 0
        guesses.note("192.0.2.1", "x", is_right=False)
    assert guesses.seconds_to_wait("192.0.2.1", "y") == 1
    clock[0] += 1
    assert guesses.seconds_to_wait("192.0.2.1", "y") == 0


def test_a_right_token_counts_for_its_address_alone() -> None:
    guesses = Guesses(lambda: 0.0)
    guesses.note("192.0.2.1", "right", is_right=True)
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(BURST + 1):
            guesses.note(address, "wrong", is_right=False)
    assert guesses.seconds_to_wait("192.0.2.1", "right") == 0
    assert guesses.seconds_to_wait("192.0.2.2", "right") > 0


@pytest.mark.slow
def test_any_number_of_addresses_takes_the_same_memory() -> None:
    guesses = Guesses(lambda: 0.0)
    sizes = set()
    for number in range(20_000):
        guesses.note(f"192.0.2.{number}", "x", is_right=bool(number % 2))
        sizes.add(sum(len(each) for each in vars(guesses).values() if hasattr(each, "__len__")))
    assert len(sizes) == 1
