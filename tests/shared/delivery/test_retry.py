"""How long a retry waits."""

import pytest

from shared.delivery.retry import retry_seconds
from shared.store import Store
from tests.shared.delivery.editing import EditingChannel
from tests.support.builders import fails
from tests.support.store.steps import deliver, move, owe


@pytest.mark.parametrize(
    ("attempts", "retry_after", "jitter", "seconds", "why"),
    [
        (1, None, 1.0, 1.0, "the first wait is a second at least"),
        (1, None, 0.0, 2.0, "and two at most"),
        (2, None, 0.0, 4.0, "it doubles"),
        (9, None, 0.0, 512.0, "and doubles"),
        (10, None, 0.0, 600.0, "to ten minutes at most"),
        (10_000, None, 0.0, 600.0, "however often"),
        (1, 35.0, 0.0, 35.0, "the channel's word counts if it is longer"),
        (9, 1.0, 0.0, 512.0, "and not if it is shorter"),
    ],
)
def test_retries_wait(attempts: int, retry_after: float | None, jitter: float, seconds: float, why: str) -> None:
    assert retry_seconds(attempts, retry_after, jitter) == seconds, why


def test_jitter_spreads_retries() -> None:
    assert len({retry_seconds(5) for _ in range(20)}) > 10


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "edits"), [(400.0, 1), (200.0, 0)], ids=["expires", "waits"])
def test_an_edit_that_would_expire_meanwhile_is_tried_before(store: Store, seconds: float, edits: int) -> None:
    channel = EditingChannel()
    owe(store)
    deliver(store, a=channel)
    move(store, 1, "ACK", 60)
    owe(store, 300, monitor="blog")
    channel.behave = fails(retry_after=seconds)
    deliver(store, 300, a=channel)
    assert channel.tried == edits
