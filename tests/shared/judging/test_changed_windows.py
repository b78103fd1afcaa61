"""People change windows that come once: what has begun keeps its beginning, and none ends before it begins."""

from typing import Any

import pytest

from shared.models import as_text
from shared.monitors.windows.spans import Span
from shared.monitors.windows.window import Window
from shared.store import Store, WindowNotFound, WindowOver
from shared.store.upkeep.retention import Retention
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report

pytestmark = on_each_engine


@pytest.fixture(autouse=True)
def shop(store: Store) -> None:
    report(store, 0, ok=True, received=0)


def window(begins: float | None = 100, ends: float | None = 3700, **fields: Any) -> Window:
    """Maintenance of the monitor ``shop``, from and to so many seconds after noon."""
    times = {"starts_at": begins, "ends_at": ends}
    given = {name: as_text(at(seconds)) for name, seconds in times.items() if seconds is not None}
    return Window.model_validate({"kind": "maintenance", "monitors": ["shop"], **given, **fields})


def add(store: Store, given: Window, seconds: float = 1) -> int:
    return store.windows.add(given, now=at(seconds)).planned.id


def changed(store: Store, window_id: int, given: Window, seconds: float) -> tuple[float, float]:
    """When it begins and ends after a change, in seconds after noon."""
    [once] = [store.windows.change(window_id, lambda _: given, now=at(seconds), channels=CHANNELS)[0].planned.once]
    assert once is not None
    return (once.starts_at - at(0)).total_seconds(), (once.ends_at - at(0)).total_seconds()


def test_another_title_moves_no_window(store: Store) -> None:
    window_id = add(store, window())
    for seconds in (50, 1800, 9000):
        assert changed(store, window_id, window(title=f"At {seconds}"), seconds) == (100, 3700), seconds


def test_a_late_event_of_its_first_part_opens_nothing(store: Store) -> None:
    window_id = add(store, window())
    changed(store, window_id, window(title="Patching"), 1800)
    assert report(store, 250, ok=False, received=1801).change is None


def test_a_window_begins_no_earlier_than_it_was_asked_for(store: Store) -> None:
    window_id = add(store, window(100), 200)
    assert changed(store, window_id, window(50, title="It began at 200"), 300) == (200, 3700)
    assert changed(store, window_id, window(None, None, duration="2h"), 400) == (200, 7400)


def test_one_that_is_still_to_come_can_be_moved(store: Store) -> None:
    window_id = add(store, window())
    assert changed(store, window_id, window(200), 10) == (200, 3700)
    assert changed(store, window_id, window(5), 20) == (20, 3700)


def test_one_that_is_still_to_come_begins_at_once_if_nothing_says_when(store: Store) -> None:
    window_id = add(store, window())
    assert changed(store, window_id, window(None, None, duration="1h"), 10) == (10, 3610)


def test_one_that_would_be_over_is_refused(store: Store) -> None:
    with pytest.raises(WindowOver, match=r"expected a time after 2025-01-08T14:30:00\.000Z; found 2025-01-08T13:01:40"):
        add(store, window(), 9000)
    window_id = add(store, window(None), 200)
    with pytest.raises(WindowOver):
        changed(store, window_id, window(None, 150), 300)
    assert store.windows.get(window_id).planned.once == Span(at(200), at(3700))


def test_the_file_may_name_one_that_is_over(store: Store) -> None:
    store.monitors.apply([], {}, {}, windows=[window()], now=at(9000), channels=CHANNELS)
    [entry] = store.windows.page(limit=9)
    assert entry.planned.once == Span(at(3700), at(3700))


@pytest.mark.parametrize(
    "when",
    [
        {},
        # From 12:01 to 12:03, and again an hour later.
        {"begins": None, "ends": None, "cron": "1 * * * *", "duration": "2m"},
    ],
)
@pytest.mark.parametrize(("removed_at", "late", "opens"), [(150, 120, False), (150, 155, True), (7100, 3690, False)])
def test_a_late_event_of_a_removed_windows_time_opens_nothing(
    store: Store, when: dict[str, Any], removed_at: float, late: float, opens: bool
) -> None:
    window_id = add(store, window(**when))
    store.windows.remove(window_id, now=at(removed_at), channels=CHANNELS)
    found = report(store, late, ok=False, received=removed_at + 10)
    assert (found.change == "OPENED") is opens


@pytest.mark.parametrize(("removed_at", "kept"), [(50, 0), (150, 1)])
def test_of_a_removed_window_nobody_hears_any_more(store: Store, removed_at: float, kept: int) -> None:
    window_id = add(store, window())
    store.windows.remove(window_id, now=at(removed_at), channels=CHANNELS)
    assert store.windows.page(limit=9) == store.windows.lately(now=at(removed_at), past=9) == []
    # The clock of another process may be a little behind.
    assert store.boards.now([at(0), at(3600)], at(0), {}, now=at(removed_at - 1)).windows == []
    with pytest.raises(WindowNotFound):
        store.windows.get(window_id)
    with pytest.raises(WindowNotFound):
        store.windows.remove(window_id, now=at(200), channels=CHANNELS)
    assert len(store.windows.between(at(0), at(9000))) == kept, "its past stays"
    store.upkeep.run(Retention(1, 1, 1), now=at(9000), seconds=9.0, pause=lambda _: None)
    assert store.windows.between(at(0), at(9000)) == []
