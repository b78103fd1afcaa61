"""Every decision about an alert: what an event, a silence, a refusal or a person changes. Pure: no clock, no I/O."""

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
    from shared.alerting.outages import RULES, decide
    from shared.alerting.situation import Decision, Reason, Situation
else:

    def __getattr__(name: str) -> Any:
        # Most functions judge no event, and start without the rules.
        if name in ("RULES", "decide"):
            from shared.alerting import outages

            return getattr(outages, name)
        if name in ("Decision", "Reason", "Situation"):
            from shared.alerting import situation

            return getattr(situation, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CLOCK_TOLERANCE",
    "FIRST_TIME",
    "RULES",
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
