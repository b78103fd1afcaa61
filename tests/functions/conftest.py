"""Fixtures of the functions' tests: each function under functions-framework, over one real database."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import functions_framework
import pytest
from flask import Flask

from infra.table import MAIN, rows
from shared.models import AlertKind, as_text, now
from shared.settings import Settings
from shared.store import StoreUnavailable, open_store
from shared.store.changes import open_alert
from tests.conftest import migrated_store
from tests.functions.api import FAILURE, KEY, Api
from tests.support.builders import routes
from tests.support.postgres import Server
from tests.support.running.browser import Browser, browser
from tests.torture.wire import Wire

_ADDED_BY_HAND = (
    *(AlertKind.CHANNEL_REFUSED, AlertKind.DEGRADED, AlertKind.CERTIFICATE_EXPIRING),
    *(AlertKind.DRILL, AlertKind.DRILL_MISSED),
)


@pytest.fixture(scope="session")
def apps() -> dict[str, Flask]:
    """Each function under functions-framework, by its name."""
    return {row.name: functions_framework.create_app(row.name, str(MAIN)) for row in rows()}  # type: ignore[no-untyped-call]


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    """A wire to an empty store on PostgreSQL."""
    with Wire(postgres.new_store()) as leading:
        yield leading


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store: SQLite, unless the test asks for PostgreSQL, or for PostgreSQL behind a wire."""
    if getattr(request, "param", None) == "wire":
        return str(request.getfixturevalue("wire").url)
    file = tmp_path / "store.db"
    return migrated_store(request, file, now(), getattr(request, "param", "sqlite")) or f"sqlite:///{file}"


@pytest.fixture
def environ(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set environment variables for this test. The store and the key are set already."""

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    channels = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SNS_TOPIC_ARN")
    acting = ("PUBLIC_URL", "TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_POLLING")
    for name in (*channels, *acting, "API_AUTH", "MESSAGE_LANGUAGE", "LOG_DIR", "BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    if not database_url.startswith("sqlite"):
        # Otherwise what is kept would lie in the repository: there is no file of a database that it could lie beside.
        set_all(SPOOL_DIR=str(tmp_path))
    set_all(API_KEY=KEY, DATABASE_URL=database_url, TARGET_URL="http://127.0.0.1:1/")
    yield set_all
    settings = Settings.from_env({"DATABASE_URL": database_url})
    if settings.database_path is None or settings.database_path.exists():
        # Otherwise each test would leave a connection open in this process. A cloud opens no file.
        with contextlib.suppress(StoreUnavailable):
            open_store(settings).database.close()


@pytest.fixture
def api(apps: dict[str, Flask], environ: Callable[..., None]) -> Api:
    return Api(apps)


@pytest.fixture(scope="session")
def telegram_library() -> None:
    """Load what the first send of a process loads. On a busy machine that takes longer than an event may wait."""
    for name in ("telegram.request", "asyncio", "anyio"):
        importlib.import_module(name)


@pytest.fixture
def alerts_of_every_kind(api: Api) -> dict[str, int]:
    """The id of an open alert of each kind, by kind. Each is about a subject named ``telegram``."""
    seen = FAILURE | {"monitor": "telegram", "timestamp": as_text(now())}
    api.post(seen)
    api.post(seen | {"monitor": "m", "timestamp": as_text(now()), "agent": "telegram", "is_inconclusive": True})
    store = open_store(Settings.from_env())
    later = now() + timedelta(hours=1)
    with store.database.transaction() as transaction:
        for kind in _ADDED_BY_HAND:
            open_alert(
                transaction,
                kind,
                "telegram",
                cause=None,
                reported="x",
                failed_at=later,
                opened_at=later,
                channels=routes("console"),
                now=now(),
            )
    for minutes in (0, 1, 2):
        store.agents.review(now=later + timedelta(minutes=minutes), channels=routes("console"))
    # Otherwise its recovery would wait until its outage is sent.
    assert (api.call("POST", "/deliver_notifications").json or {})["SENT"] == 1 + len(_ADDED_BY_HAND)
    return {alert["kind"]: alert["id"] for alert in api.get("/alerts")["alerts"]}


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    """A browser for all tests of a file: to start one takes a second."""
    with browser() as found:
        yield found
