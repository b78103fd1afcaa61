"""The states as people see them: a shape, a word and a colour each. The codes are the stylesheet's classes."""

from typing import Literal

# "pend": checked again. "plan": maintenance. "unk": nobody has checked lately. "paus": nobody checks.
Shown = Literal["down", "slow", "pend", "unk", "plan", "paus", "up"]
# Worst first.
ORDER: tuple[Shown, ...] = ("down", "slow", "pend", "plan", "unk", "paus", "up")
_SHOWN: dict[str, Shown] = {
    "UP": "up",
    "DOWN": "down",
    "PENDING": "pend",
    "UNKNOWN": "unk",
    "MAINTENANCE": "plan",
    "PAUSED": "paus",
}


def shown_state(state: str, *, is_slow: bool = False) -> Shown:
    """How a monitor's state is shown. One that works is slow while its alert says so."""
    return "slow" if is_slow and state == "UP" else _SHOWN[state]


def fires(state: Shown | None, *, is_handled: bool = False) -> int:
    """How many of the five beacons burn. None: nothing is watched."""
    match state:
        case None:
            return 0
        case "down":
            return 4 if is_handled else 5
        case "slow":
            return 3
        case "pend":
            return 2
    return 1
