"""How long a retry waits."""

import pytest

from shared.delivery.retry import retry_seconds


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
