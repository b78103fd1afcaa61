"""A ``kuma.db`` as Uptime Kuma 1.23 and 2.x lay it out, filled by the tests as its forms fill it.

``setups/uptime-kuma-1.23`` holds what Uptime Kuma itself wrote into these tables.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

# The columns with their types and defaults. Those of 2.x are in addition to these.
_MONITOR = """
    id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(150), active BOOLEAN NOT NULL DEFAULT 1, user_id INTEGER,
    interval INTEGER NOT NULL DEFAULT 20, url TEXT, type VARCHAR(20), weight INTEGER DEFAULT 2000,
    hostname VARCHAR(255), port INTEGER, created_date DATETIME NOT NULL DEFAULT (DATETIME('now')), keyword VARCHAR(255),
    maxretries INTEGER NOT NULL DEFAULT 0, ignore_tls BOOLEAN NOT NULL DEFAULT 0,
    upside_down BOOLEAN NOT NULL DEFAULT 0, maxredirects INTEGER NOT NULL DEFAULT 10,
    accepted_statuscodes_json TEXT NOT NULL DEFAULT '["200-299"]', dns_resolve_type VARCHAR(5),
    dns_resolve_server VARCHAR(255), dns_last_result VARCHAR(255), retry_interval INTEGER NOT NULL DEFAULT 0,
    push_token VARCHAR(20) DEFAULT NULL, method TEXT NOT NULL DEFAULT 'GET', body TEXT, headers TEXT,
    basic_auth_user TEXT, basic_auth_pass TEXT, docker_host INTEGER, docker_container VARCHAR(255), proxy_id INTEGER,
    expiry_notification BOOLEAN DEFAULT 1, mqtt_topic TEXT, mqtt_success_message VARCHAR(255),
    mqtt_username VARCHAR(255), mqtt_password VARCHAR(255), database_connection_string VARCHAR(2000),
    database_query TEXT, auth_method VARCHAR(250), auth_domain TEXT, auth_workstation TEXT, grpc_url VARCHAR(255),
    grpc_protobuf TEXT, grpc_body TEXT, grpc_metadata TEXT, grpc_method VARCHAR(255), grpc_service_name VARCHAR(255),
    grpc_enable_tls BOOLEAN NOT NULL DEFAULT 0, radius_username VARCHAR(255), radius_password VARCHAR(255),
    radius_calling_station_id VARCHAR(50), radius_called_station_id VARCHAR(50), radius_secret VARCHAR(255),
    resend_interval INTEGER NOT NULL DEFAULT 0, packet_size INTEGER NOT NULL DEFAULT 56, game VARCHAR(255),
    http_body_encoding VARCHAR(25), description TEXT, tls_ca TEXT, tls_cert TEXT, tls_key TEXT, parent INTEGER,
    invert_keyword BOOLEAN NOT NULL DEFAULT 0, json_path TEXT, expected_value VARCHAR(255),
    kafka_producer_topic VARCHAR(255), kafka_producer_brokers TEXT, kafka_producer_sasl_options TEXT,
    kafka_producer_message TEXT, oauth_client_id TEXT, oauth_client_secret TEXT, oauth_token_url TEXT,
    oauth_scopes TEXT, oauth_auth_method TEXT, timeout DOUBLE NOT NULL DEFAULT 0,
    gamedig_given_port_only BOOLEAN NOT NULL DEFAULT 1, kafka_producer_ssl {ssl},
    kafka_producer_allow_auto_topic_creation {topics}
"""
_KAFKA = {
    1: {"ssl": "INTEGER", "topics": "VARCHAR(255)"},
    2: dict.fromkeys(("ssl", "topics"), "BOOLEAN NOT NULL DEFAULT 0"),
}
_MONITOR_2 = """
    mqtt_check_type VARCHAR(255) NOT NULL DEFAULT 'keyword', remote_browser INTEGER, snmp_oid VARCHAR(255),
    snmp_version VARCHAR(255) DEFAULT '2c', snmp_v3_username VARCHAR(255), json_path_operator VARCHAR(255),
    cache_bust BOOLEAN NOT NULL DEFAULT 0, conditions TEXT NOT NULL DEFAULT '[]', rabbitmq_nodes TEXT,
    rabbitmq_username VARCHAR(255), rabbitmq_password VARCHAR(255), smtp_security VARCHAR(255),
    ws_ignore_sec_websocket_accept_header BOOLEAN NOT NULL DEFAULT 0, ws_subprotocol VARCHAR(255) NOT NULL DEFAULT '',
    ping_count INTEGER NOT NULL DEFAULT 1, ping_numeric BOOLEAN NOT NULL DEFAULT 1,
    ping_per_request_timeout INTEGER NOT NULL DEFAULT 2, ip_family VARCHAR(4), manual_status SMALLINT,
    oauth_audience VARCHAR(255), mqtt_websocket_path VARCHAR(255),
    domain_expiry_notification BOOLEAN DEFAULT 0, save_response BOOLEAN NOT NULL DEFAULT 0,
    save_error_response BOOLEAN NOT NULL DEFAULT 1, response_max_length INTEGER NOT NULL DEFAULT 1024,
    system_service_name VARCHAR(255), subtype VARCHAR(10), location VARCHAR(255), protocol VARCHAR(20),
    expected_tls_alert VARCHAR(50), retry_only_on_status_code_failure BOOLEAN NOT NULL DEFAULT 0,
    screenshot_delay INTEGER NOT NULL DEFAULT 0, ntp_stratum_threshold INTEGER DEFAULT 5,
    ntp_time_offset_threshold INTEGER DEFAULT 1000, ntp_root_dispersion_threshold INTEGER DEFAULT 500,
    bearer_token TEXT, gamedig_token VARCHAR(255)
"""
_TABLES = {
    "notification": "name VARCHAR(255), config VARCHAR(255), active BOOLEAN NOT NULL DEFAULT 1, "
    "user_id INTEGER NOT NULL, is_default BOOLEAN NOT NULL DEFAULT 0",
    "monitor_notification": "monitor_id INTEGER NOT NULL, notification_id INTEGER NOT NULL",
    "tag": "name VARCHAR(255) NOT NULL, color VARCHAR(255) NOT NULL, {created}",
    "monitor_tag": "monitor_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, value TEXT",
    "group": "name VARCHAR(255) NOT NULL, {created}, public BOOLEAN NOT NULL DEFAULT 0, "
    "active BOOLEAN NOT NULL DEFAULT 1, weight BOOLEAN NOT NULL DEFAULT 1000, status_page_id INTEGER",
    "monitor_group": "monitor_id INTEGER NOT NULL, group_id INTEGER NOT NULL, weight BOOLEAN NOT NULL DEFAULT 1000, "
    "send_url BOOLEAN NOT NULL DEFAULT 0",
    "status_page": "slug VARCHAR(255) NOT NULL UNIQUE, title VARCHAR(255) NOT NULL, description TEXT, "
    "icon VARCHAR(255) NOT NULL, theme VARCHAR(30) NOT NULL, "
    "published BOOLEAN NOT NULL DEFAULT 1, search_engine_index BOOLEAN NOT NULL DEFAULT 1, "
    "show_tags BOOLEAN NOT NULL DEFAULT 0, password VARCHAR, "
    "created_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "
    "modified_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "
    "footer_text TEXT, custom_css TEXT, show_powered_by BOOLEAN NOT NULL DEFAULT 1, {analytics} VARCHAR, "
    "show_certificate_expiry BOOLEAN NOT NULL DEFAULT 0",
    "status_page_cname": "status_page_id INTEGER NOT NULL, domain VARCHAR NOT NULL UNIQUE",
    "incident": "title VARCHAR(255) NOT NULL, content TEXT NOT NULL, style VARCHAR(30) NOT NULL DEFAULT 'warning', "
    "{created}, last_updated_date DATETIME, pin BOOLEAN NOT NULL DEFAULT 1, "
    "active BOOLEAN NOT NULL DEFAULT 1, status_page_id INTEGER",
    "maintenance": "title VARCHAR(150) NOT NULL, description TEXT NOT NULL, user_id INTEGER, "
    "active BOOLEAN NOT NULL DEFAULT 1, strategy VARCHAR(50) NOT NULL DEFAULT 'single', start_date DATETIME, "
    "end_date DATETIME, start_time TIME, end_time TIME, weekdays VARCHAR2(250) DEFAULT '[]', "
    "days_of_month TEXT DEFAULT '[]', interval_day INTEGER, cron TEXT, timezone VARCHAR(255), duration INTEGER",
    "monitor_maintenance": "monitor_id INTEGER NOT NULL, maintenance_id INTEGER NOT NULL",
    "maintenance_status_page": "status_page_id INTEGER NOT NULL, maintenance_id INTEGER NOT NULL",
    "proxy": "user_id INT NOT NULL, protocol VARCHAR(10) NOT NULL, host VARCHAR(255) NOT NULL, "
    "port SMALLINT NOT NULL, auth BOOLEAN NOT NULL, username VARCHAR(255), password VARCHAR(255), "
    "active BOOLEAN NOT NULL DEFAULT 1, 'default' BOOLEAN NOT NULL DEFAULT 0, {created}",
    "docker_host": "user_id INT NOT NULL, docker_daemon VARCHAR(255), docker_type VARCHAR(255), name VARCHAR(255)",
    "setting": "key VARCHAR(200) NOT NULL UNIQUE, value TEXT, type VARCHAR(20)",
    "heartbeat": "important BOOLEAN NOT NULL DEFAULT 0, monitor_id INTEGER NOT NULL, status SMALLINT NOT NULL, "
    "msg TEXT, time DATETIME NOT NULL, ping INTEGER, duration INTEGER NOT NULL DEFAULT 0, "
    "down_count INTEGER NOT NULL DEFAULT 0",
}
_CREATED = "created_date DATETIME NOT NULL DEFAULT (DATETIME('now'))"
# Values that its forms fill in, and no column has by itself.
_FILLED: dict[str, dict[str, Any]] = {
    "monitor": {"user_id": 1},
    "notification": {"user_id": 1},
    "tag": {"color": "#059669"},
    "status_page": {"icon": "", "theme": "auto"},
    "maintenance": {"user_id": 1, "description": "", "interval_day": 1},
    "proxy": {"user_id": 1, "auth": False},
    "docker_host": {"user_id": 1},
}
_FORM = {
    "interval": 60,
    "retry_interval": 60,
    "timeout": 48,
    "url": "https://",
    "dns_resolve_type": "A",
    "dns_resolve_server": "1.1.1.1",
    "docker_container": "",
    "mqtt_topic": "",
    "mqtt_success_message": "",
    "mqtt_username": "",
    "mqtt_password": "",
    "oauth_auth_method": "client_secret_basic",
    "kafka_producer_brokers": [],
    "kafka_producer_sasl_options": {"mechanism": "None"},
}
_HTTP = ("http", "keyword", "json-query")
_EXTRA_2 = {
    "heartbeat": "end_time DATETIME, retries INTEGER NOT NULL DEFAULT 0, response TEXT",
    "status_page": "auto_refresh_interval INTEGER DEFAULT 300, analytics_script_url VARCHAR, analytics_type VARCHAR, "
    "show_only_last_heartbeat BOOLEAN NOT NULL DEFAULT 0, rss_title VARCHAR",
    "monitor_group": "custom_url TEXT",
    "maintenance": "last_start_date DATETIME",
}


class Kuma:
    """Fills a new ``kuma.db``. Each method adds a row and returns its id."""

    def __init__(self, file: Path, version: int = 2, *, is_wal: bool = False) -> None:
        self.file = file
        self.version = version
        self._database = sqlite3.connect(file)
        # No commit waits for the disk, and those that are not the file's own way need no journal beside it.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(f"PRAGMA journal_mode = {'WAL' if is_wal else 'MEMORY'}")
        self._database.execute("BEGIN")
        monitor = _MONITOR.format(**_KAFKA[version]) + ("" if version == 1 else f", {_MONITOR_2}")
        self._database.execute(f"CREATE TABLE monitor ({monitor})")
        for name, columns in _TABLES.items():
            analytics = "google_analytics_tag_id" if version == 1 else "analytics_id"
            text = columns.format(analytics=analytics, created=_CREATED)
            if version == 2 and name in _EXTRA_2:
                text = f"{text}, {_EXTRA_2[name]}"
            self._database.execute(f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, {text})')
        if version == 2:
            self._database.execute("CREATE TABLE knex_migrations (id INTEGER PRIMARY KEY, name VARCHAR(255))")
        self._database.commit()

    def add(self, table: str, **columns: Any) -> int:
        given = {**_FILLED.get(table, {}), **columns}
        values = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in given.items()}
        names, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" for _ in values)
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        with self._database:
            return int(self._database.execute(statement, list(values.values())).lastrowid or 0)

    def load(self, rows: str) -> Path:
        """Add rows that are written as SQL; the file, which is closed."""
        self._database.executescript(rows)
        return self.close()

    def monitor(self, name: str, kind: str = "http", **columns: Any) -> int:
        """A monitor as the form of Uptime Kuma fills it."""
        http = {"url": "https://example.org/", "http_body_encoding": "json"} if kind in _HTTP else {}
        return self.add("monitor", name=name, type=kind, **{**_FORM, **http, **columns})

    def notification(self, name: str, kind: str, *monitors: int, **config: Any) -> int:
        settings = {"name": name, "type": kind, "isDefault": False, "applyExisting": False, **config}
        identity = self.add("notification", name=name, config=settings)
        for monitor in monitors:
            self.add("monitor_notification", monitor_id=monitor, notification_id=identity)
        return identity

    def tag(self, monitor: int, name: str, value: str = "") -> None:
        self.add("monitor_tag", monitor_id=monitor, tag_id=self.add("tag", name=name), value=value)

    def maintenance(self, title: str, *monitors: int, **columns: Any) -> int:
        identity = self.add("maintenance", title=title, **columns)
        for monitor in monitors:
            self.add("monitor_maintenance", monitor_id=monitor, maintenance_id=identity)
        return identity

    def page(self, slug: str, groups: dict[str, list[int]], **columns: Any) -> int:
        page = self.add("status_page", slug=slug, **{"title": slug.title(), **columns})
        for weight, (name, monitors) in enumerate(groups.items(), start=1):
            group = self.add("group", name=name, weight=weight, status_page_id=page, public=1)
            for place, monitor in enumerate(monitors, start=1):
                self.add("monitor_group", monitor_id=monitor, group_id=group, weight=place)
        return page

    def close(self) -> Path:
        self._database.close()
        return self.file

    def checkpoint(self) -> None:
        """Move what is in the ``-wal`` into the file."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def left_running(self) -> Path:
        """The file as it is while Uptime Kuma runs: its newest rows are in the ``-wal`` beside it."""
        self._database.commit()
        return self.file


def columns(file: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        return {row[1] for row in database.execute(f'PRAGMA table_info("{table}")')}
