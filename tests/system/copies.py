"""Second copies of a message: allowed if the channel's response came too late, which happens on a busy machine."""

import re
from collections.abc import Sequence

from tests.support.running import rows_of


def is_list(message: str) -> bool:
    """Whether it is a list: each line but the first ends with an id. A full message has one, at its end."""
    _, *lines = message.split("\n")
    return bool(lines) and all(re.search(r"#\d+$", line) for line in lines)


def one_by_one(messages: Sequence[str]) -> list[str]:
    """Each message, and instead of a list each of its lines, which then begins with the list's kind."""
    found = []
    for message in messages:
        head, *lines = message.split("\n")
        kind = head.partition(":")[0]
        found += [f"{kind} {line}" for line in lines] if is_list(message) else [message]
    return found


def without_copies(messages: Sequence[str]) -> list[str]:
    """Each message once, in the order of the first copies. A message carries the id of its notification."""
    first: dict[str, str] = {}
    for message in one_by_one(messages):
        first.setdefault(message.rpartition("#")[2], message)
    return list(first.values())


def assert_copies_are_allowed(messages: Sequence[str], database_url: str) -> None:
    """The log has at least as many attempts that timed out as there are second copies."""
    cut_off = "SELECT id FROM notification_logs WHERE answer LIKE 'no answer within%'"
    assert len(one_by_one(messages)) - len(without_copies(messages)) <= len(rows_of(database_url, cut_off))
