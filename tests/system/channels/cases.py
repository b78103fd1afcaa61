"""The behaviours that each message meets at the channel, and the required results."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.stand_ins import (
    Behaviour,
    Call,
    accepts,
    accepts_and_hangs,
    accepts_and_resets,
    asks_to_wait,
    bad_gateway,
    chat_not_found,
    hangs,
    internal_error,
    not_found,
    refuses,
    resets,
    says_no_json,
    unauthorized,
    was_blocked,
)
from tests.system.channels.pushing import monitor_of


def accepts_and_drips_a_byte_a_second(call: Call) -> None:
    """Accept the message and take minutes to say so."""
    call.exchange.drip(200, call.accept(), pause=1.0)


def accepts_and_says_half_of_it(call: Call) -> None:
    """Accept the message, but send only half of the JSON."""
    call.exchange.answer(200, call.accept()[:-20], "application/json")


def says_so_twice(call: Call) -> None:
    """Accept the message once, and respond twice on the same connection."""
    body = call.accept()
    call.exchange.answer(200, body, "application/json")
    call.exchange.answer(200, body, "application/json")


def says_nothing(call: Call) -> None:
    """Respond 200 without a body."""
    call.exchange.answer(200, "", "application/json")


too_many = refuses(429, "Too Many Requests")


@dataclass(frozen=True)
class Case:
    """A message's behaviours, one for each attempt and then acceptance, and the required result."""

    monitor: str
    meets: tuple[Behaviour, ...]
    attempts: str
    accepted: int
    answer: str
    why: str


ONCE_MORE = "RETRY SENT"
CUT_OFF = "no answer within"
CASES = [
    Case("kept-waiting", (asks_to_wait(3),), ONCE_MORE, 1, "asked to wait 3 s", "429 says when to try again"),
    Case("429-unsaid", (too_many,), ONCE_MORE, 1, "Too Many Requests", "429 does not say when"),
    Case("reset", (resets,), ONCE_MORE, 1, "the connection broke", "a reset is transient"),
    Case("500", (internal_error,), ONCE_MORE, 1, "Internal Server Error", "Telegram's trouble is transient"),
    Case("502", (bad_gateway,), ONCE_MORE, 1, "Bad Gateway", "a proxy's trouble, in HTML, is transient"),
    Case("twice", (internal_error, bad_gateway), "RETRY RETRY SENT", 1, "Internal", "there is more than one retry"),
    Case("no-json", (says_no_json,), ONCE_MORE, 1, "Invalid server response", "200 from something else is no success"),
    Case("empty", (says_nothing,), ONCE_MORE, 1, "Invalid server response", "200 without a body is no success"),
    Case("hang", (hangs,), ONCE_MORE, 1, CUT_OFF, "a hang is cut off, and then the message is sent"),
    Case("400", (chat_not_found,), "FAILED", 0, "Chat not found", "a wrong chat stays wrong"),
    Case("401", (unauthorized,), "FAILED", 0, "Unauthorized", "a bad token stays bad"),
    Case("403", (was_blocked,), "FAILED", 0, "blocked by the user", "the user does not want it"),
    Case("404", (not_found,), "FAILED", 0, "Not Found", "Telegram's response to a token that does not exist"),
    # Telegram accepted the message, but we do not learn it: the contract's one case of a copy.
    Case("drip", (accepts_and_drips_a_byte_a_second,), ONCE_MORE, 2, CUT_OFF, "a byte a second is a hang"),
    Case("accepts+hangs", (accepts_and_hangs,), ONCE_MORE, 2, CUT_OFF, "silence is no success"),
    Case("accepts+resets", (accepts_and_resets,), ONCE_MORE, 2, "the connection broke", "a reset is no success"),
    Case("accepts+half", (accepts_and_says_half_of_it,), ONCE_MORE, 2, "Invalid server response", "nor is half a body"),
    Case("says-so-twice", (says_so_twice,), "SENT", 1, "message", "a second response to one request is ignored"),
]
HANGING = [case for case in CASES if case.answer == CUT_OFF]
REFUSED = Case("refused", (), ONCE_MORE, 1, "Error|refused|attempts failed", "nothing listens, and later it does")


class Script:
    """A behaviour that gives each monitor's messages what its case says. ``NAME~`` is another try of the case NAME."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._meets = {case.monitor: case.meets for case in cases}
        self._left: dict[str, list[Behaviour]] = {}

    def __call__(self, call: Call) -> None:
        monitor = monitor_of(call.message.text)
        left = self._left.setdefault(monitor, list(self._meets.get(monitor.rstrip("~"), ())))
        behaviour = left.pop(0) if left else accepts
        behaviour(call)
