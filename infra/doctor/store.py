"""Inside: the store, and what it tells of the agents, the deliveries and the clocks."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from infra.doctor.findings import Finding, failure, ok, warning
from infra.doctor.manual_call import call
from shared.alerting import CLOCK_TOLERANCE, WATCH_GAP, tolerated_silence
from shared.messages import duration
from shared.models import Agent, now
from shared.settings import Settings
from shared.store import StoreUnavailable
from shared.store.admin.inspection import OVERDUE, Condition, Owed, look, look_at_server
from shared.store.engines.database import Database
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.engines.sqlite.filesystem import refuse_wrong_place

# A month of a few hundred monitors, and the log beside them.
ENOUGH_BYTES = 500_000_000
OLDEST_SERVER = 150_000
SYNCHRONIZE = "sudo timedatectl set-ntp true"
_INIT = ".venv/bin/python -m infra init-db"
# A message that is tried for so long is no hiccup of its channel any more.
_LONG_OWED = timedelta(minutes=10)


def examine_store(settings: Settings, environ: Mapping[str, str]) -> tuple[Condition | None, list[Finding]]:
    """What is there of the store, if anything can be read, and the findings on it. Makes and migrates nothing."""
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
    # Imported here: it brings in the driver.
    from shared.store.engines.postgres.database import PostgresDatabase

    return PostgresDatabase(settings.database_url)


def _examine(database: Database, settings: Settings) -> tuple[Condition | None, list[Finding]]:
    condition = look(database, now())
    findings = [*_versions(condition)]
    if settings.database_path is not None:
        findings += _disk(settings.database_path)
    else:
        findings += _server(database)
    database.check()
    if not findings or all(finding.expected is None for finding in findings):
        findings.insert(0, ok("store", f"{settings.database} takes what is saved, version {condition.version}"))
    return (condition if condition.version == condition.known else None), findings


def _missing(path: Path) -> Finding:
    mend = _INIT if path.parent.is_dir() else f"mkdir -p {path.parent} && {_INIT}"
    return failure("store", f"there is no database at {path}", expected="one; the first start makes it", mend=mend)


def _unusable(trouble: str, settings: Settings) -> Finding:
    where = settings.database_path
    mends = {
        "PostgreSQL database": "DATABASE_URL=postgresql://…",
        "damaged": "shared/store/README.md, Backup and restore",
        "locked": f"fuser {where} shows who holds it",
        "read-only: it": f"chmod u+w {where and where.parent} {where}",
        "no room": f"df {where and where.parent} shows what is full",
        "folder must": f"ls -ld {where and where.parent}",
    }
    mend = next((mend for words, mend in mends.items() if words in trouble), "DATABASE_URL=… in .env, or its server")
    return failure("store", trouble, expected=f"{settings.database} to take what is saved", mend=mend)


def _versions(condition: Condition) -> Iterator[Finding]:
    if condition.version < condition.known:
        found = f"the database is of version {condition.version}"
        yield warning("store", found, expected=f"version {condition.known}, which the next start makes it", mend=_INIT)
    elif condition.version > condition.known:
        yield failure(
            "store",
            f"the database is of version {condition.version}, from a newer program",
            expected=f"version {condition.known}",
            mend="git pull && make install",
        )


def _disk(path: Path) -> Iterator[Finding]:
    size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))
    free = shutil.disk_usage(path.parent).free
    found = f"the database has {size / 1e6:.1f} MB, and its disk {free / 1e9:.1f} GB left"
    if free < ENOUGH_BYTES:
        wanted = f"at least {ENOUGH_BYTES / 1e9:.1f} GB"
        yield warning("disk", found, expected=wanted, mend=f"df -h {path.parent}; DATABASE_URL on a larger disk")
    else:
        yield ok("disk", found)


def _server(database: Database) -> Iterator[Finding]:
    server = look_at_server(database)
    if server.version < OLDEST_SERVER:
        found = f"the server is PostgreSQL {server.version // 10_000}"
        yield warning("store", found, expected="15 or newer", mend="another server, and DATABASE_URL to it")
    yield ok("disk", f"the database has {server.size / 1e6:.1f} MB on its server")
    yield from skew("the database's server", timedelta(seconds=server.clock - now().timestamp()))


def skew(whose: str, off: timedelta) -> Iterator[Finding]:
    """What a clock that is ``off`` from this machine's means."""
    if abs(off) <= CLOCK_TOLERANCE:
        yield ok("clock", f"{whose} has the same time as this machine")
        return
    word = "ahead of" if off > timedelta() else "behind"
    yield warning(
        "clock",
        f"{whose} is {duration(abs(off), 'en')} {word} this machine",
        expected=f"{CLOCK_TOLERANCE.seconds} s at most between any two",
        mend=f"{SYNCHRONIZE} on the one that is wrong",
    )


def examine_work(condition: Condition, channels: Collection[str], url: str, at: datetime) -> Iterator[Finding]:
    """Whether agents look and messages go out as they should. ``url``: where the schedules' functions are called."""
    if not condition.agents:
        found, expected = "no agent has reported anything yet", "a report within CHECK_INTERVAL_SECONDS"
        yield warning("checks", found, expected=expected, mend=_run("check_monitors", url))
    for agent in condition.agents:
        yield from _agent(agent, condition.told, url, at)
    yield from _deliveries(condition, url, at)
    for owed in condition.owed:
        yield from _owed(owed, channels, url, at)
    for alert in condition.refused:
        yield failure(
            "channels",
            f"{alert.subject} refused a message for good: {alert.cause}",
            expected="that it takes them",
            mend=f".venv/bin/python -m infra doctor --send-test, and the settings of {alert.subject}",
        )


def _agent(agent: Agent, told: Collection[str], url: str, at: datetime) -> Iterator[Finding]:
    ago = at - agent.last_seen_at
    name = f"agent {agent.name}"
    if -ago > CLOCK_TOLERANCE:
        yield from skew(f"what {name} reported last", -ago)
    elif ago < tolerated_silence(agent.interval_seconds):
        yield ok("checks", f"{name} reported {duration(ago, 'en')} ago, every {agent.interval_seconds:g} s")
    elif agent.is_silent and agent.name not in told:
        yield ok("checks", f"{name} has been gone for {duration(ago, 'en')}, and somebody has resolved that")
    else:
        yield failure(
            "checks",
            f"{name} reported {duration(ago, 'en')} ago",
            expected=f"a report every {agent.interval_seconds:g} s",
            mend=_run("check_monitors", url),
        )


def _deliveries(condition: Condition, url: str, at: datetime) -> Iterator[Finding]:
    expected, mend = "a run every minute or oftener", _run("deliver_notifications", url)
    if condition.delivered_at is None:
        yield warning("deliveries", "deliver_notifications has never run", expected=expected, mend=mend)
        return
    # It writes this down once in half a minute.
    ago = at - condition.delivered_at
    found = f"deliver_notifications last ran {duration(ago, 'en')} ago"
    if ago > WATCH_GAP:
        yield failure("deliveries", found, expected=expected, mend=mend)
    else:
        yield ok("deliveries", found)


def _owed(owed: Owed, channels: Collection[str], url: str, at: datetime) -> Iterator[Finding]:
    since = duration(at - owed.oldest, "en")
    if owed.channel not in channels:
        yield warning(
            "deliveries",
            f"{owed.count} messages are owed to {owed.channel}, which is not configured here",
            expected="the channel, until they are sent or expire",
            mend=f"the settings of {owed.channel} in .env",
        )
    elif owed.overdue:
        yield failure(
            "deliveries",
            f"{owed.overdue} messages to {owed.channel} should have been sent, the oldest is {since} old",
            expected=f"that none is due for longer than {duration(OVERDUE, 'en')}",
            mend=_run("deliver_notifications", url),
        )
    elif at - owed.oldest > _LONG_OWED:
        yield warning(
            "deliveries",
            f"{owed.count} messages to {owed.channel} have been tried for {since}",
            expected="that a channel takes them at once",
            mend=f"curl -H \"X-API-Key: $KEY\" '{url}/notification_logs?limit=5' shows its answers",
        )
    else:
        yield ok("deliveries", f"{owed.count} messages to {owed.channel} are on their way")


def _run(function: str, url: str) -> str:
    is_in_cloud, line = call(function, url)
    return f"its schedule, or {line}" if is_in_cloud else f"make run, or its schedule: {line}"
