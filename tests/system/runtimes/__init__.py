"""Bonghwa as each platform runs it, seen from outside: the interface that the conformance suite uses.

Each platform has a file. Each runs on a store of its own, with a web service to check and a Telegram.
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
from tests.support.store.long_ago import let_every_message_be_long_ago

DELIVER_SECONDS = 60.0


class Runtime(ABC):
    """All of Bonghwa on one platform, as a context manager.

    ``target`` is what it watches, and ``bot_api`` is its Telegram. Nothing runs unless a test asks for it or the
    platform has schedules of its own.
    """

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.target, self.bot_api = Target(), BotApi()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        settings = {"API_KEY": API_KEY, "TELEGRAM_BOT_TOKEN": BotApi.token, "DATABASE_URL": database_url}
        self._secrets = leaks.secrets_of(settings)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for part in self.parts():
                stack.enter_context(part)
            stack.callback(self.kill)
            self.start()
            # The tests of a folder send one chat more than it may have in that time, and would wait for its pace.
            self.alerts()  # makes the tables
            let_every_message_be_long_ago(self.database_url)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def parts(self) -> list[contextlib.AbstractContextManager[Any]]:
        """The parts that it needs, which are entered before its start and left after its end."""
        return [self._session, self.target, self.bot_api]

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it responds."""

    @abstractmethod
    def kill(self) -> None:
        """Kill every process at once. A later request starts them again."""

    @abstractmethod
    def run(self, name: str) -> None:
        """Run a scheduled function once, as the platform's schedule does. Raises if it fails."""

    @abstractmethod
    def url(self, method: str, path: str, function: str | None) -> str:
        """The URL of a request. If the platform lets the caller choose, ``function`` gets it."""

    @abstractmethod
    def printed(self) -> str:
        """All that its processes have printed, including those that have ended."""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = API_KEY,
        content_type: str = "application/json",
        function: str | None = None,
        bearer: str | None = None,
        cookie: str | None = None,
    ) -> requests.Response:
        """Call the API with the key. ``body`` is sent as JSON, and bytes as they are. ``function``: see ``url``.

        ``bearer``: a token for the header Authorization. ``cookie``: what a browser would send back.
        """
        headers = {"X-API-Key": key} if key is not None else {}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        if cookie is not None:
            headers["Cookie"] = cookie
        if body is not None:
            headers["Content-Type"] = content_type
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = self.url(method, path, function)
        response = self._session.request(method, url, data=body, headers=headers, timeout=POST_SECONDS)
        assert not leaks.found_in(f"{response.headers}".encode() + response.content, self._secrets)
        return response

    def get(self, path: str) -> Any:
        """GET ``path``, which must respond 200; the JSON."""
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

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
        """Make every notification due that waits for its next attempt."""
        waiting = "UPDATE notifications SET due_at = created_at WHERE status = 'PENDING' RETURNING id"
        rows_of(self.database_url, waiting)

    def on_the_console(self, kind: str, number: int) -> list[str]:
        """The lines that the console channel printed for a notification."""
        pattern = rf"(?m)^{kind} .* · #{number}$"
        return re.findall(pattern, self.printed())

    def steps(self) -> list[dict[str, Any]]:
        """The lines of the log, as JSON."""
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith("{")]
