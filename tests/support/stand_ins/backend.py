"""The backend that agents report to."""

import json
import time
from typing import Any

from tests.support.stand_ins.server import Exchange, StandIn


class Backend(StandIn):
    """Agents post their events here. It takes them unless ``status`` or ``is_hanging`` says otherwise.

    ``claim`` is what it answers to agents that ask for checks, unless it ``hangs_at_claims``. Without one, it is a
    backend of version 0.1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status = 201
        self.is_hanging = False
        self.answers_after = 0.0
        self.poison: set[str] = set()
        self.asked_at: list[float] = []
        self.bodies: list[Any] = []
        self.headers: list[Any] = []
        self.events: list[dict[str, Any]] = []
        self.claim: dict[str, Any] | None = None
        self.hangs_at_claims = False
        self.claims: list[dict[str, Any]] = []
        self.trials: dict[str, Any] = {}  # what was reported of trials, by their paths

    @property
    def taken(self) -> list[str]:
        """The ids of the events that were taken, in order. An event that was taken twice is in it twice."""
        return [event["event_id"] for event in self.events]

    def answer(self, exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        if exchange.path.endswith("/checks/claim"):
            self._answer_claim(exchange, body)
            return
        if "/checks/trials/" in exchange.path:
            self.trials[exchange.path] = body
            exchange.answer(204, "")
            return
        self.asked_at.append(time.monotonic())
        self.bodies.append(body)
        self.headers.append(exchange.headers)
        if self.is_hanging:
            exchange.hang()
            return
        time.sleep(self.answers_after)
        events = body if isinstance(body, list) else [body]
        status = self.status
        if status == 201 and any(event["event_id"] in self.poison for event in events):
            status = 400
        if status == 201:
            self.events += events
        exchange.answer(status, "{}", "application/json")

    def _answer_claim(self, exchange: Exchange, body: dict[str, Any]) -> None:
        self.claims.append(body)
        if self.is_hanging or self.hangs_at_claims:
            exchange.hang()
        elif self.claim is None:
            exchange.answer(404, "{}", "application/problem+json")
        elif self.status != 201:
            exchange.answer(self.status, "{}", "application/json")
        else:
            exchange.answer(200, json.dumps(self.claim), "application/json")
