"""Second copies of a message: allowed if the channel's response came too late, which happens on a busy machine."""

from collections.abc import Sequence

from tests.support.running import rows_of


def without_copies(messages: Sequence[str]) -> list[str]:
    """Each message once, in the order of the first copies. A message carries the id of its notification."""
    return list(dict.fromkeys(messages))


def assert_copies_are_allowed(messages: Sequence[str], database_url: str) -> None:
    """The log has at least as many attempts that timed out as there are second copies."""
    cut_off = "SELECT id FROM notification_logs WHERE answer LIKE 'no answer within%'"
    assert len(messages) - len(without_copies(messages)) <= len(rows_of(database_url, cut_off))
