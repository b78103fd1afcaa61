"""The two services of Google that the agent calls there: the instance's metadata server, and Cloud Tasks."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.support.stand_ins.server import Exchange, StandIn

QUEUE = "projects/my-project/locations/asia-northeast3/queues/bonghwa-later"
_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"


class GoogleApis(StandIn):
    """Gives tokens, and takes tasks with the last token that it gave. ``status`` and ``token_status`` refuse instead.

    It refuses what the real ones refuse: a question without ``Metadata-Flavor`` (403), a call without a good token
    (401), an unknown queue (404), and a task that has no time, no URL with TLS, or a deadline that is not from 15 s to
    30 min (400): https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status = self.token_status = 200
        self.tokens = 0
        self.expires_in = 3599
        self.tasks: list[dict[str, Any]] = []
        self.is_hanging = False

    @property
    def host(self) -> str:
        """The metadata server's host and port."""
        return self.url.removeprefix("http://")

    def answer(self, exchange: Exchange) -> None:
        if self.is_hanging:
            exchange.hang()
            return
        status, said = self._token(exchange) if exchange.path == _TOKEN else self._task(exchange)
        exchange.answer(status, json.dumps(said), "application/json")

    def _token(self, exchange: Exchange) -> tuple[int, dict[str, Any]]:
        if exchange.headers.get("Metadata-Flavor") != "Google":
            return 403, {}
        if self.token_status != 200:
            return self.token_status, {}
        self.tokens += 1
        return 200, {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in, "token_type": "Bearer"}

    def _task(self, exchange: Exchange) -> tuple[int, dict[str, Any]]:
        if self.status != 200:
            return self.status, {"error": {"message": exchange.headers["Authorization"]}}
        if exchange.headers["Authorization"] != f"Bearer token-{self.tokens}":
            return 401, {}
        if exchange.path != f"/v2/{QUEUE}/tasks":
            return 404, {}
        task = json.loads(exchange.body)["task"]
        asked = task["httpRequest"]
        is_good = asked["url"].startswith("https://") and asked["oidcToken"]["serviceAccountEmail"]
        deadline = re.fullmatch(r"(\d+)s", task["dispatchDeadline"])
        if not (is_good and deadline and 15 <= int(deadline[1]) <= 1800 and _is_time(task["scheduleTime"])):
            return 400, {}
        self.tasks.append(task)
        return 200, {"name": f"{QUEUE}/tasks/{len(self.tasks)}"}


def _is_time(text: str) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo == UTC
