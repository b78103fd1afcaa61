"""A process that responds to HTTP: started, asked, and always ended."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import requests

from tests.support import leaks
from tests.support.forking.forks import Process, forked, has_forks
from tests.support.running.environ import API_KEY
from tests.support.running.stored import rows_of
from tests.support.running.waiting import Found, wait_until

START_SECONDS = 30.0
STOP_SECONDS = 10.0
# A run of deliveries may take this long.
POST_SECONDS = 60.0


def living(group: int) -> list[int]:
    """The processes of a group that have not ended. A zombie counts as long as it has threads.

    Those are still to be killed, and hold the port and every file until then: on a busy machine for a while.
    """
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    except PermissionError:  # macOS, if there are only zombies
        pass
    if not Path("/proc/self/stat").exists():
        return [group]
    found = []
    # Without pathlib: there may be hundreds, and they are looked through some thousand times.
    for number in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208
        # It may end meanwhile.
        with contextlib.suppress(OSError), open(f"/proc/{number}/stat", "rb") as file:  # noqa: PTH123
            state, _, of_group = file.read().rpartition(b")")[2].split(maxsplit=3)[:3]
            if int(of_group) == group and (state not in b"ZX" or len(os.listdir(f"/proc/{number}/task")) > 1):  # noqa: PTH208
                found.append(int(number))
    return found


class Running:
    """A process that responds to HTTP on a port of 127.0.0.1, and all that it starts, as one process group.

    ``forkable``: the command, if a fork can stand for it, see ``tests.support.forking``. A test that puts another
    command in its place gets a true start.
    """

    def __init__(
        self,
        command: list[str],
        project: Path,
        folder: Path,
        environ: Mapping[str, str],
        *,
        forkable: list[str] | None = None,
    ) -> None:
        self.command, self.project, self.folder, self.environ = command, project, folder, dict(environ)
        self._forkable = forkable
        self.port = int(environ["FLASK_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "bonghwa.db"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
        self._process: Process | None = None
        self._is_over = False
        self._secrets = leaks.secrets_of(environ)
        self._said: dict[str, bytes] = {}
        self._session.hooks["response"].append(self._keep_for_the_search)
        self._output = folder / f"output-{self.port}-{id(self):x}.txt"

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and return at once."""
        self._is_over = False
        with self._output.open("ab") as output:
            fork = forked(self.command, self.project, self.environ, self._output) if self.is_forkable else None
            self._process = fork or subprocess.Popen(
                self.command,
                cwd=self.project,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until it responds, with any status."""

        def is_ready() -> bool:
            assert self.process.poll() is None, f"it ended with {self.process.poll()}\n{self.output()}"
            try:
                return self.get("/").status_code > 0
            except requests.ConnectionError:
                return False

        self.wait_until(is_ready, START_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end, and kill what still runs after STOP_SECONDS."""
        self._said |= leaks.command_lines(self.living())
        with contextlib.suppress(subprocess.TimeoutExpired):
            # This does nothing if the process has ended and was waited for.
            self.process.send_signal(number)
            self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the whole group. AssertionError if it has written one of its secrets anywhere."""
        if self._is_over:
            return  # another process may have this number by now
        self._said |= leaks.command_lines(self.living())
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.wait_until(lambda: not self.living(), STOP_SECONDS)
        self._is_over = True
        leaks.search(self.folder, self._secrets, self._said)

    def _keep_for_the_search(self, response: requests.Response, **_: Any) -> None:
        if leaks.found_in(f"{response.headers}".encode() + response.content, self._secrets):
            self._said[f"the response to {response.request.method} {response.url}"] = response.content

    @property
    def is_forkable(self) -> bool:
        """Whether a fork can stand for it."""
        return self.command == self._forkable and has_forks(self.project, self.environ)

    @property
    def process(self) -> Process:
        """The first process of the group."""
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def group(self) -> int:
        """The number of the process group."""
        return self.process.pid

    def living(self) -> list[int]:
        """The processes of the group that have not ended."""
        return living(self.group)

    def output(self) -> str:
        """All that it has printed so far, standard output and standard error together."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def told(self, *kinds: str) -> list[str]:
        """The console channel's lines that begin with one of ``kinds``, in order."""
        return [line for line in self.output().splitlines() if line.startswith(kinds or ("OUTAGE", "RECOVERY"))]

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET ``path`` without a key."""
        return self._session.get(f"{self.url}{path}", timeout=START_SECONDS, **options)

    def post(self, path: str, body: Any = None, *, key: str | None = API_KEY, **options: Any) -> requests.Response:
        """POST ``body`` as JSON with the key."""
        headers = {"X-API-Key": key} if key is not None else {}
        return self._session.post(f"{self.url}{path}", json=body, headers=headers, timeout=POST_SECONDS, **options)

    def patch(self, path: str, body: Any) -> requests.Response:
        """PATCH ``body`` as JSON without a key."""
        return self._session.patch(f"{self.url}{path}", json=body, timeout=START_SECONDS)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The rows that a statement returns from its database."""
        url = self.environ.get("DATABASE_URL", "")
        return rows_of(url if url.startswith("postgresql://") else f"sqlite:///{self.database}", sql, *values)

    def wait_until(self, predicate: Callable[[], Found], seconds: float = 30.0) -> Found:
        """See wait_until. A failure shows what the process printed."""
        return wait_until(predicate, seconds, otherwise=self.output)


@contextlib.contextmanager
def started_together(*several: Running) -> Iterator[None]:
    """Start several at once, wait until each is ready, and end them all."""
    with contextlib.ExitStack() as stack:
        for each in several:
            each.start()
            stack.callback(each.kill)
        for each in several:
            each.wait_until_ready()
        yield
