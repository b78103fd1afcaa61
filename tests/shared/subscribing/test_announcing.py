"""Announcements of outages: they say what is stored, as long as they go on and when they are over."""

import pytest

from shared.monitors.windows.window import Window
from shared.store import Store
from shared.store.subscribing import announcing
from shared.store.upkeep.retention import Retention
from tests.shared.subscribing.steps import DAY, KIM, note_mailing, subscribe
from tests.support.builders import at
from tests.support.store.steps import opened, report, rows

HOUR = 3_600


def test_an_outage_goes_on_however_many_came_after_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "MOST_OUTAGES", 3)
    subscribe(store, KIM)
    opened(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
    kinds = [each.kind for each in store.subscriptions.announcements.review(now=at(3700), is_on=True)]
    for number in range(4):
        for seconds, ok in ((3701, False), (3702, True)):
            report(store, seconds, ok=ok, received=seconds, monitor=f"other {number}")
        report(store, 3703, ok=False, received=3703, monitor=f"other {number}")
    kinds += [each.kind for each in store.subscriptions.announcements.review(now=at(3705), is_on=True)]
    assert kinds == ["DOWN"]
    report(store, 3710, ok=True, received=3710)
    kinds += [each.kind for each in store.subscriptions.announcements.review(now=at(3711), is_on=True)]
    assert kinds == ["DOWN", "UP"]
    assert rows(store, "SELECT count(*) FROM announcements WHERE is_over = 0") == [(0,)]


def test_outages_that_a_page_hides_keep_no_other_from_being_announced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "MOST_OUTAGES", 3)
    subscribe(store, KIM)
    opened(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
    for number in range(4):
        opened(store, f"hidden {number}")
    [news] = store.subscriptions.announcements.review(now=at(3700), is_on=True)
    assert (news.kind, [each["name"] for each in news.body["outages"]]) == ("DOWN", ["shop"])


def test_what_fails_again_beside_a_lasting_outage_is_announced_again(store: Store) -> None:
    subscribe(store, KIM)
    opened(store)
    opened(store, "search")
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
    told = []
    for seconds, ok in ((3700, None), (3710, True), (3711, None), (3720, False), (3790, None), (3800, True)):
        if ok is not None:
            report(store, seconds, ok=ok, received=seconds)
        news = store.subscriptions.announcements.review(now=at(seconds), is_on=True)
        told.append([(each.kind, [outage["name"] for outage in each.body["outages"]]) for each in news])
    both = ["shop", "search"]
    assert told == [[("DOWN", both)], [("UP", ["shop"])], [], [], [("DOWN", ["shop"])], [("UP", ["shop"])]]


def test_a_page_that_nothing_mails_for_announces_nothing(store: Store) -> None:
    subscribe(store, KIM)
    opened(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
    announced = []
    for number, channels in enumerate(([], ["mail", "other"], ["mail"])):
        note_mailing(store, *channels)
        store.incidents.add(f"News {number}", "", "investigating", [], now=at(3700 + number))
        news = store.subscriptions.announcements.review(now=at(3700 + number), is_on=True)
        announced.append([each.kind for each in news])
    assert announced == [[], [], ["DOWN", "INCIDENT", "INCIDENT", "INCIDENT"]]


def upkept(store: Store, seconds: float) -> list[str]:
    """The announcements after an upkeep that keeps alerts, and mails, for an hour; all mails have been sent."""
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE subscriber_mails SET status = 'SENT'")
    store.upkeep.run(Retention(HOUR, HOUR, HOUR), now=at(seconds), seconds=9.0, pause=lambda _: None)
    return [each.kind for each in store.subscriptions.announcements.review(now=at(seconds), is_on=True)]


def test_a_window_is_announced_once_however_short_alerts_are_kept(store: Store) -> None:
    subscribe(store, KIM)
    opened(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
        transaction.rows("UPDATE alerts SET status = 'RESOLVED', resolved_at = failed_at")
    store.windows.add(Window(kind="maintenance", all=True, starts_at=at(3 * DAY), duration=HOUR), now=at(0))
    assert upkept(store, 1) == ["WINDOW"]
    for seconds in (2 * HOUR, DAY, 2 * DAY, 3 * DAY + HOUR / 2):
        assert upkept(store, seconds) == []
    assert rows(store, "SELECT kind FROM announcements") == [("WINDOW",)]
    assert upkept(store, 5 * DAY) == []
    assert rows(store, "SELECT kind FROM announcements") == []


def test_an_incident_is_announced_once_however_short_alerts_are_kept(store: Store) -> None:
    subscribe(store, KIM)
    store.incidents.add("Payments fail", "We look into it.", "investigating", [], now=at(0))
    assert upkept(store, 1) == ["INCIDENT"]
    for seconds in (2 * HOUR, 23 * HOUR, 2 * DAY):
        assert upkept(store, seconds) == []
