"""Bonghwa as each platform runs it, seen from outside: what the conformance suite is written against.

One file a platform. Each is started once, on a store of its own, with a web service to look at and a Telegram.
"""

import contextlib
import json
import re
from abc import ABC, abstractmethod
from typing import Any, Self

import requests

from tests.support import leaks
from tests.support.running import API_KEY, POST_SECONDS, rows_of, wait_until
from tests.support.stand_ins import BotApi, Target

DELIVER_SECONDS = 20.0


class Runtime(ABC):
    """All of Bonghwa on one platform, as a context manager.

    ``target`` is what it watches and ``bot_api`` its Telegram. Nothing runs but what a test asks for, except where the
    platform brings schedules of its own.
    """

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.target, self.bot_api = Target(), BotApi()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        told = {"API_KEY": API_KEY, "TELEGRAM_BOT_TOKEN": BotApi.token, "DATABASE_URL": database_url}
        self._secrets = leaks.secrets_of(told)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for each in self.parts():
                stack.enter_context(each)
            stack.callback(self.kill)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def parts(self) -> list[contextlib.AbstractContextManager[Any]]:
        """What it needs beside itself, entered before its start and left after its end."""
        return [self._session, self.target, self.bot_api]

    @abstractmethod
    def start(self) -> None:
        """Start everything, and wait until it answers."""

    @abstractmethod
    def kill(self) -> None:
        """End every process at once, whatever it is at. What is asked for afterwards is started again."""

    @abstractmethod
    def run(self, name: str) -> None:
        """One run of a scheduled function, as the platform's schedule calls it. Raises where it failed."""

    @abstractmethod
    def url(self, method: str, path: str, function: str | None) -> str:
        """Where a request goes; ``function`` is to get it, where the platform lets the caller choose."""

    @abstractmethod
    def printed(self) -> str:
        """All that its processes have printed, those that have ended among them."""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = API_KEY,
        content_type: str = "application/json",
        function: str | None = None,
    ) -> requests.Response:
        """Ask the API, with the key; ``body`` is sent as JSON, bytes as they are. See ``url`` for ``function``."""
        headers = {"X-API-Key": key} if key is not None else {}
        if body is not None:
            headers["Content-Type"] = content_type
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = self.url(method, path, function)
        answer = self._session.request(method, url, data=body, headers=headers, timeout=POST_SECONDS)
        assert not leaks.found_in(f"{answer.headers}".encode() + answer.content, self._secrets)
        return answer

    def get(self, path: str) -> Any:
        """What is answered with 200."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def alerts(self, **query: str) -> list[dict[str, Any]]:
        """The alerts, newest first."""
        found: list[dict[str, Any]] = self.get("/alerts?" + "&".join(f"{k}={v}" for k, v in query.items()))["alerts"]
        return found

    def deliver(self) -> None:
        """Run deliveries until nothing is owed."""

        def is_nothing_owed() -> bool:
            self.make_due()
            self.run("deliver_notifications")
            return bool(self.get("/")["owed_notifications"] == 0)

        wait_until(is_nothing_owed, DELIVER_SECONDS, otherwise=self.printed)

    def make_due(self) -> None:
        """Let what waits for its next attempt wait no longer."""
        waiting = "UPDATE notifications SET due_at = created_at WHERE status = 'PENDING' RETURNING id"
        rows_of(self.database_url, waiting)

    def on_the_console(self, kind: str, number: int) -> list[str]:
        """What the console channel printed of a notification."""
        pattern = rf"(?m)^{kind} .* · #{number}$"
        return re.findall(pattern, self.printed())

    def steps(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith("{")]
