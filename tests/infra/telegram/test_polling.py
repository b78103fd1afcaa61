"""TELEGRAM_POLLING: the local runner fetches what people press and write, and answers it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.polling import LEASE, Poller
from shared.channels import configured
from shared.models import now
from shared.notifiers.services.telegram import TelegramNotifier
from shared.settings import Settings
from shared.store import Store, open_store
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target
from tests.system.channels.pushing import fail

pytestmark = pytest.mark.slow

ANSWER = {"method": "answerCallbackQuery", "callback_query_id": "1", "text": "You have it"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(Settings.from_env({"DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}))
    yield found
    found.database.close()


class Hands:
    """The updates that are handed over, and the function's responses."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.status = 200

    def __call__(self, update: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.taken.append(update["update_id"])
        return self.status, dict(ANSWER) if self.status == 200 else {}


def poller(bot_api: BotApi, store: Store, hands: Hands, **variables: str) -> Poller:
    notifier = configured(bot_api.environ)["telegram"]
    assert isinstance(notifier, TelegramNotifier)
    return Poller(notifier, lambda: store, hands, Settings.from_env(variables))


def test_each_update_is_handed_over_once_and_answered(bot_api: BotApi, store: Store) -> None:
    hands = Hands()
    polling = poller(bot_api, store, hands)
    bot_api.updates = [{"update_id": 7}, {"update_id": 8}]
    assert polling.turn()
    bot_api.updates.append({"update_id": 9})
    assert polling.turn()
    assert hands.taken == [7, 8, 9]
    answers = [given["text"] for method, given in bot_api.others if method == "answerCallbackQuery"]
    assert answers == ["You have it"] * 3


def test_an_update_that_was_not_taken_is_fetched_again(bot_api: BotApi, store: Store) -> None:
    hands = Hands()
    polling = poller(bot_api, store, hands)
    bot_api.updates = [{"update_id": 7}, {"update_id": 8}]
    hands.status = 503
    assert not polling.turn()
    hands.status = 200
    assert polling.turn()
    assert hands.taken == [7, 7, 8]


def test_an_update_that_is_refused_stops_nothing(bot_api: BotApi, store: Store) -> None:
    hands = Hands()
    hands.status = 400
    polling = poller(bot_api, store, hands)
    bot_api.updates = [{"update_id": 7}, {"update_id": 8}]
    polling.turn()
    polling.turn()
    assert hands.taken == [7, 8]


def test_one_system_at_a_time_fetches(bot_api: BotApi, store: Store) -> None:
    first, second = Hands(), Hands()
    leading, waiting = poller(bot_api, store, first), poller(bot_api, store, second, FLASK_PORT="5001")
    assert leading.turn()
    bot_api.updates = [{"update_id": 7}]
    assert not waiting.turn()
    assert leading.turn()
    assert (first.taken, second.taken) == ([7], [])


def test_a_system_that_starts_again_fetches_at_once(bot_api: BotApi, store: Store) -> None:
    assert poller(bot_api, store, Hands()).turn()
    bot_api.updates = [{"update_id": 7}]
    restarted = Hands()
    assert poller(bot_api, store, restarted).turn()
    assert restarted.taken == [7]


def test_a_lease_ends_and_is_taken_over(store: Store) -> None:
    def take(holder: str, seconds: float) -> bool:
        return store.take_lease("telegram x", holder, now=start + timedelta(seconds=seconds), lasts=LEASE)

    start = now()
    assert take("a", 0)
    assert take("a", 60)
    assert not take("b", 149)
    assert take("b", 151)
    assert not take("a", 152)
    assert take("c", -3600), "the clock was set back"


@pytest.mark.usefixtures("fresh_logs")
def test_a_webhook_that_is_set_is_said_once(bot_api: BotApi, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    bot_api.webhook = {"url": "https://bonghwa.example.com/telegram"}
    polling = poller(bot_api, store, Hands())
    assert not polling.turn()
    assert not polling.turn()
    [line] = [line for line in capsys.readouterr().out.splitlines() if "polling_waits" in line]
    assert "webhook is active" in json.loads(line)["reason"]
    assert BotApi.token not in line


@pytest.mark.system
def test_a_button_works_without_a_public_url(project: Path, tmp_path: Path, target: Target, bot_api: BotApi) -> None:
    settings = {"TARGET_URL": target.url, "TELEGRAM_POLLING": "true", **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        fail(system, "shop")
        system.wait_until(lambda: ("4242", 1) in bot_api.shown)
        [button, _] = bot_api.shown["4242", 1][1]
        message = {"message_id": 1, "date": 1736332200, "chat": {"id": 4242, "type": "private"}}
        person = {"id": 42, "is_bot": False, "first_name": "Kim"}
        query = {"id": "43", "from": person, "message": message, "data": button["callback_data"]}
        bot_api.updates.append({"update_id": 7, "callback_query": query})
        system.wait_until(lambda: ("answerCallbackQuery", "You have it") in said(bot_api))
        system.wait_until(lambda: "«Kim» has it since" in bot_api.shown["4242", 1][0])
        assert bot_api.shown["4242", 1][1] == [], "the buttons are gone"
        assert [(alert["status"], alert["acknowledged_by"]) for alert in system.alerts()] == [("ACK", "Kim")]


def said(bot_api: BotApi) -> list[tuple[str, str]]:
    return [(method, given.get("text", "")) for method, given in bot_api.others]
