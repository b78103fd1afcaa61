"""POST /telegram: people write commands to the bot."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from functions.receive_telegram.addressing import _known_username
from functions.receive_telegram.doing import clock_text
from tests.functions.api import FAILURE
from tests.functions.receive_telegram.telegram import KIM, LEE, Telegram

pytestmark = pytest.mark.slow


def test_status_lists_what_is_open(telegram: Telegram) -> None:
    telegram.api.post(FAILURE | {"monitor": "shop", "target_url": "http://shop.example/"})
    telegram.api.patch(1, status="ACK", by="lee")
    said = telegram.write("/status@stand_in_bot")
    assert said is not None
    first, second = said.splitlines()
    assert first.startswith("alert 2 · OUTAGE shop (http://shop.example/) · connection refused · since ")
    assert re.search(r"alert 1 · OUTAGE .* · «lee» has it since (\d{4}-\d\d-\d\d )?\d\d:\d\d$", second)
    for alert_id in (1, 2):
        telegram.api.patch(alert_id, status="RESOLVED")
    assert telegram.write("/status") == "No alert is open."


def test_the_bot_speaks_the_language_of_the_channel(telegram: Telegram, environ: Callable[..., None]) -> None:
    api = telegram.bot_api
    ops = {"kind": "telegram", "bot_token": api.token, "chat_id": api.chat_id, "api_url": api.url, "language": "ko"}
    environ(TELEGRAM_BOT_TOKEN="", TELEGRAM_CHAT_ID="", CHANNELS=json.dumps({"ops": ops}))
    assert telegram.write("/ack 1") == "확인 담당이 되었습니다"
    assert (telegram.write("/ack") or "").startswith("/ack 뒤에")


def test_of_many_alerts_status_says_how_many_more_there_are(telegram: Telegram) -> None:
    telegram.api.post([FAILURE | {"monitor": f"m{number}"} for number in range(30)])
    said = telegram.write("/status")
    assert said is not None
    assert len(said.splitlines()) == 21
    assert said.splitlines()[-1] == "and 11 more"


@pytest.mark.parametrize("number", ["1", "#1"])
def test_ack_takes_the_alerts_number_or_a_messages(telegram: Telegram, number: str) -> None:
    assert telegram.write(f"/ack {number}") == "You have it"
    assert telegram.alert() == ("ACK", "Kim Minsu")
    said = telegram.write(f"/ack {number}", by=LEE)
    assert said is not None
    assert said.startswith("«Kim Minsu» has it since ")


def test_ack_names_the_alert_of_the_message(telegram: Telegram) -> None:
    telegram.api.post(FAILURE | {"monitor": "shop"})
    owed = telegram.api.get("/alerts/2")["notifications"]
    assert telegram.write(f"/ack #{owed[-1]['id']}") == "You have it"
    assert telegram.alert(2) == ("ACK", "Kim Minsu")


@pytest.mark.parametrize("rest", ["", "seven", "7 8", "-1", "0", "9" * 30])
def test_ack_without_a_number_says_how_to_write_it(telegram: Telegram, rest: str) -> None:
    assert (telegram.write(f"/ack {rest}") or "").startswith("Write /ack and the number")


@pytest.mark.parametrize("number", ["99", "#99"])
def test_ack_of_nothing_says_so(telegram: Telegram, number: str) -> None:
    assert (telegram.write(f"/ack {number}") or "").startswith("There is no such alert.")


def test_silence_takes_a_name_and_a_duration(telegram: Telegram) -> None:
    telegram.api.post(FAILURE | {"monitor": "our shop"})
    said = telegram.write("/silence our shop 1h30m")
    assert said is not None
    assert re.fullmatch(r"«Kim Minsu» has silenced it until (\d{4}-\d\d-\d\d )?\d\d:\d\d", said)
    assert telegram.windows() == [("silence", ["our shop"], "Kim Minsu")]


def test_a_shorter_silence_says_until_when_the_longer_one_lasts(telegram: Telegram) -> None:
    longer = telegram.write(f"/silence {FAILURE['target_url']} 9d")
    assert telegram.write(f"/silence {FAILURE['target_url']} 90", by=LEE) == longer
    assert len(telegram.windows()) == 2


@pytest.mark.parametrize(("more", "by"), [({"author_signature": "Kim"}, "Kim"), ({}, "Ops"), ({"title": 7}, "Ops")])
def test_a_post_in_a_channel_is_a_command_too(telegram: Telegram, more: dict[str, object], by: str) -> None:
    post = telegram.command_of("/ack 1")
    post["channel_post"] = post.pop("message") | more
    del post["channel_post"]["from"]
    post["channel_post"]["chat"] |= {"type": "channel", "title": "Ops"}
    assert (telegram.send(post).json or {})["text"] == "You have it"
    assert telegram.alert() == ("ACK", by)


def test_a_silence_that_ends_another_day_says_the_day(telegram: Telegram) -> None:
    said = telegram.write(f"/silence {FAILURE['target_url']} 366d")
    assert said is not None
    assert re.fullmatch(r"«Kim Minsu» has silenced it until \d{4}-\d\d-\d\d \d\d:\d\d", said)
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d$", telegram.press("a:1:silence"))


def test_a_time_has_its_date_if_that_is_not_today() -> None:
    evening = datetime(2025, 1, 8, 23, 30).astimezone()
    assert clock_text(evening, evening - timedelta(hours=20)) == "23:30"
    assert clock_text(evening + timedelta(hours=1), evening) == "2025-01-09 00:30"
    assert clock_text(evening, evening + timedelta(hours=1)) == "2025-01-08 23:30"
    assert clock_text(evening.astimezone(UTC), evening) == "23:30", "the day is that of our own clock"


@pytest.mark.parametrize("rest", ["", "shop", "1h", "shop soon", "shop 0s", "shop 99999d"])
def test_silence_without_both_says_how_to_write_it(telegram: Telegram, rest: str) -> None:
    assert (telegram.write(f"/silence {rest}") or "").startswith("Write /silence, the name")
    assert telegram.windows() == []


def test_silence_of_an_unknown_monitor_says_so(telegram: Telegram) -> None:
    assert telegram.write("/silence nothing 1h") == "There is no monitor nothing."
    assert telegram.windows() == []


def test_silence_takes_a_name_in_capitals_or_small_letters(telegram: Telegram) -> None:
    telegram.api.post([FAILURE | {"monitor": name} for name in ("Shop", "API", "api")])
    assert "has silenced it" in (telegram.write("/silence shop 1h") or "")
    assert "has silenced it" in (telegram.write("/silence api 1h") or "")
    assert sorted(names for _, names, _ in telegram.windows()) == [["Shop"], ["api"]]
    assert telegram.write("/silence Api 1h") == "There is no monitor Api. Similar names: API, api"
    assert telegram.write("/silence shoop 1h") == "There is no monitor shoop. Similar names: Shop"


@pytest.mark.parametrize("name", ["x" * 4_000, "a\0b", "a\ud800b"])
def test_silence_of_what_is_no_name_says_so_too(telegram: Telegram, name: str) -> None:
    """Telegram repeats an update for as long as it does not get a 200."""
    assert (telegram.write(f"/silence {name} 1h") or "").startswith("There is no monitor ")
    assert telegram.windows() == []


def test_a_command_that_comes_again_changes_nothing(telegram: Telegram) -> None:
    silenced = telegram.command_of(f"/silence {FAILURE['target_url']} 1h")
    acknowledged = telegram.command_of("/ack 1")
    for update in (silenced, acknowledged, silenced):
        telegram.send(update)
    assert len(telegram.windows()) == 1
    telegram.api.patch(1, status="OPEN")
    telegram.send(acknowledged)
    assert telegram.alert() == ("OPEN", None)


def test_test_answers_in_the_chat(telegram: Telegram) -> None:
    assert (telegram.write("/test") or "").startswith("TEST Bonghwa can reach this channel")


def test_an_answer_goes_into_the_topic_of_the_command(telegram: Telegram) -> None:
    update = telegram.command_of("/test")
    update["message"] |= {"message_thread_id": 7, "is_topic_message": True}
    assert (telegram.send(update).json or {})["message_thread_id"] == 7
    # A reply in a group without topics has a thread too, which is none that a message can be sent to.
    del update["message"]["is_topic_message"]
    assert "message_thread_id" not in (telegram.send(update).json or {})


@pytest.mark.parametrize("text", ["hello", "/start", "/ackk 1", "ack 1", "/", "/ack\u20281", ""])
def test_what_is_no_command_of_ours_has_no_answer(telegram: Telegram, text: str) -> None:
    if text != "/ack\u20281":
        assert telegram.write(text) is None
    assert telegram.alert()[0] in ("OPEN", "ACK")


@pytest.mark.parametrize("verb", ["status", "ack", "test", "silence"])
def test_a_command_for_another_bot_is_left_to_it(telegram: Telegram, verb: str) -> None:
    rest = {"ack": " 1", "silence": f" {FAILURE['target_url']} 1h"}.get(verb, "")
    assert telegram.write(f"/{verb}@other_bot{rest}") is None
    assert (telegram.alert(), telegram.windows()) == (("OPEN", None), [])


def test_who_the_bot_is_gets_asked_once_and_only_if_need_be(telegram: Telegram) -> None:
    _known_username.cache_clear()
    telegram.write("/ack 1")
    assert telegram.bot_api.others == []
    for name in ("stand_in_bot", "Stand_In_Bot", "other_bot"):
        telegram.write(f"/test@{name}")
    assert [method for method, _ in telegram.bot_api.others] == ["getMe"]


def test_a_command_does_nothing_if_nobody_knows_the_bot(telegram: Telegram, environ: Callable[..., None]) -> None:
    environ(TELEGRAM_BOT_TOKEN="1:unknown")
    assert telegram.write("/ack@stand_in_bot 1") is None
    assert telegram.alert() == ("OPEN", None)


@pytest.mark.parametrize("text", ["/status", "/ack 1", "/test", f"/silence {FAILURE['target_url']} 1h"])
def test_a_strangers_chat_is_not_answered(telegram: Telegram, text: str) -> None:
    assert telegram.write(text, by=KIM, chat_id=666) is None
    assert telegram.alert() == ("OPEN", None)
    assert telegram.windows() == []
