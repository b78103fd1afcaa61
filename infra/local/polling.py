"""Fetch what people press and write in Telegram, and hand it to the function that a webhook would call.

Buttons thus work on a machine that nobody can reach. On only with ``TELEGRAM_POLLING=true``.
"""

import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests

from shared.channels import configured
from shared.logs import step
from shared.models import now
from shared.notifiers.services.telegram import TelegramNotifier
from shared.notifiers.services.telegram.probing import KINDS_OF_UPDATES, ask
from shared.settings import Settings
from shared.store import Store, StoreUnavailable, open_store

# How long Telegram keeps a request open while there is nothing.
LONG_POLL_SECONDS = 20
ANSWER_SECONDS = 10.0
# Longer than one turn takes, so that no other system begins in between.
LEASE = timedelta(seconds=90)
PAUSE_SECONDS = 5.0
# Gives an update to receive_telegram: the status, and the call of the Bot API that answers it.
Hand = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


def start(settings: Settings, url: str) -> None:
    """Fetch the updates of each configured bot, in threads that end with the process."""
    notifiers = [each for each in configured().values() if isinstance(each, TelegramNotifier)]
    # Several channels may write through one bot.
    for notifier in {(each.bot_token.get_secret_value(), each.api_url): each for each in notifiers}.values():
        # It may be that the store cannot be used now: each turn tries again.
        poller = Poller(notifier, lambda: open_store(settings), _hand_to(settings, url), settings)
        threading.Thread(target=poller.run, daemon=True, name="telegram").start()


class Poller:
    """Fetches the updates of one bot. Only one of those that work over a store does so at a time."""

    def __init__(self, notifier: TelegramNotifier, store: Callable[[], Store], hand: Hand, settings: Settings) -> None:
        self._notifier, self._store, self._hand = notifier, store, hand
        # Telegram lets one request at a time fetch a bot's updates. The name must not show its token.
        bot = hashlib.sha256(notifier.bot_token.get_secret_value().encode()).hexdigest()[:16]
        self._lease = f"telegram {bot}"
        # Only one system at a time can listen there, and the next one keeps its lease. Otherwise no button would work
        # after a restart until the lease ends, since a process that ends gives nothing back.
        self._holder = f"{socket.gethostname()} {settings.own_url}"
        self._offset = 0
        self._said: str | None = None

    def run(self) -> None:
        """Fetch for ever."""
        while True:
            try:
                is_well = self.turn()
            except Exception:  # noqa: BLE001  # otherwise no button would work until the next start
                step("server", "polling_failed", level=logging.ERROR, failure=True)
                is_well = False
            if not is_well:
                time.sleep(PAUSE_SECONDS)

    def turn(self) -> bool:
        """Fetch once, and hand over what has come. Whether to fetch again at once."""
        try:
            if not self._store().take_lease(self._lease, self._holder, now=now(), lasts=LEASE):
                return self._say("another system fetches the updates", level=logging.INFO)
        except StoreUnavailable as trouble:
            return self._say(str(trouble))
        try:
            # To ask from an offset on tells Telegram that everything before it has been handled.
            more = {"offset": self._offset} if self._offset else {}
            seconds = LONG_POLL_SECONDS + ANSWER_SECONDS
            found = ask(
                self._notifier,
                "getUpdates",
                seconds,
                timeout=LONG_POLL_SECONDS,
                allowed_updates=KINDS_OF_UPDATES,
                **more,
            )
        except requests.RequestException as error:
            # Its text holds the URL, and so the token.
            return self._say(f"Telegram is not reached: {type(error).__name__}")
        if not found.get("ok"):
            return self._say(f"Telegram refuses: {found.get('description', '?')}")
        self._said = None
        return all(self._take(update) for update in found.get("result") or [])

    def _take(self, update: dict[str, Any]) -> bool:
        """Hand over an update and send its answer. False if it has to be fetched again."""
        status, answer = self._hand(update)
        if status >= 500:
            return self._say(f"receive_telegram responded with HTTP {status}")
        if status >= 400:
            self._say(f"receive_telegram responded with HTTP {status}")  # nor would it take it the next time
        self._offset = int(update["update_id"]) + 1
        method = answer.pop("method", None)
        if isinstance(method, str):
            try:
                said = ask(self._notifier, method, ANSWER_SECONDS, **answer)
            except requests.RequestException as error:
                said = {"description": type(error).__name__}
            if not said.get("ok"):
                # The request is done. A late answer is refused as well.
                step("server", "answer_not_sent", level=logging.WARNING, reason=str(said.get("description", "?"))[:200])
        return True

    def _say(self, reason: str, level: int = logging.WARNING) -> bool:
        # Once, since each turn would say it again.
        if reason != self._said:
            step("server", "polling_waits", level=level, reason=reason)
        self._said = reason
        return False


def _hand_to(settings: Settings, url: str) -> Hand:
    session = requests.Session()
    session.trust_env = False  # a proxy for the outside world does not reach this machine
    session.headers["X-API-Key"] = settings.key.get_secret_value()

    def hand(update: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            response = session.post(f"{url}/telegram", json=update, timeout=60)
            found = response.json()
        except requests.RequestException:
            return 503, {}
        return response.status_code, found if response.ok and isinstance(found, dict) else {}

    return hand
