"""Every decision about an alert: what an event, a silence, a refusal or a person changes. Pure: no clock, no I/O."""

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
from shared.alerting.channels import judge_channel
from shared.alerting.moves import (
    IllegalMove,
    Moves,
    TooManyMoves,
    agent_after_move,
    count_move,
    has_news,
    monitor_after_move,
    move,
    resolve,
)
from shared.alerting.ordering import CLOCK_TOLERANCE, FIRST_TIME, effective_time, is_late
from shared.alerting.outages import RULES, decide
from shared.alerting.situation import Decision, Reason, Situation

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
