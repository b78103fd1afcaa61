"""The stories of lives that are killed, and where each is killed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shared.models import as_text
from shared.models.times import utc
from shared.store import Retention
from tests.support.backlogs import databases_in
from tests.support.running import wait_until
from tests.support.stand_ins import Behaviour, internal_error, was_blocked
from tests.torture import ruling
from tests.torture.judgement.rules import FollowUp
from tests.torture.world import World

SHOP = ("http://shop.example/",)
Deed = Callable[[World], object]
Question = Callable[[World], bool]


@dataclass
class Story:
    """A life that is killed, and where it is killed.

    ``monitors`` are watched. ``before`` leads to its beginning, in lives of its own. ``begin`` sets the stage.
    ``meanwhile`` repeats while the life lasts. ``is_over`` says when nothing more is to be seen. ``where`` selects the
    boundaries of the kills. Each pattern in ``expected`` must match one of them. ``follow_ups``: what follows
    while an outage stays open. ``retention``: for how long upkeep keeps what it prunes. ``seconds``: how long it may
    last.
    """

    name: str
    is_over: Question
    before: Deed = lambda _world: None
    begin: Deed = lambda _world: None
    meanwhile: Deed = lambda _world: None
    where: str = ""
    expected: tuple[str, ...] = ()
    later_by: float = 0.0
    monitors: tuple[str, ...] = SHOP
    settings: Mapping[str, str | None] = field(default_factory=dict)
    follow_ups: tuple[FollowUp, ...] = ()
    retention: Retention | None = None
    seconds: float = 30.0

    def __str__(self) -> str:
        return self.name


# From the receipt of an event to the record of the attempt, as the names of the functions that lead there.
COMMITS_THE_EVENT = "ingest_event.* > Events.add > .*Connection"
CLAIMS = r"Outbox.claim\({}\).*Connection"
SENDS = r"Sender.send_next\({}\) > Sender._attempt > .*send.*\b(flush|write|perform)\]"
WRITES_DOWN = r"_record\({}\) > Outbox.record.*Connection"
DELIVERY = tuple(each.format(channel) for channel in ("console", "telegram") for each in (CLAIMS, SENDS, WRITES_DOWN))


def is_down(world: World) -> None:
    world.watched.down.update(world.monitors)


def is_up(world: World) -> None:
    world.watched.down.clear()


def sent(count: int) -> Question:
    """Whether this many messages were sent and none is owed."""
    attempts = "SELECT 1 FROM notification_logs WHERE status = 'SENT'"
    return lambda world: len(world.rows(attempts)) >= count and world.is_quiet()


def attempted(status: str) -> Question:
    """Whether an attempt has this status, and the console's succeeded."""
    attempts = "SELECT DISTINCT status FROM notification_logs"
    return lambda world: {status, "SENT"} <= {row["status"] for row in world.rows(attempts)}


def down_and_telegram(behaviour: Behaviour) -> Deed:
    def begin(world: World) -> None:
        is_down(world)
        world.channel.behaviour_of = lambda _message: behaviour

    return begin


def an_outage_was_sent(world: World) -> None:
    is_down(world)
    world.start()
    world.wait_until(lambda: sent(2)(world))


def the_console_alone_got_an_outage(world: World) -> None:
    down_and_telegram(internal_error)(world)
    world.start()
    world.wait_until(lambda: attempted("RETRY")(world))


def the_backend_was_away(world: World) -> None:
    nobody_takes_events(world)
    world.start()
    wait_until(lambda: has_spooled(world), otherwise=world.output)


def nobody_takes_events(world: World) -> None:
    is_down(world)
    world.settings["BACKEND_URL"] = "http://127.0.0.1:1"


def has_spooled(world: World) -> bool:
    # Its file is there before its first event is.
    with suppress(OSError):
        return any(database.count() for database in databases_in(world.folder) if database.exists())
    return False


def the_backend_is_back(world: World) -> None:
    del world.settings["BACKEND_URL"]


def resolve_by_hand(world: World) -> None:
    if world.rows("SELECT 1 FROM alerts WHERE id = 1 AND status = 'OPEN'"):
        world.request("PATCH", "/alerts/1", {"status": "RESOLVED", "by": "kim"})


# The messages that follow an outage long after it was sent: a reminder, and each step of an escalation.
FOLLOW_UPS = (
    FollowUp(None, ("console", "telegram"), 100.0, 1000.0),
    FollowUp(1, ("night",), 100.0),
    FollowUp(2, ("boss",), 100.0, 1000.0),
)


def an_outage_with_an_escalation_was_sent(world: World) -> None:
    is_down(world)
    world.start()
    world.wait_until(world.is_reachable)
    ruling.begin(world, SHOP, FOLLOW_UPS, interval="1s", failure_threshold=1)
    world.wait_until(lambda: sent(2)(world))


RETENTION = Retention(events=10.0, rollups=1e6, alerts=10.0)


def an_outage_has_ended_long_ago(world: World) -> None:
    """Another one is open, and nothing has been pruned yet. An event came days late: its day can be packed at once."""
    an_outage_was_sent(world)
    world.keep_what_is_pruned()
    is_up(world)
    world.wait_until(lambda: sent(4)(world))
    is_down(world)
    world.wait_until(lambda: sent(6)(world))
    late = as_text(utc(datetime.now(UTC) - timedelta(days=3)))
    answer = world.request("POST", "/events", {"target_url": SHOP[0], "timestamp": late, "is_success": True})
    assert answer is not None
    assert answer.ok, answer.text


def is_pruned(world: World) -> bool:
    return all(world.rows(f"SELECT 1 FROM {name}") for name in ("pruned_alerts", "pruned_events", "packs"))


STORIES = [
    Story(
        "an outage, from the first start on",
        begin=is_down,
        is_over=sent(2),
        expected=("migrate", "report.*perform", COMMITS_THE_EVENT, *DELIVERY, "answer POST /events"),
    ),
    Story(
        "its recovery",
        before=an_outage_was_sent,
        begin=is_up,
        is_over=sent(4),
        where="ingest_event|send_next|_record",
        expected=(COMMITS_THE_EVENT, *DELIVERY),
    ),
    Story(
        "a channel that fails for now",
        begin=down_and_telegram(internal_error),
        is_over=attempted("RETRY"),
        where=r"(send_next|_record)\(telegram\)",
        expected=DELIVERY[3:],
    ),
    Story(
        "a channel that refuses for good",
        begin=down_and_telegram(was_blocked),
        is_over=attempted("FAILED"),
        where=r"_record\(telegram\)",
        expected=DELIVERY[5:],
    ),
    Story(
        "a message that is given up",
        before=the_console_alone_got_an_outage,
        begin=down_and_telegram(internal_error),
        # Less than a day: after a longer leap, nothing is given up for an hour.
        later_by=4_000,
        settings={"NOTIFICATION_TTL": "3600"},
        is_over=attempted("EXPIRED"),
        where="Outbox.expire",
        expected=("Outbox.expire > Lifecycle.*Connection",),
    ),
    Story(
        "an outage that a person ends",
        before=an_outage_was_sent,
        meanwhile=resolve_by_hand,
        is_over=sent(4),
        where="update_alert|PATCH",
        expected=("update_alert > Alerts.move.*Connection", "answer PATCH"),
    ),
    Story(
        "events that go into the backlog",
        begin=nobody_takes_events,
        is_over=has_spooled,
        where="_keep|watch_backend",
        expected=("_keep > Backlog.add.*Connection", "watch_backend.*Connection"),
    ),
    Story(
        "events that come out of the backlog",
        before=the_backend_was_away,
        begin=the_backend_is_back,
        is_over=sent(2),
        where="report > .*_post|Events.add",
        expected=("report.*perform", COMMITS_THE_EVENT, "Backlog.remove.*Connection"),
    ),
    # To Telegram, five messages go alone, and the sixth is a list of three. The console prints all eight.
    Story(
        "a storm",
        begin=is_down,
        is_over=sent(16),
        where=r"claim_list|(send_next|_record)\(telegram\).* #6$",
        expected=(r"Outbox.claim_list\(telegram\).*Connection", *(f"{each}.* #6$" for each in DELIVERY[4:])),
        monitors=tuple(f"http://shop-{number}.example/" for number in range(8)),
    ),
    Story(
        "a reminder, and the steps of an escalation",
        before=an_outage_with_an_escalation_was_sent,
        begin=is_down,
        later_by=120,
        is_over=sent(6),
        where="FollowUps.review",
        expected=("FollowUps.review.*Connection",),
        settings={"TARGET_URL": ""},
        follow_ups=FOLLOW_UPS,
    ),
    Story(
        "upkeep",
        before=an_outage_has_ended_long_ago,
        begin=is_down,
        later_by=120,
        is_over=is_pruned,
        where="Upkeep.run",
        expected=tuple(
            f"Upkeep.run.*{name}.*Connection" for name in ("fold", "merge_days", "_events", "_delete_alerts", "pack")
        ),
        settings={"RETENTION_EVENTS": "10s", "RETENTION_ROLLUPS": "1000000s", "RETENTION_ALERTS": "10s"},
        retention=RETENTION,
        # Upkeep comes every 10 s, and each run may end before it is done.
        seconds=60.0,
    ),
]


def at(story: Story, *expected: str) -> Story:
    """The story, with kills at these boundaries only."""
    return replace(story, where="|".join(expected), expected=expected)


# Each function that commits. Files and statements behave the same on both engines.
STORIES_ON_POSTGRESQL = [
    at(
        STORIES[0],
        "migrate.*Connection",
        f"{COMMITS_THE_EVENT}.*#1$",
        CLAIMS.format("telegram"),
        f"{SENDS.format('telegram')}.*#1$",
        WRITES_DOWN.format("telegram"),
    ),
    at(STORIES[1], f"{COMMITS_THE_EVENT}.*#1$"),
    # Its other commit notes the time, and another function may have done that before.
    at(STORIES[4], *STORIES[4].expected),
    at(STORIES[5], "update_alert > Alerts.move.*Connection"),
    at(STORIES[8], *STORIES[8].expected),
    at(STORIES[9], *STORIES[9].expected),
    at(STORIES[10], *STORIES[10].expected),
]
