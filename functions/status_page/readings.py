"""Readings of the store: one for ten seconds, whoever asks; and the last one if the store cannot be reached.

Public facts are kept in a file beside the events that wait, so that a new process can show them too.
"""

import contextlib
import functools
import gzip
import json
import os
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from functions.status_page.facts import Facts, edges_of, facts_of, hour_edges, no_facts, read_board
from functions.status_page.visible import publicly
from shared.logs import step
from shared.models import now
from shared.settings import Settings
from shared.store import Bucket, Store, StoreUnavailable, open_store

Made = TypeVar("Made")

FRESH_SECONDS = 10.0
# The past changes only by events that come late.
PAST_SECONDS = 600.0
PACE_SECONDS = 300.0
# How often the file is written if no state changed.
SAVE_SECONDS = 60.0
# After a failure, everybody else gets the last reading for so long.
RETRY_SECONDS = 3.0
# For so long a request waits for another one that reads.
PATIENCE_SECONDS = 2.0
# Pages are made once for each reading, but nobody fills the memory by asking for more.
_MOST_MADE = 200
_FILE = "status_page.json.gz"


class Reading:
    """Facts, when they were read, and what was made of them. ``is_last``: the store could not be reached after it."""

    def __init__(self, facts: Facts, *, is_last: bool = False) -> None:
        self.facts, self.is_last = facts, is_last
        self.read_at = time.monotonic()
        self._made: dict[Hashable, Any] = {}

    @property
    def age(self) -> float:
        """For how many seconds we have had it."""
        return time.monotonic() - self.read_at

    @property
    def old_seconds(self) -> float:
        """How long ago everything was so."""
        return max(0.0, (now() - datetime.fromisoformat(self.facts["at"])).total_seconds())

    def made(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` makes of the facts. ``key``: it is made once for each."""
        made: Made | None = self._made.get(key)
        if made is None:
            # The map is not read again: another thread may clear it at any time.
            made = make()
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[key] = made
        return made


class _Kept(NamedTuple):
    """A part of the facts that seldom changes. ``edges``: those of the spans that it is about."""

    edges: Sequence[datetime]
    read_at: float
    value: Any


class Readings:
    """The readings of one store in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading: Reading | None = None
        self._failed_at = -RETRY_SECONDS
        self._saved: tuple[float, Any] = (-SAVE_SECONDS, None)
        self._kept: dict[str, _Kept] = {}

    def get(self, settings: Settings, *, has_months: bool = False) -> Reading:
        """A reading that is no older than FRESH_SECONDS, or the last one. Raises StoreUnavailable if there is none."""
        if found := self._fresh(has_months):
            return found
        known = self._reading
        # One reads; if the store hangs, everybody else sees how it stood instead of waiting too.
        if not self._lock.acquire(timeout=-1 if known is None else PATIENCE_SECONDS):
            return _again(known) if known else self.get(settings, has_months=has_months)
        try:
            return self._fresh(has_months) or self._renewed(settings, has_months)
        finally:
            self._lock.release()

    def _renewed(self, settings: Settings, has_months: bool) -> Reading:
        try:
            self._reading = self._read(settings, has_months)
            self._save(settings, self._reading.facts)
        except StoreUnavailable as trouble:
            step("server", "store_unavailable", function="status_page", reason=str(trouble))
            self._reading = self._last(settings, trouble)
            self._failed_at = time.monotonic()
        return self._reading

    def _fresh(self, has_months: bool) -> Reading | None:
        reading = self._reading
        if reading is None:
            return None
        if reading.is_last:
            return reading if time.monotonic() - self._failed_at < RETRY_SECONDS else None
        is_enough = not has_months or reading.facts.get("has_months")
        return reading if reading.age < FRESH_SECONDS and is_enough else None

    def _read(self, settings: Settings, has_months: bool) -> Reading:
        store, at = open_store(settings), now()
        pages = store.boards.pages(settings.status_page)
        if not pages:
            # To read thousands of monitors takes seconds, and nobody may see them.
            return Reading({**no_facts(at), "has_months": has_months})
        board = read_board(store, pages, at)
        periods = ("days", "months") if has_months else ("days",)
        facts = facts_of(
            board,
            pages,
            functools.partial(self._passed, store, at=at),
            self._pace(store, at),
            at,
            periods,
        )
        return Reading({**facts, "has_months": has_months})

    def _passed(self, store: Store, period: str, *, at: datetime) -> Mapping[int, list[Bucket]]:
        edges = edges_of(period, at)
        return self._seldom(
            period, edges, PAST_SECONDS, lambda: store.boards.past(edges, now=at) if len(edges) > 1 else {}
        )

    def _pace(self, store: Store, at: datetime) -> Mapping[int, list[float | None]]:
        hours = hour_edges(at)[:-1]
        hours.append(hours[-1] + timedelta(hours=1))
        return self._seldom("pace", hours, PACE_SECONDS, lambda: store.boards.paces(hours))

    def _seldom(self, name: str, edges: Sequence[datetime], seconds: float, read: Callable[[], Made]) -> Made:
        """Return what was read for these edges at most so many seconds ago, or read it."""
        known = self._kept.get(name)
        if known is None or known.edges != edges or time.monotonic() - known.read_at > seconds:
            known = self._kept[name] = _Kept(edges, time.monotonic(), read())
        value: Made = known.value
        return value

    def _last(self, settings: Settings, trouble: StoreUnavailable) -> Reading:
        if self._reading is not None:
            return _again(self._reading)
        for folder in settings.spool_dirs:
            with contextlib.suppress(OSError, ValueError, EOFError):
                return Reading(json.loads(gzip.decompress((folder / _FILE).read_bytes())), is_last=True)
        raise trouble

    def _save(self, settings: Settings, facts: Facts) -> None:
        """Keep what everybody may see. The page is shown also if that fails."""
        states = [(each["name"], each["state"], each["public"], each["group"]) for each in facts["monitors"]]
        version = (states, facts["incidents"], facts["pages"])
        written_at, known = self._saved
        if version == known and time.monotonic() - written_at < SAVE_SECONDS:
            return
        self._saved = (time.monotonic(), version)
        content = gzip.compress(json.dumps(publicly(facts), ensure_ascii=False).encode(), 3)
        for folder in settings.spool_dirs:
            with contextlib.suppress(OSError):
                _write(folder / _FILE, content)
                return


def _again(known: Reading) -> Reading:
    """A reading as the last one."""
    last = Reading(known.facts, is_last=True)
    last.read_at = known.read_at
    return last


_by_store: dict[Hashable, Readings] = {}


def readings(settings: Settings) -> Readings:
    """The readings of the store that the settings name."""
    return _by_store.setdefault((settings.database_url, settings.status_page, settings.spool_dirs), Readings())


def _write(path: Path, content: bytes) -> None:
    """Replace the file whole; only its owner can read it."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
