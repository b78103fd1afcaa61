"""What becomes of each type of monitor, and of each option, of Uptime Kuma."""

from typing import Any

import pytest

from infra.configuration.imports import read
from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import monitor, notes, read_back, said, values
from tests.infra.configuration.imports.set_ups import NOW


def only(kuma: Kuma) -> tuple[dict[str, Any], Imported]:
    imported = read(kuma.close(), NOW)
    return imported.monitors[0], imported


def one(kuma: Kuma, kind: str = "http", **columns: Any) -> tuple[dict[str, Any], Imported]:
    kuma.monitor("M", kind, **columns)
    return only(kuma)


def test_what_the_form_fills_in_is_written_out(kuma_of_each_version: Kuma) -> None:
    found, imported = one(kuma_of_each_version)
    assert found == {
        "name": "M",
        "url": "https://example.org/",
        "interval": "1m",
        "timeout": "48s",
        "failure_threshold": 1,
        "channels": [],
        "accepted_status_codes": ["200-299"],
        "certificate_expiry": ["21d", "14d", "7d"],
    }
    assert [str(note) for note in imported.notes] == [
        "monitors: 1 without a notification: they notify no channel, as in Uptime Kuma (channels: [])"
    ]


def test_thresholds_and_reminders_are_carried_over(kuma: Kuma) -> None:
    found, imported = one(kuma, interval=30, retry_interval=10, maxretries=3, resend_interval=20, timeout=5)
    assert found["failure_threshold"] == 4
    assert (found["interval"], found["retry_interval"], found["timeout"]) == ("30s", "10s", "5s")
    assert found["reminder_interval"] == "10m"
    assert said(imported, "monitors 'M': retry_interval of 10 s", "the interval of 30 s holds while")


def test_a_retry_like_the_interval_is_nothing_to_say(kuma: Kuma) -> None:
    found, imported = one(kuma, maxretries=2)
    assert "retry_interval" not in found
    assert notes(imported, "monitors 'M'") == []


def test_without_a_timeout_it_is_four_fifths_of_the_interval(kuma: Kuma) -> None:
    assert one(kuma, interval=100, timeout=0)[0]["timeout"] == "1m20s"


def test_switches_are_carried_over(kuma: Kuma) -> None:
    found, _ = one(kuma, upside_down=1, active=0, ignore_tls=1, maxredirects=0, expiry_notification=1)
    assert (found["upside_down"], found["enabled"], found["verify_tls"], found["follow_redirects"]) == (
        True,
        False,
        False,
        False,
    )
    # Uptime Kuma says nothing about a certificate that it does not verify.
    assert "certificate_expiry" not in found


def test_the_days_before_a_certificates_end_are_the_settings(kuma: Kuma) -> None:
    kuma.add("setting", key="tlsExpiryNotifyDays", value="[3, 30]")
    assert one(kuma)[0]["certificate_expiry"] == ["30d", "3d"]


def test_a_request_is_carried_over(kuma: Kuma) -> None:
    found, imported = one(
        kuma,
        method="POST",
        body='{"q": 1}',
        http_body_encoding="json",
        headers={"Accept": "text/html", "X-Api-Key": "k3y"},
        accepted_statuscodes_json=["200-299", "301", "401"],
        maxredirects=3,
        ip_family="ipv6",
        description="The shop",
    )
    assert (found["method"], found["body"], found["max_redirects"], found["ip_version"]) == ("POST", '{"q": 1}', 3, 6)
    assert found["headers"] == {
        "Accept": "text/html",
        "X-Api-Key": "${MONITOR_M_X_API_KEY}",
        "Content-Type": "application/json",
    }
    assert found["accepted_status_codes"] == ["200-299", 301, 401]
    assert found["description"] == "The shop"
    assert values(imported) == {"MONITOR_M_X_API_KEY": "k3y"}


def test_a_body_with_a_password_is_a_secret(kuma: Kuma) -> None:
    found, imported = one(kuma, method="POST", body='{"password": "pa$$w0rd"}')
    assert found["body"] == "${MONITOR_M_BODY_SECRET}"
    assert values(imported) == {"MONITOR_M_BODY_SECRET": '{"password": "pa$$w0rd"}'}


@pytest.mark.parametrize(
    ("columns", "fields", "secrets"),
    [
        (
            {"auth_method": "basic", "basic_auth_user": "u", "basic_auth_pass": "p${w}"},
            {"basic_auth": {"username": "u", "password": "${MONITOR_M_PASSWORD}"}},
            {"MONITOR_M_PASSWORD": "p${w}"},
        ),
        (
            {"url": "https://u:p%40w@example.org/"},
            {"url": "https://example.org/", "basic_auth": {"username": "u", "password": "${MONITOR_M_PASSWORD}"}},
            {"MONITOR_M_PASSWORD": "p@w"},
        ),
        (
            {"auth_method": "bearer", "bearer_token": "t0ken"},
            {"bearer_token": "${MONITOR_M_BEARER_TOKEN}"},
            {"MONITOR_M_BEARER_TOKEN": "t0ken"},
        ),
        (
            {
                "auth_method": "oauth2-cc",
                "oauth_token_url": "https://id.example.org/token",
                "oauth_client_id": "kuma",
                "oauth_client_secret": "s3cret",
                "oauth_scopes": "read write",
            },
            {
                "oauth2": {
                    "token_url": "https://id.example.org/token",
                    "client_id": "kuma",
                    "client_secret": "${MONITOR_M_CLIENT_SECRET}",
                    "scopes": ["read", "write"],
                }
            },
            {"MONITOR_M_CLIENT_SECRET": "s3cret"},
        ),
        (
            {
                "auth_method": "mtls",
                "tls_cert": "-----BEGIN CERTIFICATE-----\nA\n",
                "tls_key": "-----BEGIN PRIVATE KEY-----\nB\n",
                "tls_ca": "-----BEGIN CERTIFICATE-----\nC\n",
            },
            {
                "client_certificate": {
                    "certificate": "-----BEGIN CERTIFICATE-----\nA\n",
                    "key": "${MONITOR_M_CLIENT_KEY}",
                },
                "ca_certificate": "-----BEGIN CERTIFICATE-----\nC\n",
            },
            {"MONITOR_M_CLIENT_KEY": "-----BEGIN PRIVATE KEY-----\nB\n"},
        ),
    ],
    ids=["basic", "in the URL", "bearer", "oauth2", "mtls"],
)
def test_credentials_are_carried_over_as_secrets(
    kuma: Kuma, columns: dict[str, Any], fields: dict[str, Any], secrets: dict[str, str]
) -> None:
    found, imported = one(kuma, **columns)
    assert {name: found.get(name) for name in fields} == fields
    assert values(imported) == secrets


def test_ntlm_is_imported_paused_and_noted(kuma: Kuma) -> None:
    columns = {"auth_method": "ntlm", "basic_auth_user": "u", "basic_auth_pass": "p4ss", "auth_domain": "CORP"}
    kuma.monitor("NTLM", **columns)
    found, imported = only(kuma)
    assert (found["name"], found["enabled"]) == ("NTLM", False)
    assert len(notes(imported, "monitors 'NTLM'")) == 1
    assert said(imported, "monitors 'NTLM': user, domain and workstation: NTLM is not supported", "imported paused")
    assert "p4ss" not in str(imported)


def test_a_proxy_is_carried_over_with_its_password(kuma: Kuma) -> None:
    proxy = kuma.add("proxy", protocol="socks5", host="proxy", port=1080, auth=1, username="u", password="p@x")
    found, imported = one(kuma, proxy_id=proxy)
    assert found["proxy"] == "socks5://u:${MONITOR_M_PROXY_PASSWORD}@proxy:1080"
    assert values(imported) == {"MONITOR_M_PROXY_PASSWORD": "p%40x"}


def test_keywords_are_carried_over_as_they_are(kuma: Kuma) -> None:
    kuma.monitor("Wanted", "keyword", keyword="Costs ${5} $$")
    kuma.monitor("Forbidden", "keyword", keyword="error", invert_keyword=1)
    imported = read(kuma.close(), NOW)
    assert monitor(imported, "Wanted")["keyword"] == "Costs ${5} $$"
    assert monitor(imported, "Forbidden")["forbidden_keyword"] == "error"


@pytest.mark.parametrize(
    ("columns", "conditions"),
    [
        (
            {"json_path": "$.data[0].state", "expected_value": "UP"},
            ["[STATUS] >= 200", "[STATUS] <= 299", "[BODY].data[0].state == UP"],
        ),
        (
            {"json_path": "size", "expected_value": "5", "json_path_operator": ">="},
            ["[STATUS] >= 200", "[STATUS] <= 299", "[BODY].size >= 5"],
        ),
        (
            {
                "json_path": "$",
                "expected_value": "ok",
                "json_path_operator": "contains",
                "accepted_statuscodes_json": ["200", "204", "301"],
            },
            ["[STATUS] == any(200, 204, 301)", "[BODY] == pat(*ok*)"],
        ),
        (
            {"json_path": "a", "expected_value": "1", "accepted_statuscodes_json": ["404"]},
            ["[STATUS] == 404", "[BODY].a == 1"],
        ),
    ],
)
def test_a_json_query_becomes_conditions(kuma: Kuma, columns: dict[str, Any], conditions: list[str]) -> None:
    """They take the place of the default judgement, so the status codes are among them."""
    found, _ = one(kuma, "json-query", **columns)
    assert found["conditions"] == conditions
    assert "accepted_status_codes" not in found


def test_a_query_in_jsonata_is_noted(kuma: Kuma) -> None:
    found, imported = one(kuma, "json-query", json_path="$count(items[price > 5])", expected_value="1")
    assert found["accepted_status_codes"] == ["200-299"]
    assert said(imported, "monitors 'M': json_path $count(items[price > 5])", "only the status code is judged")


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


def test_rabbitmq_is_asked_by_its_api(kuma: Kuma) -> None:
    nodes = ["https://a.example.org:15671/", "https://b.example.org"]
    found, imported = one(kuma, "rabbitmq", rabbitmq_nodes=nodes, rabbitmq_username="u", rabbitmq_password="p")
    assert found["url"] == "https://a.example.org:15671/api/health/checks/alarms"
    assert found["basic_auth"] == {"username": "u", "password": "${MONITOR_M_PASSWORD}"}
    assert said(imported, "only the first of 2 nodes")


def test_a_heartbeat_keeps_its_token(kuma_of_each_version: Kuma, tmp_path: Any) -> None:
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
    assert said(imported, "the value is looked for in all records together")


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


def test_names_that_are_not_unique_get_a_number(kuma: Kuma) -> None:
    for name in ("Home", "Home", "Home 2", "Home"):
        kuma.monitor(name)
    imported = read(kuma.close(), NOW)
    assert [each["name"] for each in imported.monitors] == ["Home", "Home 2", "Home 2 2", "Home 3"]
    assert said(imported, "monitors 'Home': name: another monitor has it; this one is 'Home 2'")


def test_tags_have_their_values(kuma: Kuma) -> None:
    identity = kuma.monitor("M")
    kuma.tag(identity, "env", "prod")
    kuma.tag(identity, "critical")
    assert only(kuma)[0]["tags"] == ["env: prod", "critical"]


def test_groups_are_the_parents(kuma: Kuma, tmp_path: Any) -> None:
    web = kuma.monitor("Web", "group", description="All of it")
    inner = kuma.monitor("Inner", "group", parent=web)
    kuma.monitor("Site", parent=web)
    kuma.monitor("API", parent=inner)
    kuma.monitor("Empty", "group")
    imported = read(kuma.close(), NOW)
    assert {each["name"]: each["group"] for each in imported.monitors} == {"Site": "Web", "API": "Web / Inner"}
    assert said(imported, "groups 'Web / Inner'", "groups are flat here")
    assert said(imported, "groups 'Web': tags and description")
    assert said(imported, "groups 'Empty'", "no monitor is in it")
    assert read_back(imported, tmp_path / "out").monitors[0].group == "Web"


def test_a_parent_that_is_checked_is_depended_on(kuma: Kuma) -> None:
    gateway = kuma.monitor("Gateway", "ping", hostname="192.0.2.1")
    kuma.monitor("Site", parent=gateway)
    found = monitor(read(kuma.close(), NOW), "Site")
    assert (found["group"], found["depends_on"]) == ("Gateway", ["Gateway"])


def test_below_a_paused_group_everything_is_paused(kuma: Kuma) -> None:
    kuma.monitor("Site", parent=kuma.monitor("Web", "group", active=0))
    found, imported = only(kuma)
    assert found["enabled"] is False
    assert said(imported, "monitors 'Site': active: its group is paused")


def test_groups_that_hold_each_other_end_nothing(kuma: Kuma) -> None:
    kuma.monitor("A", "group", parent=2)
    kuma.monitor("B", "group", parent=1)
    kuma.monitor("Site", parent=1)
    assert only(kuma)[0]["group"] == "B / A"


def test_options_of_2_x_that_are_lost_are_said(kuma: Kuma) -> None:
    _, imported = one(kuma, cache_bust=1, retry_only_on_status_code_failure=1, domain_expiry_notification=1)
    assert {note.split(":")[0] for note in notes(imported, "monitors 'M'")} == {
        "a query that defeats caches",
        "retrying only after a wrong status code",
    }
    assert said(imported, "monitors: domain_expiry_notification of 1")
