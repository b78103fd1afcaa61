"""Every decision about an alert: what an event, a silence, a refusal or a person changes. Pure: no clock, no I/O."""

import importlib
from typing import TYPE_CHECKING, Any

from shared.alerting.agents import (
    STATE_WITHOUT_AGENT,
    WATCH_GAP,
    AgentObservation,
    WatchPeriod,
    extend_watch,
    fall_silent,
    is_silent,
    observe_agent,
    tolerated_silence,
)
from shared.alerting.moves import (
    IllegalMove,
    Moves,
    TooManyMoves,
    agent_after_move,
    count_move,
    has_news,
    judge_channel,
    monitor_after_move,
    move,
    resolve,
)
from shared.alerting.ordering import CLOCK_TOLERANCE, FIRST_TIME, effective_time, is_late

if TYPE_CHECKING:
    from shared.alerting.outages import decide
    from shared.alerting.situation import Decision, Reason, Situation
else:
    # Most functions judge no event, and start without the rules.
    _LATE = {"Decision": "situation", "Reason": "situation", "Situation": "situation", "decide": "outages"}

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CLOCK_TOLERANCE",
    "FIRST_TIME",
    "STATE_WITHOUT_AGENT",
    "WATCH_GAP",
    "AgentObservation",
    "Decision",
    "IllegalMove",
    "Moves",
    "Reason",
    "Situation",
    "TooManyMoves",
    "WatchPeriod",
    "agent_after_move",
    "count_move",
    "decide",
    "effective_time",
    "extend_watch",
    "fall_silent",
    "has_news",
    "is_late",
    "is_silent",
    "judge_channel",
    "monitor_after_move",
    "move",
    "observe_agent",
    "resolve",
    "tolerated_silence",
]
