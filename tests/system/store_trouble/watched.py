"""A running system whose store gets into trouble, with its target and its channels."""

import re

import requests

from shared.models import as_text, now
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target
from tests.system.copies import assert_copies_are_allowed, without_copies


class Watched:
    """A running system, its target and its channels. It counts what happens from ``begin`` on."""

    def __init__(self, system: LocalSystem, target: Target, bot_api: BotApi) -> None:
        self.system, self.target, self.bot_api = system, target, bot_api
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._checks_before, self._printed_before = len(self._checks()), len(self.system.told())
        self._accepted_before = len(self.bot_api.messages)

    def settle(self) -> None:
        """Wait until the target is up, everything is stored and nothing is owed. Count from then on."""
        self.target.is_down = False
        self.wait_for_checks(1, "True")
        self.system.wait_until(lambda: self.stored() >= set(self.checks()))
        self.system.wait_until(
            lambda: self.system.get("/").json().items() >= {("open_alerts", 0), ("owed_notifications", 0)}
        )
        self.begin()

    def _checks(self) -> list[tuple[str, str]]:
        text = (self.system.folder / "logs" / "agent.log").read_text()
        lines = [line for line in text.splitlines() if " checked " in line]
        return [(re.findall(r" event_id=(\w+)", line)[0], re.findall(r" is_success=(\w+)", line)[0]) for line in lines]

    def checks(self, outcome: str = "") -> list[str]:
        """The event ids of the agent's checks with this outcome."""
        return [event_id for event_id, seen in self._checks()[self._checks_before :] if seen.startswith(outcome)]

    def wait_for_checks(self, count: int, outcome: str) -> None:
        """Wait for ``count`` more checks with this outcome."""
        enough = len(self.checks(outcome)) + count
        self.system.wait_until(lambda: len(self.checks(outcome)) >= enough)

    def sent(self) -> list[list[str]]:
        """The first word of each message that each channel received, without copies."""
        printed, accepted = self.system.told()[self._printed_before :], self.bot_api.messages[self._accepted_before :]
        return [[text.split()[0] for text in without_copies(texts)] for texts in (printed, accepted)]

    def assert_all_is_well(self) -> None:
        """Every check is stored, no message was sent twice without a reason, and the store is healthy."""
        seen = self.checks()
        self.system.wait_until(lambda: self.stored() >= set(seen))
        printed, accepted = self.system.told()[self._printed_before :], self.bot_api.messages[self._accepted_before :]
        assert printed == without_copies(printed)
        assert_copies_are_allowed(accepted, f"sqlite:///{self.system.database}")
        assert self.system.get("/").json()["database"] == "ok"
        assert "Traceback" not in self.system.output()

    def stored(self) -> set[str]:
        """The ids of the events in the store."""
        return {row["event_id"] for row in self.system.rows("SELECT event_id FROM events")}


def report(system: LocalSystem) -> requests.Response:
    """Post an event of another monitor."""
    return system.post(
        "/events", {"target_url": "http://other.example", "timestamp": as_text(now()), "is_success": True}
    )
