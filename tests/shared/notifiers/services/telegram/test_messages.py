"""Telegram: a stand-in that speaks real HTTP takes its place."""

import json
import socket
import time

import pytest

from shared.channels import configured
from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from shared.settings import SettingError
from tests.support.stand_ins import (
    Behaviour,
    BotApi,
    accepts_and_drips,
    asks_to_wait,
    bad_gateway,
    hangs,
    refuses,
    resets,
    says_no_json,
)
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request

TOKEN = "123456:ABC-DEF_ghi"
TELEGRAM = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}


@pytest.fixture
def telegram(bot_api: BotApi) -> NotifierKind:
    return configured(TELEGRAM | {"TELEGRAM_API_URL": bot_api.url})["telegram"]


def test_telegram_gets_the_text_as_it_is(bot_api: BotApi, telegram: NotifierKind) -> None:
    text = "OUTAGE <b>a</b> *b* [c](http://d) `e` &amp; 장애 \\_ · #1"
    assert telegram.send(Message.of_text(text), timeout_seconds=5).answer.startswith("message ")
    assert bot_api.messages == [text]
    sent = bot_api.calls[0]
    assert (sent.token, sent.chat_id) == (TOKEN, "-100123")
    assert "parse_mode" not in sent.fields
    assert json.loads(sent.fields["link_preview_options"]) == {"is_disabled": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "is_permanent", "retry_after", "reason"),
    [
        (refuses(400, "Bad Request: chat not found"), True, None, "Chat not found"),
        (refuses(401, "Unauthorized"), True, None, "Unauthorized"),
        (refuses(403, "Forbidden: bot was blocked by the user"), True, None, "blocked"),
        (refuses(404, "Not Found"), True, None, "Not Found"),
        (refuses(500, "Internal Server Error"), False, None, "Internal Server Error"),
        (asks_to_wait(17), False, 17.0, "asked to wait 17 s"),
        (bad_gateway, False, None, "Bad Gateway"),
        (says_no_json, False, None, "Invalid server response"),
        (resets, False, None, "the connection broke"),
        (hangs, False, None, "no answer within 0.5 s"),
        (accepts_and_drips, False, None, "no answer within 0.5 s"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_failure_says_whether_trying_again_can_help(
    bot_api: BotApi,
    telegram: NotifierKind,
    behaviour: Behaviour,
    is_permanent: bool,
    retry_after: float | None,
    reason: str,
) -> None:
    telegram.send(Message.of_text("a first send loads the library, which may take long"), timeout_seconds=10)
    bot_api.queue(behaviour)
    started = time.monotonic()
    with pytest.raises(SendFailed, match=reason) as raised:
        telegram.send(Message.of_text("OUTAGE"), timeout_seconds=0.5)
    assert time.monotonic() - started < 2.5, "the deadline holds, however slowly it responds"
    assert (raised.value.is_permanent, raised.value.retry_after) == (is_permanent, retry_after)
    assert TOKEN not in str(raised.value)


def test_a_refused_connection_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SendFailed) as raised:
            configured(TELEGRAM | {"TELEGRAM_API_URL": url})["telegram"].send(Message.of_text("x"), timeout_seconds=5)
    assert not raised.value.is_permanent
    assert TOKEN not in str(raised.value)


def test_a_token_that_is_echoed_is_hidden(bot_api: BotApi, telegram: NotifierKind) -> None:
    bot_api.queue(refuses(400, f"no route /bot{TOKEN}/sendMessage"))
    with pytest.raises(SendFailed, match=r"no route /bot\(hidden\)/sendMessage"):
        telegram.send(Message.of_text("x"), timeout_seconds=5)


def test_the_token_is_never_logged(
    bot_api: BotApi, telegram: NotifierKind, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    bot_api.queue(says_no_json)
    with pytest.raises(SendFailed):
        telegram.send(Message.of_text("x"), timeout_seconds=5)
    telegram.send(Message.of_text("y"), timeout_seconds=5)
    out, err = capfd.readouterr()
    assert TOKEN not in caplog.text + out + err


def test_many_sends_one_after_the_other_arrive_in_order(bot_api: BotApi, telegram: NotifierKind) -> None:
    for number in range(10):
        telegram.send(Message.of_text(str(number)), timeout_seconds=5)
    assert bot_api.messages == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"TELEGRAM_BOT_TOKEN": TOKEN}, "TELEGRAM_CHAT_ID is not set: expected"),
        ({"TELEGRAM_CHAT_ID": "1"}, "TELEGRAM_BOT_TOKEN is not set: expected"),
        ({**TELEGRAM, "TELEGRAM_BOT_TOKEN": "se/cret"}, r"TELEGRAM_BOT_TOKEN is '\(hidden\)': expected"),
        ({**TELEGRAM, "TELEGRAM_CHAT_ID": "my chat"}, "TELEGRAM_CHAT_ID is 'my chat': expected"),
        ({**TELEGRAM, "TELEGRAM_CHAT_ID": "12:se/cret"}, r"TELEGRAM_CHAT_ID is '\(hidden\)': expected"),
        ({**TELEGRAM, "TELEGRAM_API_URL": "localhost:8081"}, "TELEGRAM_API_URL is 'localhost:8081': expected"),
    ],
)
def test_half_a_configuration_names_what_is_missing(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        configured(given)
    assert "se/cret" not in str(raised.value)


class KeepAliveBotApi(KeepAliveServer):
    """Keeps its connections, as Telegram does, and responds with the number of the one that the message came by."""

    def respond(self, request: Request) -> tuple[int, str]:
        message = {"message_id": request.number, "date": 0}
        return 200, json.dumps({"ok": True, "result": {**message, "chat": {"id": 1, "type": "private"}}})


@pytest.mark.slow
def test_a_connection_is_reused_and_replaced_when_it_is_closed() -> None:
    with KeepAliveBotApi() as server:
        settings = {**TELEGRAM, "TELEGRAM_API_URL": server.url}

        def send() -> str:
            # Configured for each request, as in the functions.
            return configured(settings)["telegram"].send(Message.of_text("text"), timeout_seconds=5).answer

        assert [send(), send(), send()] == ["message 1"] * 3
        server.connections[0].shutdown(socket.SHUT_RDWR)
        assert [send(), send()] == ["message 2"] * 2


@pytest.mark.parametrize(
    ("chat", "pace"),
    [
        ("42", Pace(10, 10)),  # a person: one message a second, not counting the beginning of a storm
        ("-42", Pace(20, 62)),  # a group: 20 a minute
        ("-100123", Pace(20, 62)),  # a supergroup, or a channel
        ("@status", Pace(20, 62)),
    ],
)
def test_each_chat_has_the_pace_that_telegram_allows(chat: str, pace: Pace) -> None:
    assert configured(TELEGRAM | {"TELEGRAM_CHAT_ID": chat})["telegram"].pace == pace
