"""The channels of a system that is killed, and what they accepted in each of its lives."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.words.en import LABELS
from tests.support.stand_ins import (
    Behaviour,
    BotApi,
    Call,
    Message,
    accepts,
    accepts_and_drips,
    accepts_and_hangs,
    accepts_and_resets,
)

# The channel accepts the message, but the sender does not learn it.
CUTS = (accepts_and_resets, accepts_and_hangs, accepts_and_drips)
# Channels that only some systems have, each with its chat.
MORE_CHATS = {"night": "-4243", "boss": "-4244"}
# The agent itself sends these if it cannot reach the backend. No row in the store owes them.
AGENTS_OWN_WORDS = ("BACKEND_UNREACHABLE ", "RECOVERY backend ")
# Facts that are looked up for each attempt. The store may not even answer.
_AROUND = tuple(LABELS[code] for code in ("seen", "last_success", "others", "availability"))
# ESTABLISHED and CLOSE_WAIT in Linux's table of connections.
_OPEN_STATES = ("01", "08")


@dataclass(frozen=True)
class Receipt:
    """A message that a channel accepted: the life of the system, the time on its clock, and whether we responded."""

    channel: str
    text: str
    life: int
    at: datetime | None = None
    is_answered: bool = True

    @property
    def notification_ids(self) -> tuple[int, ...]:
        """The number at the end of each line but a list's first, and else the one at the end; 0 if there is none.

        Lists that only count some are not read: no world has so many monitors.
        """
        lines = self.text.split("\n")
        numbers = [_number_of(line) for line in lines]
        return tuple(numbers[1:]) if len(lines) > 1 and all(numbers[1:]) else (numbers[-1],)

    @property
    def words(self) -> str:
        """See ``lasting``."""
        return lasting(self.text)


@dataclass
class Life:
    """One life of the system: how far its clock is ahead of ours, and when it began and ended by that clock."""

    number: int
    later_by: float
    began_at: datetime
    ended_at: datetime | None = None


def lasting(text: str) -> str:
    """A message without what it says of everything around the alert, which may change before its next copy."""
    return "\n".join(line for line in text.split("\n") if line.partition(": ")[0] not in _AROUND)


def _number_of(line: str) -> int:
    number = line.rpartition("#")[2]
    return int(number) if number.isdecimal() else 0


class Channel(BotApi):
    """Telegram. ``behaviour_of`` chooses its behaviour for each message, and ``receipts`` lists what it accepted.

    It has a chat for each of MORE_CHATS too: channels of their own, for a system that ``channels_json`` configures so.
    """

    def __init__(self, lives: list[Life]) -> None:
        super().__init__()
        self.lives = lives
        self.receipts: list[Receipt] = []
        self.behaviour = self._behave
        self.behaviour_of: Callable[[Message], Behaviour] = lambda _message: accepts
        self.is_asked, self.has_accepted = threading.Event(), threading.Event()
        self.under_way = 0
        self._cut: set[int] = set()
        self._noting = threading.Lock()

    def _behave(self, call: Call) -> None:
        behaviour = self.behaviour_of(call.message)
        with self._noting:
            self.under_way += 1
            if behaviour in CUTS:
                self._cut.add(id(call.message))
        self.is_asked.set()
        try:
            behaviour(call)
        finally:
            with self._noting:
                self.under_way -= 1
                self._cut.discard(id(call.message))

    def channels_json(self, token: str) -> str:
        """The setting CHANNELS by which a system also has the channels of MORE_CHATS."""
        more = {"kind": "telegram", "bot_token": token, "api_url": self.url}
        return json.dumps({name: {**more, "chat_id": int(chat)} for name, chat in MORE_CHATS.items()})

    def accept(self, message: Message) -> str:
        """Accept a message, and note which life sent it: each life has a token of its own."""
        if message.method == "editMessageText":
            return super().accept(message)  # it is no message, and there is no other copy of it
        life = self.lives[int(message.token.rpartition("-")[2])]
        with self._noting:
            at = datetime.now(UTC) + timedelta(seconds=life.later_by)
            if not message.text.startswith(AGENTS_OWN_WORDS):
                is_answered = id(message) not in self._cut
                channel = next((name for name, chat in MORE_CHATS.items() if chat == message.chat_id), "telegram")
                self.receipts.append(Receipt(channel, message.text, life.number, at, is_answered))
            answer = super().accept(message)
        self.has_accepted.set()
        return answer


def printed_receipts(output: str, life: int) -> Iterator[Receipt]:
    """The messages that the console channel printed in a life, found in the life's output."""
    for line in output.split("\n")[:-1]:  # the kill cut the text after the last line's end
        # A line of the log begins with its time.
        if re.fullmatch(r"[^\d ].* · #\d+", line):
            yield Receipt("console", line, life)


def has_open_connections(port: int) -> bool:
    """Whether the server at a port of this machine has connections that it has not closed, or not even accepted."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        time.sleep(0.01)  # nothing better is known here
        return False
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    return any(row[1].endswith(f":{port:04X}") and row[3] in _OPEN_STATES for row in rows)
