"""``python -m infra telegram``: finds chats, sets up the webhook, and sends a test."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.telegram.chats import Found, chats_in
from infra.telegram.setting_up import set_up
from tests.infra.command_line import infra
from tests.support.running import environment
from tests.support.stand_ins import BotApi, refuses

ROOT = "https://bonghwa.example.com"
PERSON = {"id": 42, "first_name": "Kim", "last_name": "Minsu", "username": "kim", "type": "private"}
GROUP = {"id": -100123, "title": "Night\nwatch", "type": "supergroup"}


def run(bot_api: BotApi, folder: Path, **settings: str) -> list[str]:
    environ = {**bot_api.environ, "LOG_DIR": "", **settings}
    return list(set_up(environ, folder / ".env", public_url=None, is_tested=True))


def wrote(chat: dict[str, Any], number: int = 1, **more: Any) -> dict[str, Any]:
    message = {"message_id": 1, "from": PERSON, "chat": chat, "date": 1736332200, "text": "hi", **more}
    return {"update_id": number, "message": message}


def test_the_chats_of_whoever_wrote_or_added_the_bot_are_found() -> None:
    added = {"update_id": 2, "my_chat_member": {"chat": GROUP, "from": PERSON, "date": 1736332200}}
    posted = {"update_id": 3, "channel_post": {"message_id": 1, "chat": {"id": -9, "type": "channel", "title": "News"}}}
    topic = wrote(GROUP, 4, message_thread_id=7, is_topic_message=True)
    assert chats_in([wrote(PERSON), added, wrote(PERSON, 5), posted, topic, {"update_id": 9}, 7, {"message": []}]) == [
        Found(42, "private", "Kim Minsu"),
        Found(-100123, "supergroup", "Night?watch"),
        Found(-9, "channel", "News"),
        Found(-100123, "supergroup", "Night?watch", 7),
    ]


def test_a_first_run_lists_the_chats_and_says_what_to_do(bot_api: BotApi, tmp_path: Path) -> None:
    assert run(bot_api, tmp_path, TELEGRAM_CHAT_ID="")[1].startswith("! no chat yet: write something to @stand_in_bot")
    bot_api.updates = [wrote(PERSON), wrote(GROUP, 2, message_thread_id=7, is_topic_message=True)]
    assert run(bot_api, tmp_path, TELEGRAM_CHAT_ID="") == [
        "the bot is @stand_in_bot",
        "private Kim Minsu: TELEGRAM_CHAT_ID=42",
        "supergroup Night?watch: TELEGRAM_CHAT_ID=-100123 TELEGRAM_TOPIC_ID=7",
        "! put one of these into .env, and run this again",
        "buttons need PUBLIC_URL (or --url), or TELEGRAM_POLLING=true on this machine",
    ]
    assert len(bot_api.updates) == 2, "nothing is confirmed by asking"


def test_without_a_bot_it_says_where_to_get_one(bot_api: BotApi, tmp_path: Path) -> None:
    [line] = run(bot_api, tmp_path, TELEGRAM_BOT_TOKEN="", TELEGRAM_CHAT_ID="", TELEGRAM_API_URL="")
    assert line.startswith("! no bot: talk to @BotFather")


def test_a_webhook_is_set_with_a_secret_that_is_made(bot_api: BotApi, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("API_KEY=a\nTELEGRAM_WEBHOOK_SECRET=\nLOG_LEVEL=INFO\n", encoding="utf-8")
    lines = run(bot_api, tmp_path, PUBLIC_URL=ROOT)
    secret = re.fullmatch(
        "API_KEY=a\nTELEGRAM_WEBHOOK_SECRET=([A-Za-z0-9_-]{43})\nLOG_LEVEL=INFO\n", env.read_text(encoding="utf-8")
    )
    assert secret
    assert env.stat().st_mode & 0o777 == 0o600
    assert (bot_api.webhook["url"], bot_api.webhook["secret_token"]) == (f"{ROOT}/telegram", secret[1])
    assert json.loads(bot_api.webhook["allowed_updates"]) == ["message", "channel_post", "callback_query"]
    assert f"the webhook is {ROOT}/telegram" in lines
    assert secret[1] not in "\n".join(lines)
    assert lines[-1] == "telegram took a test: message 1"
    assert bot_api.messages[0].startswith("TEST Bonghwa can reach this channel")


def test_a_file_that_cannot_be_written_sets_no_webhook(bot_api: BotApi, tmp_path: Path) -> None:
    """As in a container, whose file system is read-only."""
    (tmp_path / ".env").symlink_to(tmp_path / "nowhere" / ".env")
    *_, line = run(bot_api, tmp_path, PUBLIC_URL=ROOT)
    assert re.fullmatch(
        r"! TELEGRAM_WEBHOOK_SECRET is not set, and \.env cannot be written: add TELEGRAM_WEBHOOK_SECRET=[\w-]{43} to "
        "your settings, start again, and run this again",
        line,
    )
    assert bot_api.webhook == {}


def test_a_secret_that_is_there_is_kept(bot_api: BotApi, tmp_path: Path) -> None:
    run(bot_api, tmp_path, PUBLIC_URL=ROOT, TELEGRAM_WEBHOOK_SECRET="a-secret")
    assert bot_api.webhook["secret_token"] == "a-secret"
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize("root", ["http://bonghwa.example.com", "https://bonghwa.example.com:5000"])
def test_an_address_that_telegram_does_not_post_to_is_refused(bot_api: BotApi, tmp_path: Path, root: str) -> None:
    lines = run(bot_api, tmp_path, PUBLIC_URL=root, TELEGRAM_WEBHOOK_SECRET="a-secret")
    assert any(line.startswith("! Telegram posts to https://") for line in lines)
    assert bot_api.webhook == {}


def test_polling_takes_a_webhook_away(bot_api: BotApi, tmp_path: Path) -> None:
    bot_api.webhook = {"url": f"{ROOT}/telegram"}
    lines = run(bot_api, tmp_path, PUBLIC_URL=ROOT, TELEGRAM_POLLING="true")
    assert "the webhook is taken away: make run fetches what is pressed" in lines
    assert bot_api.webhook == {}


def test_a_test_that_is_refused_is_left_to_do(bot_api: BotApi, tmp_path: Path) -> None:
    bot_api.queue(refuses(400, "Bad Request: chat not found"))
    assert run(bot_api, tmp_path)[-1] == "! telegram did not take a test: Chat not found"


def test_a_wrong_token_is_named_and_not_shown(bot_api: BotApi, tmp_path: Path) -> None:
    token = "123456:AAanother-token"
    lines = run(bot_api, tmp_path, TELEGRAM_BOT_TOKEN=token)
    assert "! Telegram refuses the token: Unauthorized" in lines
    assert token not in "\n".join(lines)


@pytest.mark.system
def test_a_person_runs_it(project: Path, tmp_path: Path, bot_api: BotApi) -> None:
    bot_api.updates = [wrote(PERSON)]
    environ = environment(tmp_path, **bot_api.environ)
    done = infra("telegram", environ=environ, project=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "the bot is @stand_in_bot"
    assert bot_api.messages
    environ = environment(tmp_path, **bot_api.environ | {"TELEGRAM_CHAT_ID": ""})
    assert infra("telegram", environ=environ, project=project).returncode == 1
