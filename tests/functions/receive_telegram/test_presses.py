"""POST /telegram: people press the buttons of a message."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.models import as_text, now
from tests.functions.api import FAILURE, KEY, SUCCESS, Api, on_each_engine
from tests.functions.receive_telegram.telegram import HEADER, KIM, LEE, SECRET, Telegram
from tests.support.stand_ins import BotApi, refuses

pytestmark = pytest.mark.slow

# With its date, if the test runs around midnight.
TIME = r"(\d{4}-\d\d-\d\d )?\d\d:\d\d"


@on_each_engine
def test_a_press_acknowledges_and_the_message_says_who(telegram: Telegram) -> None:
    text, buttons = telegram.shown()
    assert buttons == ["a:1:ack", "a:1:silence"]
    assert telegram.press("a:1:ack") == "You have it"
    assert telegram.alert() == ("ACK", "Kim Minsu")
    telegram.deliver()
    edited, left = telegram.shown()
    title, facts = text.split("\n", 1)
    assert re.fullmatch(rf"{re.escape(title)}\nNow: «Kim Minsu» has it since .+\n{re.escape(facts)}", edited)
    assert left == []
    assert len(telegram.bot_api.messages) == 1, "an edit rings nobody"


def test_the_second_presser_reads_who_was_first(telegram: Telegram) -> None:
    assert telegram.press("a:1:ack", KIM) == "You have it"
    assert re.fullmatch(rf"«Kim Minsu» has it since {TIME}", telegram.press("a:1:ack", LEE))
    assert telegram.alert() == ("ACK", "Kim Minsu")


@on_each_engine
def test_of_two_presses_at_once_one_is_the_first(telegram: Telegram) -> None:
    updates = [telegram.press_of("a:1:ack", {"id": number, "first_name": f"P{number}"}) for number in range(6)]
    with ThreadPoolExecutor(6) as people:
        answers = [(each.json or {})["text"] for each in people.map(telegram.send, updates)]
    assert answers.count("You have it") == 1
    winner = f"P{answers.index('You have it')}"
    assert telegram.alert() == ("ACK", winner)
    assert all(re.fullmatch(rf"«{winner}» has it since {TIME}", each) for each in answers if each != "You have it")


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ({"id": 1, "first_name": "김", "last_name": "민수"}, "김 민수"),
        ({"id": 1, "first_name": " ", "username": "kim"}, "kim"),
        ({"id": 1, "username": "kim"}, "kim"),
        ({"id": 1}, "Telegram 1"),
        ({"id": 1, "first_name": "x" * 300}, "x" * 255),
        ({"id": 1, "first_name": "a\0b\ud800"}, "a?b?"),
    ],
)
def test_it_says_the_full_name_else_the_username(telegram: Telegram, person: dict[str, object], name: str) -> None:
    telegram.press("a:1:ack", person)
    assert telegram.alert() == ("ACK", name)


@pytest.mark.parametrize("data", ["a:1:ack", "a:1:silence"])
def test_a_press_on_an_alert_that_has_ended_changes_nothing(telegram: Telegram, data: str) -> None:
    telegram.api.post(SUCCESS | {"timestamp": as_text(now())})
    before = telegram.api.get("/alerts/1")
    assert re.fullmatch(rf"It ended at {TIME}", telegram.press(data))
    assert telegram.api.get("/alerts/1") == before
    assert telegram.windows() == []


@on_each_engine
def test_a_silence_lasts_an_hour_and_is_made_once(telegram: Telegram) -> None:
    said = telegram.press("a:1:silence", KIM)
    assert re.fullmatch(rf"«Kim Minsu» has silenced it until {TIME}", said)
    assert telegram.press("a:1:silence", LEE) == said
    assert telegram.windows() == [("silence", [FAILURE["target_url"]], "Kim Minsu")]
    assert telegram.alert() == ("OPEN", None)


def test_the_name_of_a_channel_may_be_spelt_in_any_case(telegram: Telegram, environ: Callable[..., None]) -> None:
    environ(TELEGRAM_CHAT_ID="@MyChannel")
    telegram.api.post(FAILURE | {"monitor": "another"})
    telegram.deliver()
    update = telegram.press_of("a:2:ack", chat_id=-1001, message_id=2)
    update["callback_query"]["message"]["chat"] |= {"type": "channel", "username": "myChannel"}
    assert (telegram.send(update).json or {})["text"] == "You have it"


@pytest.mark.parametrize(
    ("channels", "answer"),
    [
        (["renamed"], "You have it"),
        (["renamed", "another"], "This button belongs to no message that I know."),
    ],
)
def test_a_button_outlives_its_channels_name(
    telegram: Telegram, environ: Callable[..., None], channels: list[str], answer: str
) -> None:
    """If several channels write to the chat, nobody can say which one it was."""
    bot = telegram.bot_api
    described = {"kind": "telegram", "bot_token": bot.token, "chat_id": bot.chat_id, "api_url": bot.url}
    unset = dict.fromkeys(bot.environ, "")
    environ(**unset, CHANNELS=json.dumps(dict.fromkeys(channels, described)))
    assert telegram.press("a:1:ack") == answer


# --- what changes nothing ---------------------------------------------------------------------------------------------


@on_each_engine
def test_a_press_that_comes_again_changes_nothing(telegram: Telegram) -> None:
    acknowledged, silenced = telegram.press_of("a:1:ack"), telegram.press_of("a:1:silence")
    for update in (acknowledged, silenced):
        assert telegram.send(update).status_code == 200
    telegram.api.patch(1, status="OPEN")
    [window] = telegram.api.get("/windows")["windows"]
    telegram.api.call("DELETE", f"/windows/{window['id']}")
    for update in (acknowledged, silenced):
        response = telegram.send(update)
        assert (response.status_code, (response.json or {})["text"]) == (200, "Nothing has changed.")
    assert telegram.alert() == ("OPEN", None)
    assert telegram.windows() == []


def test_a_press_that_found_it_over_does_not_act_later(telegram: Telegram) -> None:
    telegram.api.patch(1, status="RESOLVED")
    update = telegram.press_of("a:1:ack")
    telegram.send(update)
    telegram.api.patch(1, status="OPEN")
    telegram.send(update)
    assert telegram.alert() == ("OPEN", None)


@pytest.mark.parametrize(
    "press",
    [
        {"chat_id": 4243},  # a stranger's chat
        {"message_id": 99},  # another message of that chat
        {"data": "a:2:ack"},  # another alert than the message's
        {"data": "a:99:ack"},
        {"data": "a:999999999999999999:ack"},
        {"data": "a:1:resolve"},
        {"data": "a:01:ack"},
        {"data": "A:1:ACK"},
        {"data": "x" * 64},
        {"data": ""},
    ],
    ids=str,
)
def test_a_forged_press_changes_nothing(telegram: Telegram, press: dict[str, object]) -> None:
    telegram.api.post(FAILURE | {"monitor": "another"})
    before = telegram.api.get("/alerts")
    assert telegram.press(**press) == "This button belongs to no message that I know."
    assert telegram.api.get("/alerts") == before
    assert telegram.windows() == []


def test_a_message_too_old_to_be_shown_to_bots_still_acts(telegram: Telegram) -> None:
    update = telegram.press_of("a:1:ack")
    # See InaccessibleMessage in the Bot API.
    chat = update["callback_query"]["message"]["chat"]
    update["callback_query"]["message"] = {"message_id": 1, "chat": chat, "date": 0}
    assert (telegram.send(update).json or {})["text"] == "You have it"


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "my_chat_member": {"chat": {"id": 4242}}},
        {"update_id": 1, "callback_query": {"from": {"id": 1}}},
        {"update_id": 1, "callback_query": []},
        {"update_id": 1, "message": {"text": "/ack 1"}},
        {"update_id": 1, "message": {"text": 7, "chat": {"id": 4242}, "message_id": 1}},
        {"update_id": [], "message": {"photo": [], "chat": {"id": 4242}, "message_id": 1}},
    ],
    ids=json.dumps,
)
def test_an_update_that_is_no_press_is_200(telegram: Telegram, update: dict[str, object]) -> None:
    response = telegram.send(update)
    assert (response.status_code, response.json) == (200, {})


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(telegram: Telegram, body: bytes) -> None:
    assert telegram.send(body).status_code == 400


def test_a_flood_of_presses_is_answered_in_words(telegram: Telegram) -> None:
    for _ in range(5):
        telegram.api.patch(1, status="ACK")
        telegram.api.patch(1, status="OPEN")
    assert telegram.press("a:1:ack").startswith("It was moved too often.")
    assert telegram.alert() == ("OPEN", None)


# --- who may post -----------------------------------------------------------------------------------------------------


def test_without_a_secret_there_is_nothing_there(telegram: Telegram, environ: Callable[..., None]) -> None:
    environ(TELEGRAM_WEBHOOK_SECRET="")
    for secret in (None, "", SECRET):
        assert telegram.send(telegram.press_of(), secret).status_code == 404
    assert telegram.alert() == ("OPEN", None)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], f"{SECRET}x", "ключ"])
@pytest.mark.parametrize("auth", ["ingest", "all"])
def test_a_wrong_secret_is_401(telegram: Telegram, environ: Callable[..., None], secret: str | None, auth: str) -> None:
    environ(API_AUTH=auth)
    response = telegram.send(telegram.press_of(), secret and secret.encode().decode("latin-1"))
    assert (response.status_code, telegram.alert()) == (401, ("OPEN", None))


def test_a_key_opens_it_to_the_local_runner_alone(telegram: Telegram, environ: Callable[..., None]) -> None:
    def posted() -> int:
        return telegram.api.call("POST", "/telegram", telegram.press_of(), key=KEY).status_code

    assert posted() == 401
    environ(TELEGRAM_WEBHOOK_SECRET="", TELEGRAM_POLLING="true")
    assert posted() == 200
    assert telegram.send(telegram.press_of(), None).status_code == 404
    assert telegram.alert() == ("ACK", "Kim Minsu")


def test_a_missing_header_is_named(telegram: Telegram) -> None:
    response = telegram.send(telegram.press_of(), None)
    assert HEADER in response.text
    assert SECRET not in response.text


# --- messages ---------------------------------------------------------------------------------------------------------


def test_buttons_are_there_only_if_somebody_hears_them(
    api: Api, bot_api: BotApi, environ: Callable[..., None], telegram_library: None
) -> None:
    chat = Telegram(api, bot_api)
    heard = [{}, {"TELEGRAM_POLLING": "true"}, {"TELEGRAM_POLLING": "false", "TELEGRAM_WEBHOOK_SECRET": SECRET}]
    for number, settings in enumerate(heard, start=1):
        environ(**bot_api.environ, **settings)
        api.post(FAILURE | {"monitor": f"m{number}"})
        chat.deliver()
        assert bool(chat.shown(number)[1]) is bool(settings)


def test_an_edit_that_fails_is_a_row_and_the_press_counts(telegram: Telegram) -> None:
    telegram.bot_api.queue_for_edits(refuses(400, "Bad Request: message can't be edited"))
    assert telegram.press("a:1:ack") == "You have it"
    telegram.deliver()
    logs = [
        (log["kind"], log["channel"], log["status"])
        for log in telegram.api.get("/notification_logs")["notification_logs"]
    ]
    assert logs[0] == ("UPDATE", "telegram", "FAILED")
    assert [alert["kind"] for alert in telegram.api.get("/alerts")["alerts"]] == ["OUTAGE"]
    assert telegram.alert() == ("ACK", "Kim Minsu")


def test_a_recovery_is_sent_and_has_no_buttons(telegram: Telegram) -> None:
    telegram.press("a:1:ack")
    telegram.api.post(SUCCESS | {"timestamp": as_text(now())})
    telegram.deliver()
    assert [text.split()[0] for text in telegram.bot_api.messages] == ["OUTAGE", "RECOVERY"]
    assert telegram.shown(2)[1] == []
    edited, buttons = telegram.shown(1)
    assert "«Kim Minsu» has it since" in edited
    assert "ended at" in edited
    assert buttons == []


def test_a_message_that_repeats_itself_is_sent(telegram: Telegram) -> None:
    telegram.api.patch(1, status="ACK", by="kim")
    telegram.deliver()
    telegram.api.patch(1, status="OPEN")
    telegram.api.patch(1, status="ACK", by="kim")
    telegram.deliver()
    logs = telegram.api.get("/notification_logs")["notification_logs"]
    assert {log["status"] for log in logs if log["kind"] == "UPDATE"} == {"SENT"}, "not modified is sent"


def test_a_drill_is_acknowledged_by_its_button(telegram: Telegram) -> None:
    response = telegram.api.call("POST", "/drills", {"channels": ["telegram"], "need_ack": "10m"})
    drill = (response.json or {})["id"]
    text, buttons = telegram.shown(2)
    assert (text.splitlines()[0], buttons) == ("DRILL Bonghwa", [f"a:{drill}:ack"])
    assert telegram.press(f"a:{drill}:ack", message_id=2) == "You have it"
    telegram.api.call("POST", "/review_alerts")
    assert telegram.api.get("/")["last_drill"]["acknowledged_by"] == "Kim Minsu"
    telegram.deliver()
    assert "«Kim Minsu» has it since" in telegram.shown(2)[0]
