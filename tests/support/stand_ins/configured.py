"""The backend that a configuration is sent to."""

import json
from typing import Any

from shared.channels.digest import digest
from tests.support.stand_ins.server import Exchange, StandIn


class Configured(StandIn):
    """Answers ``PUT /config`` as the backend does. ``behave``, if it is set, answers instead.

    ``channels``: those that it runs with. ``locations``: where its agents are.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.version = 0
        self.monitors: dict[str, Any] = {}
        self.calls: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.channels: dict[str, Any] = {}
        self.locations: list[str] = []
        self.behave: Any = None

    def answer(self, exchange: Exchange) -> None:
        self.calls.append(f"{exchange.method} {exchange.path}")
        if self.behave is not None:
            self.behave(exchange)
            return
        if exchange.headers["X-API-Key"] != self.key:
            exchange.answer(401, json.dumps({"status": 401, "detail": "the key is wrong"}), "application/problem+json")
            return
        body = json.loads(exchange.body)
        self.bodies.append(body)
        wanted = {monitor["name"]: monitor for monitor in body["monitors"]}
        changed = {name: _fields(self.monitors[name], wanted[name]) for name in wanted if name in self.monitors}
        plan = {
            "version": self.version + 1,
            "dry_run": exchange.path.endswith("?dry_run=true"),
            "added": [name for name in wanted if name not in self.monitors],
            "changed": [{"name": name, "fields": fields} for name, fields in changed.items() if fields],
            "removed": [name for name in self.monitors if name not in wanted],
            "unchanged": sum(not fields for fields in changed.values()),
            "channels": digest(self.key, {}, self.channels),
            "locations": self.locations,
        }
        if not plan["dry_run"]:
            self.version, self.monitors = self.version + 1, wanted
        exchange.answer(200, json.dumps(plan), "application/json")


def _fields(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return sorted(name for name in {*old, *new} - {"line"} if old.get(name) != new.get(name))
