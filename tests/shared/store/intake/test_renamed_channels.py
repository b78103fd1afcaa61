"""Channels that are renamed, or taken away, while an outage is open: its end is told, or the log says why not."""

import pytest

from shared.models import AlertStatus
from shared.models.channel import Route
from shared.store import Store
from tests.support.builders import Channel, at, refuses, routes
from tests.support.store.steps import deliver, owe, rows

pytestmark = pytest.mark.slow

OUTAGE, RECOVERY = "OUTAGE", "RECOVERY"
_RECOVERIES = "SELECT channel, status, reason FROM notifications WHERE kind = 'RECOVERY' ORDER BY channel"
_DECISIONS = "SELECT channel, kind, reason FROM notification_logs WHERE status = 'SUPPRESSED' ORDER BY channel"
GONE = "channel_gone"


@pytest.mark.parametrize(
    ("before", "after", "recoveries", "why"),
    [
        (["a"], ["b"], {"a": GONE, "b": None}, "renamed: the new name tells the end"),
        (["a", "console"], ["b", "console"], {"a": GONE, "b": None, "console": None}, "the console reaches nobody"),
        (["a", "b"], ["b", "c"], {"a": GONE, "b": None}, "people read the end on one that is left"),
        (["a", "b"], ["c", "d"], {"a": GONE, "b": GONE, "c": None, "d": None}, "all are renamed"),
        (["a"], [], {"a": GONE}, "no channel is left"),
        (["console"], ["a", "console"], {"console": None}, "nobody was told on another one"),
        (["a"], ["a", "b"], {"a": None}, "one that joins gets no end"),
    ],
)
def test_an_end_is_told_though_channels_are_gone(
    store: Store, before: list[str], after: list[str], recoveries: dict[str, str | None], why: str
) -> None:
    owe(store, 0, channels=routes(*before))
    deliver(store, 0, **{name: Channel() for name in before})
    owe(store, 60, ok=True, channels=routes(*after))
    now_on = {name: Channel() for name in after}
    deliver(store, 60, **now_on)
    expected = [(name, "SUPPRESSED" if reason else "SENT", reason) for name, reason in sorted(recoveries.items())]
    assert rows(store, _RECOVERIES) == expected, why
    gone = [(name, RECOVERY, reason) for name, reason in sorted(recoveries.items()) if reason]
    assert rows(store, _DECISIONS) == gone, why
    told = {name: channel.kinds for name, channel in now_on.items() if channel.kinds}
    assert told == {name: [RECOVERY] for name, reason in recoveries.items() if reason is None}, why


def test_the_end_of_a_renamed_channel_is_owed_by_hand_too(store: Store) -> None:
    owe(store, 0, channels=routes("a"))
    deliver(store, 0, a=Channel())
    renamed = Channel()
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at(60), channels=routes("b"))
    deliver(store, 60, b=renamed)
    store.alerts.move(1, AlertStatus.OPEN, by="kim", at=at(70), channels=routes("b"))
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at(80), channels=routes("b"))
    deliver(store, 80, b=renamed)
    assert renamed.kinds == [RECOVERY, OUTAGE, RECOVERY]


def test_a_channel_that_was_not_told_is_not_gone(store: Store) -> None:
    owe(store, 0, channels={"a": Route(only=frozenset({RECOVERY})), "b": Route()})
    owe(store, 60, ok=True, channels=routes("b"))
    assert rows(store, _RECOVERIES) == [("b", "PENDING", None)]


def test_a_refusal_ends_with_its_channel(store: Store) -> None:
    owe(store, 0, channels=routes("a", "b"))
    left = Channel()
    deliver(store, 0, a=Channel(refuses()), b=left)
    assert store.notifications.review_channels(now=at(10), channels=routes("a", "b")) == []
    [change] = store.notifications.review_channels(now=at(20), channels=routes("b"))
    assert (change.alert.kind, change.alert.status) == ("CHANNEL_REFUSED", "RESOLVED")
    assert store.notifications.review_channels(now=at(30), channels=routes("b")) == []
    deliver(store, 30, b=left)
    assert left.kinds == ["OUTAGE", "CHANNEL_REFUSED", "RECOVERY"]
    assert "the channel is not configured any more" in left.texts[-1]
