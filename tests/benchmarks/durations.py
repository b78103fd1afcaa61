"""How long each function takes, what it uses and what it writes: what ``python -m infra plan`` reckons with.

Warm, one call at a time, under functions-framework as in a cloud: the caller's time, the CPU of all its processes, the
lines that it logs. Web sites over TLS, the database and Telegram are as far away as they usually are. The clock is this
machine's; of several rounds the quietest counts. The test's database does not wait for its disk.
"""

import contextlib
import datetime
import functools
import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import certifi
import psycopg

from functions.check_monitors.probes.checks import check_all
from infra.table import rows
from shared import ROOT
from shared.alerting.storms import AT_ONCE
from shared.models import Event, now
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import open_store
from tests.benchmarks.cpu import cpu_ms
from tests.benchmarks.ingest import _requests_of as reports_of
from tests.benchmarks.instruments import far, sizes
from tests.benchmarks.instruments.calls import Figures, answer_ms, first_answer, request_of, several
from tests.benchmarks.instruments.yardstick import table
from tests.support.builders import routes
from tests.support.postgres import Server
from tests.support.running import FunctionAlone, copy_project, rows_of, started_together
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.stand_ins import BotApi

FILE = ROOT / "infra" / "plan" / "durations.toml"
ROUNDS = 3
DISTANCES = {"site_answers_after_ms": 200.0, "database_is_away_ms": 1.0, "channel_is_away_ms": 100.0}
# How often in a round: by the monitors of a run, by the events of a report, and everything else.
RUNS = {1: 8, 10: 8, 100: 4, 1000: 1}
REPORTS = {1: 20, 10: 20, 50: 10, 100: 10, 300: 6, 1000: 4}
CLAIMS = {1: 20, 10: 20, 100: 10, 1000: 4}
CALLS = 20
# The number of a channel's messages that go at once, with the one that does not count. More would wait to be listed.
SINGLE_MESSAGES = AT_ONCE - 1
STARTED = ("check_monitors", "ingest_event", "claim_checks", "deliver_notifications", "list_alerts")


def run(folder: Path, rounds: int) -> str:
    """The table."""
    return _table(measure(folder, rounds))


def write(folder: Path, rounds: int) -> str:
    """Measure, and put it where the plan finds it."""
    measured = measure(folder, rounds)
    FILE.write_text(_toml(measured), encoding="utf-8")
    return f"{_table(measured)}\n{FILE.relative_to(ROOT)} is written"


# Measured without anything to do.
ALONE = ("review_alerts", "maintain_store", "list_alerts", "health")


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Everything: by function, its store and how much it has to do."""
    project = copy_project(folder / "project")
    machine = f"{_processor()}, Python {platform.python_version()}"
    busy = f"{os.getloadavg()[0]:.1f} busy of {os.cpu_count()} CPUs"
    measured: dict[str, Any] = {"measured_on": datetime.date.today(), "machine": machine, "busy": busy, **DISTANCES}
    with Server() as server, far.distance(server.port, DISTANCES["database_is_away_ms"]) as way:
        databases = {
            "sqlite": f"sqlite:///{folder / 'measured.db'}",
            "postgresql": server.new_store().replace(f":{server.port}/", f":{way.port}/"),
        }
        for engine, url in databases.items():
            measured |= _with_store(project, _new(folder / engine), engine, url, rounds)
        there, back = way.carried()
        [events] = rows_of(databases["postgresql"], "SELECT count(*) AS count FROM events")
        in_cloud = {"DATABASE_URL": databases["postgresql"], "API_AUTH": "all"}
        measured |= _agent(project, _new(folder / "agent"), in_cloud, rounds)
        measured["start"] = _starts(project, _new(folder / "starts"), in_cloud, rounds)
        measured["database"] = {
            "round_trip_ms": _round_trip_ms(databases["postgresql"]),
            # All that was said to it beside, too: most of it was events.
            "bytes_an_event": (there + back) / events["count"],
        }
        measured["database.sqlite"] = sizes.of_sqlite(folder / "size.db")
        measured["database.postgresql"] = sizes.of_postgresql(server.new_store())
    return measured


def _with_store(project: Path, folder: Path, engine: str, url: str, rounds: int) -> dict[str, dict[str, Figures]]:
    """The functions that have a store."""
    with BotApi() as api, far.distance(api.port, DISTANCES["channel_is_away_ms"]) as way:
        variables = {**api.environ, "TELEGRAM_API_URL": f"http://127.0.0.1:{way.port}"}
        variables |= {"DATABASE_URL": url, "API_AUTH": "all"}
        names = ["ingest_event", "claim_checks", "deliver_notifications", *ALONE]
        functions = {name: FunctionAlone(project, _new(folder / name), name, **variables) for name in names}
        with started_together(*functions.values()):
            ingest, deliver = functions["ingest_event"], functions["deliver_notifications"]
            taken = {str(size): several(ingest, reports_of(size), times, rounds) for size, times in REPORTS.items()}
            found = {f"ingest_event.{engine}": taken, f"deliver_notifications.{engine}": {}}
            found[f"claim_checks.{engine}"] = _claims(functions["claim_checks"], rounds)
            owe = _owe(url)
            for messages, times, of in ((0, CALLS, rounds), (1, SINGLE_MESSAGES, 1)):
                delivered = several(deliver, functools.partial(_deliver, owe, messages), times, of)
                found[f"deliver_notifications.{engine}"][str(messages)] = delivered
            for row in rows():
                if row.name in ALONE:
                    asked = request_of(row.route.method, row.route.path)
                    answered = several(functions[row.name], functools.partial(bytes, asked), CALLS, rounds)
                    found[f"{row.name}.{engine}"] = {"0" if row.every else "1": answered}
    return found


def _claims(function: FunctionAlone, rounds: int) -> dict[str, Figures]:
    """``claim_checks`` by the number of the agent's monitors."""
    found = {}
    for monitors, times in CLAIMS.items():
        targets = [f"https://service-{number}.example.com/" for number in range(monitors)]
        body = json.dumps({"agent": "measured", "location": f"of {monitors}", "targets": targets}).encode()
        asked = request_of("POST", "/checks/claim", body)
        answer_ms(function, asked)  # the first one makes the monitors known
        found[str(monitors)] = several(function, functools.partial(bytes, asked), times, rounds)
    return found


def _round_trip_ms(url: str) -> float:
    """The shortest question, with its answer: the distance, and what carries it."""
    with psycopg.connect(url, autocommit=True) as connection:
        taken = []
        for _ in range(CALLS):
            began = time.perf_counter()
            connection.execute("SELECT 1")
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _owe(url: str) -> Callable[[], None]:
    """A call that makes a message owed to Telegram, which nobody has tried to send."""
    store, numbers = open_store(Settings.from_env({"DATABASE_URL": url})), itertools.count()

    def owe() -> None:
        failure = Event(target_url=f"https://failing-{next(numbers)}.example.com/", timestamp=now(), is_success=False)
        store.events.add([failure], received_at=now(), channels=routes("telegram"))

    return owe


def _deliver(owe: Callable[[], None], messages: int) -> bytes:
    for _ in range(messages):
        owe()
    return request_of("POST", "/deliver_notifications")


def _agent(project: Path, folder: Path, in_cloud: Mapping[str, str], rounds: int) -> dict[str, dict[str, Any]]:
    """``check_monitors`` by the number of its monitors, and the bytes of one check."""
    found: dict[str, Any] = {}
    asked = request_of("POST", "/check_monitors")
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
                answer_ms(agent, asked)  # the first run is not like the others
                before = _reports(backend)
                found[str(monitors)] = several(agent, lambda: asked, times, rounds)
                found[str(monitors)]["reports"] = (_reports(backend) - before) / (times * rounds)
                failed = agent.output().count('"is_success": false')
                assert not failed, f"{failed} checks of {monitors} monitors failed: the site is too slow"
        agent, backend = started("one", way.port, 1)
        with started_together(agent, backend):
            before_it = way.carried()
            for _ in range(CALLS):
                answer_ms(agent, asked)
            sent, received = ((then - before) / CALLS for then, before in zip(way.carried(), before_it, strict=True))
        kept = _bytes_of_a_kept_check(way, certificates)
    return {"check_monitors": found, "check": {"bytes_sent": sent, "bytes_received": received, "bytes_sent_kept": kept}}


def _bytes_of_a_kept_check(way: far.Far, certificates: str) -> float:
    """The bytes of a check over a connection that is open already."""
    fields = {"url": f"https://localhost:{way.port}{far.KEPT}", "connection": "reuse", "ca_certificate": certificates}
    policy, settings = Policy.model_validate({"name": "kept", **fields}), Settings.from_env({})
    sent = []
    for _ in range(1 + CALLS):
        [event] = check_all([(0.0, policy)], settings)
        assert event.is_success, event.error_message
        sent.append(way.carried()[0])
    return (sent[-1] - sent[0]) / CALLS


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
                first_answer(function, request_of("GET", "/"))
                taken.append({"wall_ms": (time.perf_counter() - began) * 1000, "cpu_ms": cpu_ms(function.living())})
            finally:
                function.kill()
        # The first also compiled what the others found compiled.
        found[name] = min(taken[1:], key=lambda figures: figures["wall_ms"])
    return found


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[tuple[int, str]]:
    """A web site's port, and the certificates to trust, as many as there usually are."""
    authority = Authority(folder)
    authority.context(TODAY - A_DAY, TODAY + A_DAY)
    trusted = folder / "trusted.pem"
    trusted.write_bytes(Path(certifi.where()).read_bytes() + Path(authority.file).read_bytes())
    with far.site(str(folder / "server.pem"), DISTANCES["site_answers_after_ms"]) as site:
        yield site.port, str(trusted)


def _reports(backend: FunctionAlone) -> int:
    """How many reports it has taken: one event alone is logged otherwise than several."""
    said = backend.output()
    return said.count('"events_stored"') + said.count('"event_stored"')


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _table(measured: Mapping[str, Any]) -> str:
    lines = []
    for name, kinds in measured.items():
        if not isinstance(kinds, dict) or not all(isinstance(figures, dict) for figures in kinds.values()):
            continue
        for much, figures in kinds.items():
            shown = ("wall_ms", "cpu_ms", "log_bytes")
            cells = [f"{figures[each]:.1f}" if each in figures else "-" for each in shown]
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
