"""What is announced of outages: that they go on, and that they are over, is what is stored of them."""

import pytest

from shared.store import Store
from shared.store.subscribing import announcing
from tests.shared.subscribing.steps import KIM, subscribe
from tests.support.builders import at
from tests.support.store.steps import opened, report, rows


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
