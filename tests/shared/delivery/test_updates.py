"""Messages that are edited in place once their alert is acknowledged or over: notifications of the kind UPDATE."""

from typing import Any

import pytest

from shared.delivery import deliver_owed
from shared.models import AlertStatus, Attempt, AttemptStatus, NotificationKind
from shared.models.channel import USUAL
from shared.models.message import Message
from shared.models.notification import Details
from shared.monitors.policy import Policy
from shared.notifiers import Accepted
from shared.store import Store
from shared.store.tables import alerts, notifications
from tests.shared.delivery.editing import EditingChannel
from tests.support.builders import Channel, at, fails, refuses, routes
from tests.support.store.steps import CHANNELS, SETTINGS, claimed, deliver, move, owe, report, rows

pytestmark = pytest.mark.slow


@pytest.fixture
def channel() -> EditingChannel:
    return EditingChannel()


def log(store: Store) -> list[tuple[object, ...]]:
    """The kind and the status of each attempt, oldest first."""
    return rows(store, "SELECT kind, status FROM notification_logs ORDER BY id")


def test_an_acknowledged_alerts_message_says_who_has_it(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    before = channel.shown["m1"]
    change = move(store, 1, "ACK", 60)
    assert len(change.notification_ids) == 1, "it is sent at once"
    assert deliver(store, 60, a=channel) == {"SENT": 1}
    head, _, mark = before.rpartition(" · ")
    assert channel.shown == {"m1": f"{head} · «kim» has it since 2025-01-08 12:01:00 UTC · {mark}"}
    assert channel.kinds == ["OUTAGE"], "an edit is no new message"
    assert log(store) == [("OUTAGE", "SENT"), ("UPDATE", "SENT")]
    edit = channel.messages[-1]
    assert (edit.tone, edit.mark, edit.actions) == ("warning", "#1", ())
    assert edit.facts[0] == ("Now", "«kim» has it since 2025-01-08 12:01:00 UTC")


def test_the_recovery_is_sent_beside_the_edit(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    assert len(owe(store, 60, ok=True)) == 2
    deliver(store, 60, a=channel)
    assert channel.kinds == ["OUTAGE", "RECOVERY"]
    assert "ended at 2025-01-08 12:01:00 UTC" in channel.shown["m1"]
    assert "ended at" not in channel.shown["m2"]
    assert {message.tone for message in channel.messages[1:]} == {"good"}


def test_an_end_by_hand_edits_too(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    move(store, 1, "ACK", 30)
    move(store, 1, "RESOLVED", 60, by="lee")
    deliver(store, 60, a=channel)
    assert "«kim» has it since 2025-01-08 12:00:30 UTC · ended at 2025-01-08 12:01:00 UTC" in channel.shown["m1"]
    assert channel.kinds == ["OUTAGE", "RECOVERY"]


def degrade(store: Store) -> None:
    """A slow check at noon opens DEGRADED of ``shop``."""
    policy = Policy.model_validate({"name": "shop", "url": "https://shop/", "max_response_time": "500ms"})
    store.monitors.add(policy, now=at(0))
    report(store, ok=True, received=0, channels=routes("a"), response_time_ms=800)


def test_an_end_without_a_message_edits_too(store: Store, channel: EditingChannel) -> None:
    """PagerDuty's incident of a slow monitor stayed open for ever."""
    degrade(store)
    deliver(store, a=channel)
    assert len(owe(store, 60)) == 2, "the outage, and the edit of what it ended"
    deliver(store, 60, a=channel)
    assert channel.kinds == ["DEGRADED", "OUTAGE"]
    assert "ended at 2025-01-08 12:01:00 UTC" in channel.shown["m1"]


def test_what_came_after_an_end_without_a_message_is_edited(store: Store, channel: EditingChannel) -> None:
    degrade(store)
    channel.behave = fails(retry_after=100.0)
    deliver(store, a=channel)
    channel.behave = lambda: None
    owe(store, 60)
    deliver(store, 120, a=channel)
    assert sorted(channel.kinds) == ["DEGRADED", "OUTAGE"]
    late = next(text for text in channel.shown.values() if text.startswith("DEGRADED"))
    assert "ended at 2025-01-08 12:01:00 UTC" in late


def test_what_a_recovery_follows_is_not_edited_for_it(store: Store, channel: EditingChannel) -> None:
    owe(store)
    owe(store, 60, ok=True)
    deliver(store, 60, a=channel)
    assert log(store) == [("OUTAGE", "SENT"), ("RECOVERY", "SENT")]


def test_an_acknowledgement_that_is_taken_back_brings_the_buttons_back(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    before = channel.shown["m1"]
    move(store, 1, "ACK", 30)
    move(store, 1, "OPEN", 60)
    deliver(store, 60, a=channel)
    assert channel.shown == {"m1": before}
    assert [action.name for action in channel.messages[-1].actions] == ["acknowledge", "silence"]


def test_a_channel_that_cannot_edit_is_owed_nothing(store: Store) -> None:
    class Plain(Channel):
        def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
            return super().send(message, timeout_seconds=timeout_seconds)._replace(message_id="m1")

    owe(store)
    deliver(store, a=Plain())
    assert move(store, 1, "ACK", 60).notification_ids == ()


@pytest.mark.parametrize("of", ["not sent", "not configured"])
def test_what_never_arrived_is_not_edited(store: Store, channel: EditingChannel, of: str) -> None:
    if of == "not sent":
        channel.behave = refuses()
    owe(store)
    deliver(store, a=channel)
    told = CHANNELS if of == "not sent" else routes("b")
    change = store.alerts.move(1, AlertStatus.ACK, by="kim", at=at(60), channels=told)
    assert change.notification_ids == ()


# --- an edit that fails ---------------------------------------------------------------------------------------------


def test_an_edit_that_is_refused_is_a_row_and_no_alert(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    channel.edit = refuses("message to edit not found")
    move(store, 1, "ACK", 60)
    assert deliver(store, 60, a=channel, b=Channel()) == {"FAILED": 1}
    assert log(store) == [("OUTAGE", "SENT"), ("UPDATE", "FAILED")]
    assert rows(store, "SELECT kind FROM alerts") == [("OUTAGE",)]


def test_an_edit_ends_no_refusal_of_its_channel(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    channel.behave = refuses()
    owe(store, 10, monitor="next")
    deliver(store, 10, a=channel)
    move(store, 1, "ACK", 60)
    deliver(store, 60, a=channel)
    assert rows(store, "SELECT status FROM alerts WHERE kind = 'CHANNEL_REFUSED'") == [("OPEN",)]


def test_an_edit_that_fails_is_tried_for_ten_minutes(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    channel.edit = fails()
    move(store, 1, "ACK", 60)
    for seconds in range(60, 661, 2):
        deliver(store, seconds, a=channel)
    tried = channel.tried
    assert 8 <= tried <= 12
    deliver(store, 662, a=channel)
    assert log(store)[-1] == ("UPDATE", "EXPIRED")
    for seconds in range(664, 2000, 60):
        assert deliver(store, seconds, a=channel) == {}
    assert channel.tried == tried


def test_an_edit_that_fails_holds_no_message_up(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    channel.edit = fails(retry_after=300.0)
    move(store, 1, "ACK", 60)
    deliver(store, 60, a=channel)
    owe(store, 61, ok=True)
    owe(store, 62)
    deliver(store, 62, a=channel)
    assert channel.kinds == ["OUTAGE", "RECOVERY", "OUTAGE"]


@pytest.mark.parametrize(("why", "edits"), [({}, 1), ({"retry_after": 300.0}, 0)], ids=["fails", "asks to wait"])
def test_only_a_channel_that_asks_to_wait_gets_no_edit(
    store: Store, channel: EditingChannel, why: dict[str, Any], edits: int
) -> None:
    owe(store)
    deliver(store, a=channel)
    channel.behave = fails(**why)
    owe(store, 60, ok=True)
    deliver(store, 60, a=channel)
    assert channel.tried == edits
    channel.behave = lambda: None
    deliver(store, 361, a=channel)
    assert "ended at" in channel.shown["m1"]


def test_edits_of_a_message_come_in_the_order_of_its_changes(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    move(store, 1, "ACK", 30)
    first = claimed(store, 31)
    move(store, 1, "RESOLVED", 40)
    assert claimed(store, 41).notification.kind is NotificationKind.RECOVERY
    assert store.notifications.claim("a", now=at(42), leased_until=at(72)) is None, "the first edit is on its way"
    store.notifications.record(Attempt(first.notification, AttemptStatus.SENT, at(43), 1.0, "x"), channels={})
    assert claimed(store, 44).edited is not None


# --- races and storms -------------------------------------------------------------------------------------------------


def test_a_change_while_the_message_is_on_its_way_is_not_lost(store: Store, channel: EditingChannel) -> None:
    owe(store)
    channel.behave = lambda: move(store, 1, "ACK", 1)
    deliver(store, 2, a=channel)
    assert "«kim» has it since" in channel.shown["m1"]
    assert log(store) == [("OUTAGE", "SENT"), ("UPDATE", "SENT")]


def test_a_message_that_says_it_already_is_not_edited(store: Store, channel: EditingChannel) -> None:
    owe(store)
    move(store, 1, "ACK", 1)
    deliver(store, 2, a=channel)
    assert log(store) == [("OUTAGE", "SENT")]


def test_a_list_is_not_edited(store: Store) -> None:
    for number in range(8):
        owe(store, number / 10, monitor=f"m{number}")
    now = [1.0]

    def pause(seconds: float) -> None:
        # Otherwise whoever waits for the list would ask for it until the run ends.
        now[0] += seconds + 0.001

    deliver_owed(store, {"a": Paced()}, SETTINGS, clock=lambda: at(now[0]), pause=pause)
    listed = rows(store, "SELECT alert_id, status FROM notifications WHERE listed_with IS NOT NULL ORDER BY id")
    assert [status for _, status in listed] == ["SENT"] * 3
    assert move(store, int(str(listed[0][0])), "ACK", 60).notification_ids == ()
    assert len(move(store, 1, "ACK", 60).notification_ids) == 1, "what went alone is edited"


class Paced(EditingChannel):
    """A channel that says what it allows, and takes lists."""

    pace = USUAL

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        if len(message.text.splitlines()) == 1:
            return super().send(message, timeout_seconds=timeout_seconds)
        self.shown["list"] = message.text
        return Accepted("accepted the list", message_id="list")


def test_edits_leave_half_of_the_pace_to_messages(store: Store) -> None:
    channel = Paced()
    for number in range(9):
        owe(store, 20.0 * number, monitor=f"m{number}")
        deliver(store, 20.0 * number, a=channel)
    for number in range(9):
        move(store, number + 1, "ACK", 600)
    paced = {"a": channel}
    assert deliver_owed(store, paced, SETTINGS, clock=lambda: at(600))[AttemptStatus.SENT] == 5
    owe(store, 601, monitor="next")
    deliver_owed(store, paced, SETTINGS, clock=lambda: at(601))
    assert channel.texts[-1].startswith("OUTAGE next"), "edits hold no message up"
    assert deliver_owed(store, paced, SETTINGS, clock=lambda: at(612))[AttemptStatus.SENT] == 4


def test_of_many_reminders_the_first_and_the_last_message_are_edited(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    with store.database.transaction() as transaction:
        for number in (1, 2, 3):
            alert = alerts.get(transaction, 1)
            kind = NotificationKind.REMINDER
            notifications.owe(transaction, alert, ["a"], now=at(60), kind=kind, details=Details(at(60), number=number))
    deliver(store, 60, a=channel)
    move(store, 1, "ACK", 90)
    deliver(store, 90, a=channel)
    assert [("has it" in text) for text in channel.shown.values()] == [True, False, False, True]


def test_edits_do_not_count_as_overdue(store: Store, channel: EditingChannel) -> None:
    owe(store)
    deliver(store, a=channel)
    move(store, 1, "ACK", 60)
    assert store.health_facts(now=at(500)).overdue == {}
    assert store.summary()["owed_notifications"] == 0
