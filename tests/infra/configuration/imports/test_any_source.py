"""Any source comes in, or is refused with a reason. Nothing ends in a traceback."""

import contextlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.configuration.imports import upptime
from infra.configuration.imports.gatus import conversion as gatus
from infra.configuration.imports.gatus.files import TOP_LEVEL
from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Imported, SourceUnreadable
from infra.configuration.imports.sources import read
from infra.configuration.imports.uptimeflare import conversion as uptimeflare
from infra.configuration.imports.writing import yaml_text
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import read_back
from tests.infra.configuration.imports.set_ups import NOW, SETUPS

pytestmark = pytest.mark.slow

QUICK = settings(max_examples=60)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "https://h",
            "tcp://h:1",
            "${X}",
            "$X",
            "[STATUS] == 200",
            "1m",
            "http://[",
            "discord",
            "a@b",
            "[0]",
            "{}",
            "::1",
        ]
    )
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3)
)
ENDPOINT_KEYS = sorted(
    keys(
        """name url group dns ssh alerts conditions client headers interval body maintenance-windows ui enabled
        method token heartbeat type webhook-url provider-override query-name start every"""
    )
)
SITE_KEYS = sorted(keys("name url check port headers body method expectedStatusCodes maxResponseTime tags ipv6"))
FLARE_KEYS = sorted(
    keys(
        """id name method target tooltip expectedCodes timeout headers body responseKeyword url payloadType payload
        monitors title start end"""
    )
)
KUMA_TYPES = sorted(
    keys(
        """http keyword json-query port ping dns docker push group mqtt postgres mysql redis mongodb rabbitmq
        smtp websocket-upgrade grpc-keyword real-browser steam"""
    )
)


def settle(imported: Imported) -> None:
    """The result is a right configuration. A channel that lacks a value gives way to one that lacks none."""
    settled = Imported(imported.notes, imported.secrets, imported.monitors)
    settled.windows, settled.status_page = imported.windows, imported.status_page
    settled.status_pages = imported.status_pages
    settled.channels = {
        name: {"kind": "apprise", "url": "bark://host/device"} if lacks_a_value(channel, imported) else channel
        for name, channel in imported.channels.items()
    }
    with TemporaryDirectory() as folder:
        configuration = read_back(settled, Path(folder), imported.secrets.missing())
    assert [policy.name for policy in configuration.monitors] == [monitor["name"] for monitor in imported.monitors]
    assert yaml.safe_load(yaml_text(imported)) is not None
    for note in imported.notes:
        assert str(note).isprintable()


def lacks_a_value(channel: dict[str, Any], imported: Imported) -> bool:
    return any(f"${{{name}}}" in str(channel) for name in imported.secrets.missing())


def settle_or_refuse(file: Path) -> None:
    with contextlib.suppress(SourceUnreadable):
        settle(read(file, NOW))


def mappings(keys: list[str], values: st.SearchStrategy[Any] = ANYTHING) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), values, max_size=8)


@QUICK
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "source")
        file.write_bytes(data)
        settle_or_refuse(file)


@QUICK
@given(st.data())
def test_a_garbled_set_up_is_read_or_refused(data: st.DataObject) -> None:
    """A set-up of the tests, with some of its characters changed or gone."""
    setup = data.draw(st.sampled_from(SETUPS))
    file = data.draw(st.sampled_from(sorted(path for path in (setup / "source").rglob("*") if path.is_file())))
    text = file.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + data.draw(st.text(max_size=4)) + text[end:]
    with TemporaryDirectory() as folder:
        garbled = Path(folder, file.name)
        garbled.write_text(text, encoding="utf-8", errors="replace")
        settle_or_refuse(garbled)


@QUICK
@given(mappings(sorted(TOP_LEVEL), ANYTHING | st.lists(mappings(ENDPOINT_KEYS), max_size=3)))
def test_any_values_in_a_gatus_file_come_in(configuration: dict[str, Any]) -> None:
    imported = Imported()
    gatus.convert(configuration, imported, is_from_cluster=False)
    settle(imported)


@QUICK
@given(
    st.dictionaries(
        st.sampled_from(["discord", "email", "telegram", "custom", "matrix", "signal"]),
        mappings(["webhook-url", "token", "id", "host", "port", "to", "from", "url", "headers", "overrides"]),
        max_size=3,
    ),
    st.lists(mappings(["type", "enabled", "failure-threshold", "send-on-resolved", "provider-override"]), max_size=3),
)
def test_any_alerting_comes_in(alerting: dict[str, Any], alerts: list[dict[str, Any]]) -> None:
    given_alerts = [{"type": kind} for kind in alerting] + alerts
    endpoint = {"name": "M", "group": "g", "url": "icmp://h", "alerts": given_alerts}
    imported = Imported()
    gatus.convert({"alerting": alerting, "endpoints": [endpoint]}, imported, is_from_cluster=True)
    settle(imported)


@QUICK
@given(mappings(["sites", "status-website", "workflowSchedule"], ANYTHING | st.lists(mappings(SITE_KEYS), max_size=3)))
def test_any_values_in_an_upptime_file_come_in(document: dict[str, Any]) -> None:
    imported = Imported()
    upptime.convert(document, imported)
    settle(imported)


@QUICK
@given(
    mappings(
        ["monitors", "notification", "passwordProtection", "callbacks"],
        ANYTHING
        | st.lists(mappings(FLARE_KEYS), max_size=3)
        | mappings(["webhook", "recipientUrl", "gracePeriod"], ANYTHING | mappings(FLARE_KEYS)),
    ),
    mappings(["title", "group", "logo"]),
    ANYTHING | st.lists(mappings(FLARE_KEYS), max_size=3),
)
def test_any_values_in_an_uptimeflare_file_come_in(worker: dict[str, Any], page: dict[str, Any], windows: Any) -> None:
    parts = {"workerConfig": worker, "pageConfig": page, "maintenances": windows}
    text = "".join(f"const {name} = {json.dumps(part, skipkeys=True)}\n" for name, part in parts.items())
    imported = Imported()
    with contextlib.suppress(SourceUnreadable):
        uptimeflare.convert(text.replace('"$X"', "env.X"), "uptime.config.ts", imported, NOW)
        settle(imported)


COLUMNS = (
    st.none()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.binary(max_size=6)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(
        ["[]", "{}", '["200"]', "https://h", "[1, 2]", '{"a": {}}', "http://[", "h", "2025-01-01", "12:30"]
    )
)


@QUICK
@given(st.data())
def test_any_values_in_a_database_come_in(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        kuma = Kuma(Path(folder, "kuma.db"))
        for number in range(3):
            kuma.monitor(f"M{number}", data.draw(st.sampled_from(KUMA_TYPES)), parent=data.draw(st.integers(0, 4)))
        kuma.notification("n", data.draw(st.sampled_from(["smtp", "telegram", "webhook", "apprise", "signal"])), 1)
        kuma.maintenance("w", 1, strategy="recurring-weekday", weekdays=[1], start_time="01:00", end_time="02:00")
        kuma.page("p", {"A": [1, 2]})
        file = kuma.close()
        with closing(sqlite3.connect(file)) as database:
            for table in ("monitor", "notification", "maintenance", "status_page", "group", "monitor_group"):
                names = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")') if row[1] != "id"]
                for name in data.draw(st.lists(st.sampled_from(names), max_size=6, unique=True)):
                    database.execute(f'UPDATE OR IGNORE "{table}" SET "{name}" = ?', [data.draw(COLUMNS)])
            database.commit()
        settle_or_refuse(file)


@QUICK
@given(st.lists(mappings(["id", "name", "type", "url", "config", "tags", "parent", "notificationIDList"]), max_size=4))
def test_any_values_in_a_backup_come_in(entries: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "backup.json")
        file.write_text(json.dumps({"monitorList": entries, "notificationList": entries}, skipkeys=True))
        settle_or_refuse(file)


@QUICK
@given(mappings(["discordWebhookUrl", "smtpHost", "smtpTo", "smtpPort", "telegramChatID", "webhookAdditionalHeaders"]))
def test_any_configuration_of_a_notification_comes_in(config: dict[str, Any]) -> None:
    listed = [
        {"id": number, "name": "n", "config": {**config, "type": kind}}
        for number, kind in enumerate(("discord", "smtp", "telegram", "webhook", "apprise", "matrix", "signal", "Bark"))
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder, "backup.json")
        file.write_text(json.dumps({"notificationList": listed}, skipkeys=True))
        settle(read(file, NOW))
