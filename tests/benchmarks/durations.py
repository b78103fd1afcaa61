"""How long each function takes, what it uses and what it writes: what ``python -m infra plan`` reckons with.

Warm, one call at a time, under functions-framework as in a cloud: the caller's time, the CPU of all its processes, the
lines that it logs. What is far away is so far away: web sites over TLS, the database, Telegram. The clock is this
machine's, whatever else it does meanwhile; the CPU hardly cares. The test's database does not wait for its disk.
"""

import contextlib
import datetime
import itertools
import platform
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import certifi

from infra.table import rows
from shared.models import Event, now
from shared.settings import ROOT, Settings
from shared.store import open_store
from tests.benchmarks import far, sizes
from tests.benchmarks.cpu import cpu_ms
from tests.benchmarks.ingest import _requests_of as reports_of
from tests.benchmarks.load import _is_whole as is_whole
from tests.benchmarks.yardstick import table
from tests.postgres import Server
from tests.running import API_KEY, START_SECONDS, FunctionAlone, copy_project, started_together
from tests.stand_ins import BotApi
from tests.test_probe import TODAY, Authority

FILE = ROOT / "infra" / "plan" / "durations.toml"
ROUNDS = 3
DISTANCES = {"site_answers_after_ms": 200.0, "database_round_trip_ms": 1.0, "channel_round_trip_ms": 100.0}
# How often in a round: by the monitors of a run, by the events of a report, and everything else.
RUNS = {1: 8, 10: 8, 100: 4, 1000: 1}
REPORTS = {1: 20, 10: 20, 50: 10, 100: 10}
CALLS = 20
STARTED = ("check_monitors", "ingest_event", "deliver_notifications", "list_alerts")

Figures = dict[str, float]


def run(folder: Path, rounds: int) -> str:
    """The table."""
    return _table(measure(folder, rounds))


def write(folder: Path, rounds: int) -> str:
    """Measure, and put it where the plan finds it."""
    measured = measure(folder, rounds)
    FILE.write_text(_toml(measured), encoding="utf-8")
    return f"{_table(measured)}\n{FILE.relative_to(ROOT)} is written"


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Everything: by function, its store and how much it has to do."""
    project = copy_project(folder / "project")
    machine = f"{_processor()}, Python {platform.python_version()}"
    measured: dict[str, Any] = {"measured_on": datetime.date.today(), "machine": machine, **DISTANCES}
    with Server() as server, far.distance(server.port, DISTANCES["database_round_trip_ms"]) as way:
        databases = {
            "sqlite": f"sqlite:///{folder / 'measured.db'}",
            "postgresql": server.new_store().replace(f":{server.port}/", f":{way.port}/"),
        }
        for engine, url in databases.items():
            measured |= _with_store(project, _new(folder / engine), engine, url, rounds)
        in_cloud = {"DATABASE_URL": databases["postgresql"], "API_AUTH": "all"}
        measured |= _agent(project, _new(folder / "agent"), in_cloud, rounds)
        measured["start"] = _starts(project, _new(folder / "starts"), in_cloud, rounds)
        measured["database.sqlite"] = sizes.of_sqlite(folder / "size.db")
        measured["database.postgresql"] = sizes.of_postgresql(server.new_store())
    return measured


def _with_store(project: Path, folder: Path, engine: str, url: str, rounds: int) -> dict[str, dict[str, Figures]]:
    """The functions that have a store."""
    with BotApi() as api, far.distance(api.port, DISTANCES["channel_round_trip_ms"]) as way:
        variables = {**api.environ, "TELEGRAM_API_URL": f"http://127.0.0.1:{way.port}"}
        variables |= {"DATABASE_URL": url, "API_AUTH": "all"}
        names = ["ingest_event", "deliver_notifications", "list_alerts", "health"]
        functions = {name: FunctionAlone(project, _new(folder / name), name, **variables) for name in names}
        with started_together(*functions.values()):
            ingest, deliver = functions["ingest_event"], functions["deliver_notifications"]
            taken = {
                str(size): _several(ingest, reports_of(size), times, rounds) for size, times in REPORTS.items()
            }
            found = {f"ingest_event.{engine}": taken, f"deliver_notifications.{engine}": {}}
            owe = _owe(url)
            for messages in (0, 1):
                delivered = _several(deliver, lambda m=messages: _deliver(owe, m), CALLS, rounds)  # type: ignore[misc]
                found[f"deliver_notifications.{engine}"][str(messages)] = delivered
            for row in rows():
                if row.name in ("list_alerts", "health"):
                    asked = _request(row.method, row.path)
                    found[f"{row.name}.{engine}"] = {"1": _several(functions[row.name], lambda a=asked: a, CALLS, rounds)}  # type: ignore[misc]  # noqa: E501
    return found


def _owe(url: str) -> Callable[[], None]:
    """What makes a message owed to Telegram that nobody has tried to send."""
    store, numbers = open_store(Settings.from_env({"DATABASE_URL": url})), itertools.count()

    def owe() -> None:
        failure = Event(target_url=f"https://failing-{next(numbers)}.example.com/", timestamp=now(), is_success=False)
        store.add_events([failure], received_at=now(), channels=("telegram",))

    return owe


def _deliver(owe: Callable[[], None], messages: int) -> bytes:
    for _ in range(messages):
        owe()
    return _request("POST", "/deliver_notifications")


def _agent(project: Path, folder: Path, in_cloud: Mapping[str, str], rounds: int) -> dict[str, dict[str, Any]]:
    """``check_monitors`` by the number of its monitors, and the bytes of one check."""
    found: dict[str, Any] = {}
    asked = _request("POST", "/check_monitors")
    with _site(folder) as (site, certificates), far.distance(site, 0.0) as way:

        def started(name: str, port: int, monitors: int) -> tuple[FunctionAlone, FunctionAlone]:
            backend = FunctionAlone(project, _new(folder / f"{name}-backend"), "ingest_event", **in_cloud)
            variables = {
                "TARGET_URL": " ".join(f"https://localhost:{port}/{number:04}" for number in range(monitors)),
                "BACKEND_URL": backend.url,
                "SSL_CERT_FILE": certificates,
                "CHECK_INTERVAL_SECONDS": "30",
                "CHECK_TIMEOUT_SECONDS": "10",
            }
            return FunctionAlone(project, _new(folder / name), "check_monitors", API_AUTH="all", **variables), backend

        for monitors, times in RUNS.items():
            agent, backend = started(f"{monitors}", site, monitors)
            with started_together(agent, backend):
                _answer_ms(agent, asked)  # the first run is not like the others
                before = _reports(backend)
                found[str(monitors)] = _several(agent, lambda: asked, times, rounds)
                found[str(monitors)]["reports"] = (_reports(backend) - before) / (times * rounds)
                failed = agent.output().count('"is_success": false')
                assert not failed, f"{failed} checks of {monitors} monitors failed: the site is too slow"
        agent, backend = started("one", way.port, 1)
        with started_together(agent, backend):
            before_it = way.carried()
            for _ in range(CALLS):
                _answer_ms(agent, asked)
            sent, received = ((then - before) / CALLS for then, before in zip(way.carried(), before_it, strict=True))
    return {"check_monitors": found, "check": {"1": {"bytes_sent": sent, "bytes_received": received}}}


def _starts(project: Path, folder: Path, in_cloud: Mapping[str, str], rounds: int) -> dict[str, Figures]:
    """From the start of a process until its first answer."""
    found = {}
    for name in STARTED:
        taken = []
        for number in range(rounds + 1):
            own = _new(folder / f"{name}-{number}")
            function = FunctionAlone(project, own, name, **in_cloud, BACKEND_URL="http://127.0.0.1:1")
            began = time.perf_counter()
            function.start()
            try:
                _first_answer(function, _request("GET", "/"))
                taken.append({"wall_ms": (time.perf_counter() - began) * 1000, "cpu_ms": cpu_ms(function.living())})
            finally:
                function.kill()
        # The first also compiled what the others found compiled.
        found[name] = _medians(taken[1:])
    return found


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[tuple[int, str]]:
    """A web site's port, and the certificates to trust, as many as there usually are."""
    authority = Authority(folder)
    authority.context(TODAY, TODAY + datetime.timedelta(9))
    trusted = folder / "trusted.pem"
    trusted.write_bytes(Path(certifi.where()).read_bytes() + Path(authority.file).read_bytes())
    with far.site(str(folder / "server.pem"), DISTANCES["site_answers_after_ms"]) as site:
        yield site.port, str(trusted)


def _several(function: FunctionAlone, request: Callable[[], bytes], times: int, rounds: int) -> Figures:
    _answer_ms(function, request())
    return _medians([_figures(function, request, times) for _ in range(rounds)])


def _figures(function: FunctionAlone, request: Callable[[], bytes], times: int) -> Figures:
    before, said = cpu_ms(function.living()), len(function.output().encode())
    walls = [_answer_ms(function, request()) for _ in range(times)]
    used, lines = cpu_ms(function.living()) - before, function.output().encode()[said:]
    return {
        "wall_ms": statistics.median(walls),
        "cpu_ms": used / times,
        "log_bytes": len(lines) / times,
        "log_lines": lines.count(b"\n") / times,
        "memory_mb": _memory_mb(function),
    }


def _medians(several: list[Figures]) -> Figures:
    return {name: statistics.median(each[name] for each in several) for name in several[0]}


def _request(method: str, path: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {API_KEY}\r\nContent-Length: 0\r\n\r\n".encode()


def _answer_ms(function: FunctionAlone, request: bytes) -> float:
    """How long it took to be answered, on a connection of its own."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", function.port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while not is_whole(answer):
            data = connection.recv(65536)
            assert data, f"{function.name} said nothing\n{function.output()}"
            answer += data
    return (time.perf_counter() - began) * 1000


def _first_answer(function: FunctionAlone, request: bytes) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            with socket.create_connection(("127.0.0.1", function.port), timeout=60) as connection:
                connection.sendall(request)
                assert connection.recv(65536), function.output()
                return
        assert time.monotonic() < give_up_at, function.output()
        time.sleep(0.001)


def _reports(backend: FunctionAlone) -> int:
    """How many reports it has taken: one event alone is logged otherwise than several."""
    said = backend.output()
    return said.count('"events_stored"') + said.count('"event_stored"')


def _memory_mb(function: FunctionAlone) -> float:
    """At its most, as if its processes shared nothing."""
    kilobytes = 0
    for process in function.living():
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        kilobytes += int(status.partition("VmHWM:")[2].split()[0])
    return kilobytes / 1024


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _table(measured: Mapping[str, Any]) -> str:
    lines = []
    for name, kinds in measured.items():
        if isinstance(kinds, dict) and name != "check" and not name.startswith("database"):
            for much, figures in kinds.items():
                cells = [f"{figures[each]:.1f}" if each in figures else "-" for each in ("wall_ms", "cpu_ms", "log_bytes")]
                lines.append([f"{name} {much}", *cells])
    return table(["warm, a call; start: until the first answer", "ms", "CPU ms", "bytes logged"], lines)


def _toml(measured: Mapping[str, Any]) -> str:
    said = ["# Written by `python -m tests.benchmarks durations --write`, where each figure is explained."]
    for name, value in measured.items():
        if not isinstance(value, dict):
            said.append(f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}")
            continue
        said += ["", f"[{name}]"]
        for key, figures in value.items():
            if isinstance(figures, dict):
                pairs = ", ".join(f"{each} = {figure:.1f}" for each, figure in figures.items())
                said.append(f"{key} = {{ {pairs} }}")
            else:
                said.append(f"{key} = {figures:.1f}")
    return "\n".join(said) + "\n"
