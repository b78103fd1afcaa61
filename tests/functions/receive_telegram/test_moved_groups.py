"""POST /telegram from a group that became a supergroup, in a process that has not sent there."""

from collections.abc import Callable

import pytest

from functions.receive_telegram.moved_groups import _asked_at
from shared.notifiers.services.telegram import new_chats
from tests.functions.api import FAILURE
from tests.functions.receive_telegram.telegram import Telegram

pytestmark = pytest.mark.slow


@pytest.fixture
def moved(telegram: Telegram, environ: Callable[..., None]) -> Telegram:
    """A chat with an open alert, whose group has another number now."""
    new_chats.clear()
    _asked_at.clear()
    environ(TELEGRAM_CHAT_ID="-42")
    telegram.api.post(FAILURE | {"monitor": "another"})
    telegram.deliver()
    telegram.bot_api.moved_to = -1_001_234_567_890
    return telegram


def asked(telegram: Telegram) -> list[str]:
    return [method for method, _ in telegram.bot_api.others]


def test_buttons_and_commands_work_in_a_group_that_moved(moved: Telegram) -> None:
    moved.bot_api.shown[str(moved.bot_api.moved_to), 2] = moved.bot_api.shown["-42", 2]
    assert moved.press("a:2:ack", message_id=2, chat_id=-1_001_234_567_890) == "You have it"
    assert moved.write("/status", chat_id=-1_001_234_567_890) is not None
    assert asked(moved) == ["sendChatAction"]


def test_a_group_that_refuses_an_edit_is_looked_for_again(moved: Telegram) -> None:
    """The message stands in the former group."""
    assert moved.press("a:2:ack", message_id=2, chat_id=-1_001_234_567_890) == "You have it"
    assert moved.write("/status", chat_id=-1_001_234_567_890) is not None
    assert asked(moved) == ["sendChatAction"] * 2


def test_strangers_do_not_make_us_ask_again_and_again(moved: Telegram) -> None:
    moved.bot_api.moved_to = None
    for chat_id in (-1_009, -1_010, 666):
        assert moved.write("/ack 2", chat_id=chat_id) is None
    assert (moved.alert(2), asked(moved)) == (("OPEN", None), ["sendChatAction"])


def test_nobody_asks_because_of_a_persons_chat(moved: Telegram) -> None:
    assert moved.write("/ack 2", chat_id=666) is None
    assert asked(moved) == []


@pytest.mark.parametrize("chat", ["@ops", "4242", "-1001234567891"])
def test_nobody_asks_about_what_cannot_move(moved: Telegram, environ: Callable[..., None], chat: str) -> None:
    environ(TELEGRAM_CHAT_ID=chat)
    assert moved.write("/ack 2", chat_id=-1_009) is None
    assert asked(moved) == []


def test_an_update_is_answered_also_if_telegram_is_out_of_reach(moved: Telegram, environ: Callable[..., None]) -> None:
    environ(TELEGRAM_API_URL="http://127.0.0.1:1")
    assert moved.press("a:2:ack", message_id=2, chat_id=-1_009) == "This button belongs to no message that I know."
