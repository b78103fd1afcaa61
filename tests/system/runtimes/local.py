"""The whole system in one process on this machine, as ``make run`` starts it."""

from pathlib import Path

from tests.support.running import LocalSystem, wait_until
from tests.system.runtimes import Runtime


class Local(Runtime):
    """The system that ``make run`` starts. Its own schedules check once at their start, and deliver every 2 seconds."""

    def __init__(self, project: Path, folder: Path, database_url: str) -> None:
        super().__init__(database_url)
        settings = {"TARGET_URL": self.target.url, "DATABASE_URL": database_url, **self.bot_api.environ}
        # The log goes to standard output, as in a cloud.
        settings |= {"CHECK_INTERVAL_SECONDS": "86400", "API_AUTH": "all", "LOG_DIR": ""}
        self._project, self._folder, self._settings = project, folder, settings
        self._systems: list[LocalSystem] = []
        self._is_killed = False

    def start(self) -> None:
        """See Runtime."""
        port = {"FLASK_PORT": str(self._systems[-1].port)} if self._systems else {}
        system = LocalSystem(self._project, self._folder, **self._settings, **port)
        self._systems.append(system)
        system.__enter__()
        self._is_killed = False

    def kill(self) -> None:
        """See Runtime."""
        for each in self._systems:
            each.kill()
        self._is_killed = True

    def run(self, name: str) -> None:
        """See Runtime. The agent has run once it has checked: its run at the start may have the target."""

        def has_run() -> bool:
            response = self.call("POST", f"/{name}")
            assert response.status_code == 200, response.text
            return bool(response.json().get("checked", 1))

        wait_until(has_run, otherwise=self.printed)

    def url(self, method: str, path: str, function: str | None) -> str:  # noqa: ARG002  # one URL leads to all
        """See Runtime."""
        if self._is_killed:
            self.start()
        return f"{self._systems[-1].url}{path}"

    def printed(self) -> str:
        """See Runtime."""
        return "".join(each.output() for each in self._systems)
