"""The import of each type of monitor that Uptime Kuma checks without HTTP."""

from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import monitor, notes, one, read_back, said, values
from tests.infra.configuration.imports.set_ups import NOW


@pytest.mark.parametrize(
    ("kind", "columns", "fields"),
    [
        ("port", {"hostname": "db", "port": 5432}, {"url": "tcp://db:5432"}),
        ("port", {"hostname": "2001:db8::1", "port": 22}, {"url": "tcp://[2001:db8::1]:22"}),
        (
            "port",
            {"hostname": "mail", "port": 465, "smtp_security": "secure"},
            {"url": "tls://mail:465", "certificate_expiry": ["21d", "14d", "7d"]},
        ),
        (
            "port",
            {"hostname": "mail", "port": 587, "smtp_security": "starttls", "expiry_notification": 0},
            {"url": "starttls://mail:587", "certificate_expiry": None},
        ),
        (
            "port",
            {"hostname": "mail", "port": 1587, "smtp_security": "starttls"},
            {"url": "starttls://mail:1587", "protocol": "smtp"},
        ),
        ("ping", {"hostname": "gateway", "ping_count": 3}, {"url": "icmp://gateway", "packets": 3}),
        ("ping", {"url": "https://host.example.org/x"}, {"url": "icmp://host.example.org"}),
        (
            "dns",
            {"hostname": "example.org", "dns_resolve_server": "9.9.9.9", "dns_resolve_type": "MX", "port": 53},
            {"url": "dns://9.9.9.9", "dns": {"query_name": "example.org", "query_type": "MX"}},
        ),
        (
            "dns",
            {"hostname": "192.0.2.7", "dns_resolve_server": "::1", "dns_resolve_type": "PTR", "port": 5353},
            {
                "url": "dns://[::1]:5353",
                "dns": {"query_name": "7.2.0.192.in-addr.arpa", "query_type": "PTR"},
            },
        ),
        ("docker", {"docker_container": "web"}, {"url": "docker://web"}),
        ("mqtt", {"hostname": "mqtt://broker", "port": 1884}, {"url": "mqtt://broker:1884"}),
        ("mysql", {"database_connection_string": "mysql://u:pw@db:3306/x"}, {"url": "mysql://db:3306"}),
        (
            "redis",
            {"database_connection_string": "redis://:pw@cache:6379"},
            {"url": "redis://:${MONITOR_M_URL_PASSWORD}@cache:6379"},
        ),
        (
            "redis",
            {"database_connection_string": "rediss://cache:6380", "ignore_tls": 1},
            {"url": "rediss://cache:6380", "verify_tls": False},
        ),
        ("redis", {"database_connection_string": "redis://cache", "ignore_tls": 1}, {"verify_tls": None}),
        (
            "mqtt",
            {"hostname": "mqtts://broker", "port": 8883, "mqtt_username": "u@x", "mqtt_password": "pw"},
            {"url": "mqtts://u%40x:${MONITOR_M_URL_PASSWORD}@broker:8883"},
        ),
        ("mongodb", {"database_connection_string": "mongodb://u:pw@m/x"}, {"url": "mongodb://m"}),
        ("smtp", {"hostname": "mail", "port": 25}, {"url": "smtp://mail:25"}),
        ("smtp", {"hostname": "mail", "port": 465, "smtp_security": "secure"}, {"url": "smtps://mail:465"}),
        (
            "smtp",
            {"hostname": "mail", "port": 587, "smtp_security": "starttls"},
            {"url": "starttls://mail:587", "protocol": "smtp"},
        ),
        (
            "websocket-upgrade",
            {"url": "wss://ws.example.org", "ws_subprotocol": "mqtt", "accepted_statuscodes_json": ["1000"]},
            {"url": "wss://ws.example.org", "headers": {"Sec-WebSocket-Protocol": "mqtt"}},
        ),
        (
            "grpc-keyword",
            {
                "grpc_url": "rpc:50051",
                "grpc_service_name": "grpc.health.v1.Health",
                "grpc_method": "check",
                "grpc_body": '{"service": "shop"}',
                "keyword": "SERVING",
            },
            {"url": "grpc://rpc:50051/shop"},
        ),
        ("real-browser", {"url": "https://example.org"}, {"accepted_status_codes": ["200-399"]}),
    ],
)
def test_each_type_becomes_a_kind_of_check(
    kuma: Kuma, kind: str, columns: dict[str, Any], fields: dict[str, Any]
) -> None:
    found, imported = one(kuma, kind, **columns)
    assert {name: found.get(name) for name in fields} == fields
    assert "pw" not in str(imported.notes)


@pytest.mark.parametrize("scheme", ["postgres", "mongodb", "redis"])
def test_the_first_of_several_hosts_is_kept(kuma: Kuma, scheme: str) -> None:
    found, imported = one(kuma, scheme, database_connection_string=f"{scheme}://db:1,other:2/x?y=1,2")
    assert found["url"] == f"{scheme}://db:1" + ("/x?y=1,2" if scheme == "postgres" else "")
    assert said(imported, "only the first of them is asked")


def test_a_query_of_postgresql_keeps_its_login(kuma: Kuma) -> None:
    url = "postgres://u:s3cret@db:5432/x"
    found, imported = one(kuma, "postgres", database_connection_string=url, database_query="SELECT 1")
    assert (found["url"], found["query"]) == ("postgres://u:${MONITOR_M_URL_PASSWORD}@db:5432/x", "SELECT 1")
    assert values(imported) == {"MONITOR_M_URL_PASSWORD": "s3cret"}


def test_an_engine_elsewhere_is_named_in_the_url(kuma: Kuma) -> None:
    tcp = kuma.add("docker_host", name="a", docker_type="tcp", docker_daemon="http://10.0.0.2:2375")
    socket = kuma.add("docker_host", name="b", docker_type="socket", docker_daemon="/run/podman.sock")
    usual = kuma.add("docker_host", name="c", docker_type="socket", docker_daemon="/var/run/docker.sock")
    for host in (tcp, socket, usual):
        kuma.monitor("M", "docker", docker_container="web", docker_host=host)
    assert [each["url"] for each in read(kuma.close(), NOW).monitors] == [
        "docker://web?host=tcp://10.0.0.2:2375",
        "docker://web?host=unix:///run/podman.sock",
        "docker://web",
    ]


def test_an_engine_behind_tls_is_asked_over_tls(kuma: Kuma) -> None:
    host = kuma.add("docker_host", name="a", docker_type="tcp", docker_daemon="https://docker.lan:2376")
    found, imported = one(kuma, "docker", docker_container="web", docker_host=host)
    assert found["url"] == "docker://web?host=https://docker.lan:2376"
    assert said(imported, "docker_host", "set client_certificate")


def test_rabbitmq_is_asked_by_its_api(kuma: Kuma) -> None:
    nodes = ["https://a.example.org:15671/", "https://b.example.org"]
    found, imported = one(kuma, "rabbitmq", rabbitmq_nodes=nodes, rabbitmq_username="u", rabbitmq_password="p")
    assert found["url"] == "https://a.example.org:15671/api/health/checks/alarms"
    assert found["basic_auth"] == {"username": "u", "password": "${MONITOR_M_PASSWORD}"}
    assert said(imported, "only the first of 2 nodes")


def test_a_heartbeat_keeps_its_token(kuma_of_each_version: Kuma, tmp_path: Path) -> None:
    kuma = kuma_of_each_version
    kuma.monitor("Nightly backup", "push", push_token="aB3dE5fG7h", interval=90_000, maxretries=2, retry_interval=600)
    kuma.monitor("Strict", "push", push_token="0123456789", interval=60)
    imported = read(kuma.close(), NOW)
    found = monitor(imported, "Nightly backup")
    assert found["heartbeat"] == {"period": "1d1h", "grace": "20m", "token": "${MONITOR_NIGHTLY_BACKUP_TOKEN}"}
    assert "interval" not in found
    assert "timeout" not in found
    assert monitor(imported, "Strict")["heartbeat"]["grace"] == "1s"
    written = read_back(imported, tmp_path / "out").monitors[0].heartbeat
    assert written is not None
    assert written.token == "aB3dE5fG7h"


def test_conditions_on_records_are_approximated_and_said(kuma: Kuma) -> None:
    condition = {"type": "expression", "variable": "record", "operator": "equals", "value": "192.0.2.1"}
    columns = {"hostname": "example.org", "dns_resolve_server": "9.9.9.9", "dns_resolve_type": "A"}
    found, imported = one(kuma, "dns", conditions=[condition], **columns)
    assert found["conditions"] == ["[BODY] == pat(*192.0.2.1*)"]
    assert said(imported, "the value is looked for anywhere in all records together, also within a longer one")


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("mysql", {"database_connection_string": "mysql://db"}),
        ("postgres", {"database_connection_string": "postgres://u:p@db", "database_query": "SELECT 1"}),
        ("mqtt", {"hostname": "broker"}),
    ],
)
def test_conditions_on_a_result_are_left_out_and_said(kuma: Kuma, kind: str, columns: dict[str, Any]) -> None:
    condition = {"type": "expression", "variable": "result", "operator": "equals", "value": "1"}
    found, imported = one(kuma, kind, conditions=[condition], **columns)
    assert "conditions" not in found
    assert said(imported, "monitors 'M': conditions", "they are left out")


@pytest.mark.parametrize(
    "kind",
    [
        "steam",
        "gamedig",
        "radius",
        "sqlserver",
        "kafka-producer",
        "tailscale-ping",
        "snmp",
        "manual",
        "globalping",
        "system-service",
        "ntp",
        "oracledb",
        "pm2",
        "sip-options",
        "of the future",
    ],
)
def test_a_type_without_a_counterpart_is_left_out_and_said(kuma: Kuma, kind: str) -> None:
    kuma.monitor("M", kind, hostname="host", port=1)
    imported = read(kuma.close(), NOW)
    assert imported.monitors == []
    assert notes(imported, "monitors 'M'") == [f"type {kind}: there is no such kind of check here; it is left out"]


@pytest.mark.parametrize(
    ("kind", "columns", "reason"),
    [
        ("port", {"hostname": "db"}, "it has no port"),
        ("ping", {}, "it has no host"),
        ("docker", {}, "it has no container"),
        ("mongodb", {"database_connection_string": "mongodb+srv://m/x"}, "none that is known here"),
        ("redis", {"database_connection_string": "redis://[::1"}, "its URL is malformed"),
        ("grpc-keyword", {"grpc_service_name": "Greeter", "grpc_method": "hello"}, "only the health service"),
        (
            "grpc-keyword",
            {"grpc_url": "a:1", "grpc_service_name": "Health", "grpc_method": "check", "invert_keyword": 1},
            "a keyword that must not be in the answer",
        ),
        ("http", {"url": "example.org"}, "a URL that begins with"),
    ],
)
def test_a_monitor_without_a_target_is_left_out_and_said(
    kuma: Kuma, kind: str, columns: dict[str, Any], reason: str
) -> None:
    kuma.monitor("M", kind, **columns)
    imported = read(kuma.close(), NOW)
    assert imported.monitors == []
    assert reason in notes(imported, "monitors 'M'")[0]
