"""Random histories of one store: checks, people, files, windows and reviews, each at its time."""

import contextlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from shared.alerting import IllegalMove, TooManyMoves
from shared.alerting.heartbeats import Ping
from shared.models import AlertStatus
from shared.models.monitor import FlappingLimits
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import HeartbeatNotFound, NameTaken, OwnedElsewhere, Store, UnknownName, WindowOfFile, WindowOver
from tests.support.builders import at, event
from tests.support.store.steps import CHANNELS

TARGET = "http://target/"
# Owned by the API, by the file, by nobody, and by TARGET_URL.
NAMES = ("shop", "web", "door", TARGET)
LIMITS = FlappingLimits(0.4, 0.2)
TOKEN = "t" * 32
_PLACES = ("seoul", "tokyo", "paris")
_ALLOWED = (
    *(NameTaken, OwnedElsewhere, UnknownName, WindowOfFile, WindowOver),
    *(IllegalMove, TooManyMoves, HeartbeatNotFound),
)

Step = tuple[str, float, Any]

_judging = st.fixed_dictionaries(
    {"interval": st.sampled_from([10, 40])},
    optional={
        "failure_threshold": st.integers(1, 3),
        "success_threshold": st.integers(1, 3),
        "quorum": st.integers(1, 3),
        "locations": st.lists(st.sampled_from(_PLACES), min_size=1, unique=True),
        "group": st.sampled_from(["Web", "API"]),
        "tags": st.just(["red"]),
        "enabled": st.booleans(),
    },
)
_about = st.sampled_from([{"all": True}, {"monitors": ["shop", "web"]}, {"groups": ["Web"]}, {"tags": ["red"]}])
_when = st.one_of(
    st.builds(
        lambda begins, length: {"starts_at": begins, "duration": length}, st.integers(-30, 20), st.integers(5, 50)
    ),
    st.builds(lambda length: {"duration": length}, st.integers(5, 50)),
    st.just({"weekly": ["Wed"], "at": "12:02", "time_zone": "UTC", "duration": 60}),
)
_windows = st.builds(lambda about, when: {"kind": "maintenance", **about, **when}, _about, _when)
_checks = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(["shop", *NAMES]),
        "ok": st.sampled_from([True, False, False]),
        "lag": st.sampled_from([0, 0, 0, 5, 60, -20]),
    },
    optional={
        "location": st.sampled_from(_PLACES),
        "agent": st.sampled_from(["a", "b"]),
        "is_inconclusive": st.booleans(),
    },
)
_runs = st.tuples(st.sampled_from(NAMES), st.text("x.", min_size=2, max_size=14), st.sampled_from([None, *_PLACES]))
_moves = st.tuples(
    st.sampled_from([0, 0, 1, 2]), st.sampled_from([AlertStatus.RESOLVED, AlertStatus.OPEN, AlertStatus.ACK])
)
_file = st.tuples(st.none() | _judging, st.lists(_windows, max_size=1))


def _steps(name: str, arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.sampled_from([0, 0.001, 1, 10, 30, 70]), arguments)


histories = st.lists(
    st.one_of(
        _steps("checks", st.lists(_checks, min_size=1, max_size=4)),
        _steps("run", _runs),
        _steps("edit", _judging),
        _steps("file", _file),
        _steps("remove", st.none()),
        _steps("rename", st.none()),
        _steps("claim", st.none()),
        _steps("window", _windows),
        _steps("change_window", _windows),
        _steps("end_window", st.none()),
        _steps("work", _runs),
        _steps("review", st.none()),
        _steps("review", st.none()),
        _steps("move", _moves),
        _steps("move", _moves),
        _steps("ping", st.booleans()),
    ),
    min_size=3,
    max_size=30,
)


class Life:
    """One store, as it lives through a history."""

    def __init__(self, store: Store) -> None:
        self.store, self.seconds = store, 0.0
        self._shop: int | None = None
        self._name = "shop"
        self._windows: list[int] = []

    def live(self, history: Sequence[Step]) -> None:
        """Let it all happen. An event that the store refuses does not."""
        for name, pause, arguments in history:
            self.seconds += pause
            with contextlib.suppress(*_ALLOWED):
                getattr(self, f"_{name}")(arguments)

    def _checks(self, checks: Sequence[dict[str, Any]]) -> None:
        events = []
        for check in checks:
            fields = {name: value for name, value in check.items() if name not in ("lag", "monitor")}
            monitor = self._name if check["monitor"] == "shop" else check["monitor"]
            events.append(event(self.seconds - check["lag"], monitor=monitor, **fields))
        self.store.events.add(events, received_at=at(self.seconds), channels=CHANNELS)

    def _run(self, run: tuple[str, str, str | None]) -> None:
        monitor, outcomes, location = run
        for outcome in outcomes:
            self.seconds += 10
            self._checks([{"monitor": monitor, "ok": outcome == ".", "lag": 0, "location": location}])

    def _policy(self, fields: dict[str, Any], **more: Any) -> Policy:
        return Policy.model_validate({"url": "http://shop/", **fields, **more})

    def _edit(self, fields: dict[str, Any]) -> None:
        policy = self._policy(fields, name=self._name)
        if self._shop is None:
            self._shop = self.store.monitors.add(policy, now=at(self.seconds)).row["id"]
        else:
            self.store.monitors.replace(self._shop, policy, now=at(self.seconds), channels=CHANNELS)

    def _rename(self, _: None) -> None:
        if self._shop is not None:
            self._name = "shop" if self._name == "store" else "store"
            self._edit({})

    def _remove(self, _: None) -> None:
        if self._shop is not None:
            gone, self._shop = self._shop, None
            self.store.monitors.remove(gone, now=at(self.seconds), channels=CHANNELS)

    def _file(self, written: tuple[dict[str, Any] | None, list[dict[str, Any]]]) -> None:
        fields, windows = written
        job = Policy.model_validate({"name": "job", "heartbeat": {"period": 20, "grace": 5, "token": TOKEN}})
        policies = [] if fields is None else [self._policy(fields, name="web"), job]
        self.store.monitors.apply(
            policies, {}, {}, now=at(self.seconds), channels=CHANNELS, windows=[self._planned(each) for each in windows]
        )

    def _claim(self, _: None) -> None:
        self.store.checks.claim("seoul", now=at(self.seconds), seconds=1, targets=[TARGET])

    def _planned(self, fields: dict[str, Any]) -> Window:
        begins = fields.get("starts_at")
        given = {"starts_at": at(self.seconds + begins).isoformat()} if begins is not None else {}
        return Window.model_validate({**fields, **given})

    def _window(self, fields: dict[str, Any]) -> None:
        self._windows.append(self.store.windows.add(self._planned(fields), now=at(self.seconds)).planned.id)

    def _change_window(self, fields: dict[str, Any]) -> None:
        if self._windows:
            planned = self._planned(fields)
            self.store.windows.change(self._windows[-1], lambda _: planned, now=at(self.seconds), channels=CHANNELS)

    def _work(self, run: tuple[str, str, str | None]) -> None:
        """A window that nobody ends, checks in it, and a review after its end."""
        self._window({"kind": "maintenance", "all": True, "duration": 10 * len(run[1]) + 5})
        self._run(run)
        self.seconds += 20
        self._review(None)

    def _end_window(self, _: None) -> None:
        if self._windows:
            self.store.windows.remove(self._windows.pop(), now=at(self.seconds), channels=CHANNELS)

    def _review(self, _: None) -> None:
        self.store.agents.review(now=at(self.seconds), channels=CHANNELS)
        self.store.heartbeats.review(now=at(self.seconds), channels=CHANNELS)
        self.store.maintenance.review(now=at(self.seconds), channels=CHANNELS)
        self.store.lapses.review(now=at(self.seconds))

    def _move(self, move: tuple[int, AlertStatus]) -> None:
        back, to = move
        newest = self.store.alerts.page(limit=3)
        if back < len(newest):
            self.store.alerts.move(newest[back].id, to, by="kim", at=at(self.seconds), channels=CHANNELS)

    def _ping(self, is_success: bool) -> None:
        self.store.heartbeats.take(TOKEN, Ping(is_success=is_success), now=at(self.seconds), channels=CHANNELS)
