"""Announcements of maintenance that comes once: planned, moved or cancelled.

A window that recurs stands on the page, and is no news each week.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.models import as_text
from shared.settings.status_pages import AHEAD, shown_of
from shared.store.engines.database import Row, Transaction
from shared.store.subscribing.news import News
from shared.store.tables import announcements, windows


class _Told(NamedTuple):
    """The last announcement of a window on a page."""

    window_id: int
    at: str
    body: Mapping[str, Any]


class Maintenance:
    """The windows of maintenance that are not over, and what was announced of windows."""

    def __init__(self, transaction: Transaction, now: datetime) -> None:
        self._now, self._far = as_text(now), as_text(now + AHEAD)
        found = windows.not_over(transaction, now)
        self._windows = {row["id"]: row for row in found if row["kind"] == "maintenance"}
        self._told: dict[str, dict[int, _Told]] = {}
        for row in announcements.of_windows(transaction):
            told = _Told(announcements.window_of(row["about"]), row["at"], json.loads(row["body"]))
            of_page = self._told.setdefault(row["slug"], {})
            of_page[told.window_id] = told
            if told.body.get("is_cancelled"):
                del of_page[told.window_id]

    @property
    def is_any(self) -> bool:
        """Whether there may be any news."""
        return bool(self._windows) or any(self._gone(slug) for slug in self._told)

    def news(self, slug: str, shown: Collection[Mapping[str, Any]]) -> Iterator[News]:
        """The news on a page that shows these monitors."""
        known, gone = self._told.get(slug, {}), self._gone(slug)
        for row in self._windows.values():
            [(target, targeted)] = json.loads(row["targets"]).items()
            affected = shown_of(target, targeted, shown)
            if affected and row["recurrence"] is None:
                told = known.get(row["id"]) or _former(gone, row)
                yield from self._of_window(slug, row, target == "all" or affected, told)
        names = {each["name"] for each in shown}
        for told in gone.values():
            named = told.body["names"]
            left = named if named is True else [name for name in named if name in names]
            if left:
                body = {**told.body, "names": left, "is_cancelled": True}
                about = announcements.about_window(told.window_id, f"cancelled {self._now}")
                yield News(slug, about, "WINDOW", body, self._now)

    def _gone(self, slug: str) -> dict[int, _Told]:
        """The announced windows that were taken away before they began."""
        return {
            key: told
            for key, told in self._told.get(slug, {}).items()
            if key not in self._windows and told.body["starts_at"] > self._now
        }

    def _of_window(self, slug: str, row: Row, names: Any, told: _Told | None) -> Iterator[News]:
        at, was = row["changed_at"] or row["created_at"], {}
        if told is None:
            if row["starts_at"] > self._far:
                return
            # Since when visitors can know of it.
            at = max(at, as_text(datetime.fromisoformat(row["starts_at"]) - AHEAD))
        elif _times(told.body) != _times(row):
            was = {"was": _times(told.body)}
        elif told.window_id == row["id"]:
            return
        body = {"title": json.loads(row["body"]).get("title"), "names": names, **_times(row), **was}
        about = announcements.about_window(row["id"], at)
        replaces = (told.window_id, row["id"]) if told and told.window_id != row["id"] else None
        is_mailed = told is None or bool(was)
        yield News(slug, about, "WINDOW", body, at, is_mailed=is_mailed, replaces=replaces)


def _former(gone: dict[int, _Told], row: Row) -> _Told | None:
    """The window that this one replaces: whatever changes of one in the file, it gets another id."""
    title = json.loads(row["body"]).get("title")
    for window_id, told in gone.items():
        is_same = told.body["title"] == title or _times(told.body) == _times(row)
        if is_same and row["created_at"] > told.at:
            return gone.pop(window_id)
    return None


def _times(said: Any) -> dict[str, str]:
    return {name: said[name] for name in ("starts_at", "ends_at")}
