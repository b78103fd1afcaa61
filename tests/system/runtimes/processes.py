"""Every function in a process of its own, each with a URL of its own."""

import contextlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map, Rule

from infra.table import Row, backend, claims, rows
from tests.support.routes import ROUTES
from tests.support.running import FunctionAlone, Running, free_port
from tests.system.runtimes import Runtime

ROWS = {row.name: row for row in rows()}
_PLACES = Map([Rule(route.path, methods=[route.method], endpoint=row.name) for row, route in ROUTES]).bind("")


class OneEach(Runtime):
    """A process for each function. They start together at first, and later when a request needs them."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._ports = {name: str(free_port()) for name in ROWS}
        self._running: dict[str, Running] = {}
        self._ended: list[Running] = []

    @abstractmethod
    def new(self, row: Row, port: str, **variables: str) -> Running:
        """A function's process, not started yet. ``variables`` replace those in its environment."""

    @property
    def backend_url(self) -> str:
        """The URL that the agent reports to."""
        return f"http://127.0.0.1:{self._ports[backend().name]}"

    @property
    def claim_url(self) -> str:
        """The URL at which the agent claims its checks."""
        return f"http://127.0.0.1:{self._ports[claims().name]}/checks/claim"

    def start(self) -> None:
        """See Runtime."""
        self._start(*ROWS)

    def kill(self) -> None:
        """See Runtime."""
        for each in self._running.values():
            each.kill()
        self._ended += self._running.values()
        self._running = {}

    def url(self, method: str, path: str, function: str | None) -> str:
        """See Runtime."""
        name = function or name_at(method, path)
        self._start(name)
        return f"{self._running[name].url}{path}"

    def run(self, name: str) -> None:
        """See Runtime."""
        self._start(backend().name, claims().name)
        response = self.call("POST", "/", function=name)
        assert response.status_code == 200, response.text

    def printed(self) -> str:
        """See Runtime."""
        return "".join(each.output() for each in (*self._ended, *self._running.values()))

    @contextlib.contextmanager
    def one_more(self, name: str, **variables: str) -> Iterator[str]:
        """Start another process of a function, with other variables; its URL."""
        with self.new(ROWS[name], str(free_port()), **variables) as more:
            yield more.url

    def _start(self, *names: str) -> None:
        new = {name: self.new(ROWS[name], self._ports[name]) for name in names if name not in self._running}
        self._running |= new
        for each in new.values():
            each.start()
        for each in new.values():
            each.wait_until_ready()


class Processes(OneEach):
    """functions-framework on this machine."""

    def __init__(self, project: Path, folder: Path, database_url: str) -> None:
        super().__init__(database_url)
        self._project, self._folder = project, folder

    def new(self, row: Row, port: str, **variables: str) -> Running:
        """See OneEach."""
        settings = {"TARGET_URL": self.target.url, "BACKEND_URL": self.backend_url, "API_AUTH": "all"}
        settings |= {"CLAIM_URL": self.claim_url}
        settings |= {"DATABASE_URL": self.database_url, **self.bot_api.environ, "FLASK_PORT": port, **variables}
        return FunctionAlone(self._project, self._folder, row.name, **settings)


def name_at(method: str, path: str) -> str:
    """The function that the table has for a request. If it has none for the method, one of those at the path."""
    place = path.partition("?")[0]
    try:
        return str(_PLACES.match(place, method)[0])
    except MethodNotAllowed as other:
        return str(_PLACES.match(place, next(iter(other.valid_methods or ())))[0])
