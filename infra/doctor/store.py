"""Inside: the store, and what it says about the agents, the deliveries and the clocks."""

import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from infra.doctor.drills import examine_drill
from infra.doctor.findings import Finding, failure, ok, warning
from infra.doctor.gaps import examine_gaps
from infra.doctor.manual_call import call, remedy
from infra.doctor.runs import examine_runs
from shared.alerting import CLOCK_TOLERANCE
from shared.alerting.health import (
    OVERDUE,
    HealthFacts,
    counted_messages,
    is_given_up,
    is_overdue,
    patience,
    stalled,
)
from shared.messages import duration
from shared.models import Agent, Alert, now
from shared.settings import Settings
from shared.store import StoreUnavailable
from shared.store.admin.inspection import (
    OwedSummary,
    PostgresServer,
    StoreInspection,
    inspect_server,
    inspect_store,
)
from shared.store.engines.database import Database
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.engines.sqlite.filesystem import refuse_wrong_place

# A month of a few hundred monitors, and the log.
ENOUGH_BYTES = 500_000_000
OLDEST_SERVER = 150_000
SYNCHRONIZE = "sudo timedatectl set-ntp true"
_INIT = ".venv/bin/python -m infra init-db"
# If a message has been tried for longer, its channel has more than a short hiccup.
_LONG_OWED = timedelta(minutes=10)


def examine_store(settings: Settings, environ: Mapping[str, str]) -> tuple[StoreInspection | None, list[Finding]]:
    """Inspect the store, if it can be read, and return the findings too. This creates and migrates nothing."""
    path = settings.database_path
    try:
        if path is not None:
            refuse_wrong_place(path, environ)
            if not path.is_file():
                return None, [_missing(path)]
        database = _database(settings)
        try:
            return _examine(database, settings)
        finally:
            database.close()
    except (StoreUnavailable, OSError) as trouble:
        return None, [_unusable(str(trouble), settings)]


def _database(settings: Settings) -> Database:
    if settings.database_path is not None:
        return SqliteDatabase(settings.database_path)
    # Imported here, since it loads the driver.
    from shared.store.engines.postgres.database import PostgresDatabase

    return PostgresDatabase(settings.database_url)


def _examine(database: Database, settings: Settings) -> tuple[StoreInspection | None, list[Finding]]:
    inspection = inspect_store(database, now())
    if settings.database_path is not None:
        findings = [*_versions(inspection), *_disk(settings.database_path)]
    else:
        server = inspect_server(database)
        findings = [*(_versions(inspection) if server.has_schema else _no_schema()), *_server(server)]
    database.check()
    if not findings or all(finding.expected is None for finding in findings):
        findings.insert(0, ok("store", f"{settings.database} can be written, version {inspection.version}"))
    return (inspection if inspection.version == inspection.known else None), findings


def _missing(path: Path) -> Finding:
    fix = _INIT if path.parent.is_dir() else f"mkdir -p {path.parent} && {_INIT}"
    return failure("store", f"there is no database at {path}", expected="one; the first start creates it", fix=fix)


def _unusable(trouble: str, settings: Settings) -> Finding:
    where = settings.database_path
    fixes = {
        "PostgreSQL database": "DATABASE_URL=postgresql://…",
        "encoding": "CREATE DATABASE bonghwa ENCODING 'UTF8' TEMPLATE template0, and DATABASE_URL to it",
        "another program": "CREATE DATABASE bonghwa, and DATABASE_URL to it",
        "damaged": "shared/store/README.md, Backup and restore",
        "locked": f"fuser {where} shows which process holds it",
        "read-only: it": f"chmod u+w {where and where.parent} {where}",
        "no room": f"df {where and where.parent} shows what is full",
        "folder must": f"ls -ld {where and where.parent}",
    }
    fix = next((fix for words, fix in fixes.items() if words in trouble), "DATABASE_URL=… in .env, or its server")
    return failure("store", trouble, expected=f"{settings.database}, writable", fix=fix)


def _versions(inspection: StoreInspection) -> Iterator[Finding]:
    if inspection.version < inspection.known:
        found = f"the database has version {inspection.version}"
        yield warning("store", found, expected=f"version {inspection.known}; the next start updates it", fix=_INIT)
    elif inspection.version > inspection.known:
        yield failure(
            "store",
            f"the database has version {inspection.version}, from a newer program",
            expected=f"version {inspection.known}",
            fix="stop the system, git pull && make install, and start it again",
        )


def _no_schema() -> Iterator[Finding]:
    yield failure(
        "store",
        "the search_path names no schema that is there",
        expected="a schema for the tables",
        fix="CREATE SCHEMA …, or another search_path in DATABASE_URL",
    )


def _disk(path: Path) -> Iterator[Finding]:
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    free = shutil.disk_usage(path.parent).free
    found = f"the database has {size / 1e6:.1f} MB, its disk {free / 1e9:.1f} GB free"
    if free < ENOUGH_BYTES:
        wanted = f"at least {ENOUGH_BYTES / 1e9:.1f} GB"
        yield warning("disk", found, expected=wanted, fix=f"df -h {path.parent}; DATABASE_URL on a larger disk")
    else:
        yield ok("disk", found)


def _server(server: PostgresServer) -> Iterator[Finding]:
    if server.version < OLDEST_SERVER:
        found = f"the server is PostgreSQL {server.version // 10_000}"
        yield warning("store", found, expected="15 or newer", fix="another server, and DATABASE_URL to it")
    yield ok("disk", f"the database has {server.size / 1e6:.1f} MB on its server")
    yield from skew("the database's server", timedelta(seconds=server.clock - now().timestamp()))


def skew(whose: str, off: timedelta, than: str = "this machine") -> Iterator[Finding]:
    """The finding about a clock that is ``off`` from another one."""
    if abs(off) <= CLOCK_TOLERANCE:
        yield ok("clock", f"{whose} has the same time as {than}")
        return
    word = "ahead of" if off > timedelta() else "behind"
    yield warning(
        "clock",
        f"{whose} is {duration(abs(off), 'en')} {word} {than}",
        expected=f"at most {CLOCK_TOLERANCE.seconds} s between any two",
        fix=f"{SYNCHRONIZE} on the one that is wrong",
    )


def examine_work(
    inspection: StoreInspection, settings: Settings, channels: Collection[str], url: str, at: datetime
) -> Iterator[Finding]:
    """Whether agents check and messages go out as they should. ``url``: where the scheduled functions are called."""
    facts = inspection.facts
    if facts is None:
        return
    if not facts.agents:
        found, expected = "no agent has reported anything yet", "a report within CHECK_INTERVAL_SECONDS"
        yield warning("checks", found, expected=expected, fix=remedy("check_monitors", url))
    slack = patience(settings.check_timeout_seconds, is_in_cloud=call("check_monitors", url)[0])
    for agent in facts.agents:
        own = remedy("check_monitors", url)
        fix = own if agent.name == settings.agent else _of_remote(agent.name, inspection.silent)
        yield from _agent(agent, facts, slack, at, fix)
    yield from examine_gaps(facts, slack, at)
    yield from examine_runs(inspection, facts, url, at)
    for owed in inspection.owed:
        yield from _owed(owed, channels, url, at, is_stalled=owed.channel in stalled(facts, at))
    yield from _gone(inspection.notified, channels)
    for alert in inspection.refused:
        yield _refused(alert, facts, url)
    yield from examine_drill(inspection.last_drill, at)


def _agent(agent: Agent, facts: HealthFacts, slack: timedelta, at: datetime, fix: str) -> Iterator[Finding]:
    ago = at - agent.last_seen_at
    name = f"agent {agent.name}"
    if -ago > CLOCK_TOLERANCE:
        yield from skew(f"the last report of {name}", -ago)
    elif is_given_up(agent, facts):
        yield ok("checks", f"{name} has been silent for {duration(ago, 'en')}; its alert was resolved by hand")
    elif is_overdue(agent, facts, at, slack):
        yield failure(
            "checks",
            f"{name} reported {duration(ago, 'en')} ago",
            expected=f"a report every {agent.interval_seconds:g} s",
            fix=fix,
        )
    else:
        yield ok("checks", f"{name} reported {duration(ago, 'en')} ago, every {agent.interval_seconds:g} s")
        if agent.clock_ahead_seconds:
            yield from skew(f"the clock of {name}", timedelta(seconds=agent.clock_ahead_seconds), "the backend")


def _refused(alert: Alert, facts: HealthFacts, url: str) -> Finding:
    found = f"{alert.subject} permanently rejected a message: {alert.cause}"
    if alert.subject in facts.refused:
        fix = f".venv/bin/python -m infra doctor --send-test, and the settings of {alert.subject}"
        return failure("channels", found, expected="it accepts messages", fix=fix)
    fix = remedy("review_alerts", url)
    return warning("channels", f"{found}; it is not on any more", expected="review_alerts ends its alert", fix=fix)


def _gone(notified: Mapping[str, int], channels: Collection[str]) -> Iterator[Finding]:
    for name, count in notified.items():
        if name not in channels:
            yield warning(
                "channels",
                f"{name} was notified of alerts that are still active ({count}), and is not configured here",
                expected="the channel configured until they end; otherwise it never gets their RECOVERY",
                fix=f"the settings of {name} in .env, if it was taken away or renamed by mistake",
            )


def _owed(
    owed: OwedSummary, channels: Collection[str], url: str, at: datetime, *, is_stalled: bool
) -> Iterator[Finding]:
    since = duration(at - owed.oldest, "en")
    if owed.channel not in channels:
        yield warning(
            "deliveries",
            f"{counted_messages(owed.owed)} owed to {owed.channel}, which is not configured here",
            expected="the channel configured until they are sent or expire",
            fix=f"the settings of {owed.channel} in .env",
        )
    elif owed.overdue:
        yield failure(
            "deliveries",
            f"{counted_messages(owed.overdue)} to {owed.channel} should have been sent, the oldest is {since} old",
            expected=f"none due for longer than {duration(OVERDUE, 'en')}",
            fix=remedy("deliver_notifications", url),
        )
    elif is_stalled or at - owed.oldest > _LONG_OWED:
        yield warning(
            "deliveries",
            f"{counted_messages(owed.owed)} to {owed.channel} tried for {since}",
            expected="the channel accepts them at once",
            fix=f"curl -H \"X-API-Key: $KEY\" '{url}/notification_logs?limit=5' shows its responses",
        )
    else:
        yield ok("deliveries", f"{counted_messages(owed.owed)} to {owed.channel} on the way")


def _of_remote(agent: str, silent: Collection[Alert]) -> str:
    """The fix for a silent agent that this machine does not run."""
    alert = next((f"alert {alert.id}" for alert in silent if alert.subject == agent), "its alert once it is open")
    machine = f"on the machine of LOCATION={shlex.quote(agent)}"
    start = "make run or its schedule, with its BACKEND_URL and API_KEY"
    return f"{machine}: {start}; if it is gone for good, resolve {alert}"
