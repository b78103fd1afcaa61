"""The settings: what each variable may say, and what is said of one that does not."""

import tempfile
from pathlib import Path

import pytest

from shared import ROOT
from shared.settings import SettingError, Settings


def settings(**environ: str) -> Settings:
    return Settings.from_env(environ)


def test_everything_has_its_default() -> None:
    known = settings()
    assert known.check_interval_seconds == 30
    assert known.port == 5000
    assert known.backend_url == "http://127.0.0.1:5000"
    assert known.database_path == ROOT / "notifications.db"
    assert known.spool_dirs[0] == ROOT
    assert (known.api_auth, known.message_language, known.notification_ttl_seconds) == ("ingest", "en", 86_400)


def test_an_empty_variable_counts_as_unset() -> None:
    assert settings(CHECK_INTERVAL_SECONDS="", BACKEND_URL=" ").check_interval_seconds == 30


def test_the_backend_is_at_the_gateways_port_by_default() -> None:
    assert settings(FLASK_PORT="8080").backend_url == "http://127.0.0.1:8080"
    assert settings(BACKEND_URL="https://api.example/bonghwa/").backend_url == "https://api.example/bonghwa"


@pytest.mark.parametrize(
    ("value", "targets"),
    [
        ("https://a.example", ("https://a.example",)),
        ("https://a.example http://b.example:81/x?y=1#z", ("https://a.example", "http://b.example:81/x?y=1#z")),
        (" https://a.example,\n\thttp://b , http://b", ("https://a.example", "http://b")),
        ("https://한국.kr/점검", ("https://한국.kr/점검",)),
        ("http://[::1]:8080/", ("http://[::1]:8080/",)),
    ],
)
def test_several_targets_are_separated_by_spaces_or_commas(value: str, targets: tuple[str, ...]) -> None:
    assert settings(TARGET_URL=value).targets == targets


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///notifications.db", ROOT / "notifications.db"),
        ("sqlite:///data/n.db", ROOT / "data/n.db"),
        ("sqlite:////var/lib/bonghwa/n.db", Path("/var/lib/bonghwa/n.db")),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(url: str, path: Path) -> None:
    assert settings(DATABASE_URL=url).database_path == path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://bonghwa:hunter2-x@db.example:6432/shop?sslmode=verify-full",
            "postgresql://db.example:6432/shop",
        ),
        ("postgres://bonghwa:hunter2-x@db.example/shop", "postgresql://db.example/shop"),
        (
            "postgresql://bonghwa:hunter2-x@one.example:1,two.example:2/shop",
            "postgresql://one.example:1,two.example:2/shop",
        ),
        ("postgresql:///shop?host=/cloudsql/x&user=bonghwa&password=hunter2-x", "postgresql:///shop"),
    ],
)
def test_of_a_postgresql_database_the_server_and_the_name_are_shown(url: str, shown: str) -> None:
    known = settings(DATABASE_URL=url)
    assert (known.database, known.database_path, known.spool_dirs[0]) == (shown, None, ROOT)
    assert known.database_url.get_secret_value() == url
    assert "hunter2" not in repr(known) + str(known)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bonghwa:hunter2@db",
        "postgresql://bonghwa:hunter2",
        "postgresql://bonghwa:12/hunter2@db/shop",
        "postgresql://bonghwa:12?hunter2@db/shop",
        "postgresql://bonghwa:12#hunter2@db/shop",
        "postgresql://bonghwa:12/x@db/shop#hunter2",
        "postgresql://bonghwa:x@db:hunter2/shop",
        "postgresql://bonghwa:hunter2@[db/shop",
        "postgres://bonghwa:hunter2@db:0/shop",
    ],
)
def test_nothing_is_shown_of_a_malformed_postgresql_url(url: str) -> None:
    with pytest.raises(
        SettingError, match=r"^DATABASE_URL is '.hidden.': expected sqlite:///rel.* or postgresql://user"
    ):
        settings(DATABASE_URL=url)


def test_the_spool_lies_beside_the_database_or_where_it_is_told(tmp_path: Path) -> None:
    assert settings(DATABASE_URL=f"sqlite:///{tmp_path}/n.db").spool_dirs == (tmp_path, Path(tempfile.gettempdir()))
    assert settings(SPOOL_DIR=str(tmp_path / "spool")).spool_dirs == (tmp_path / "spool",)


@pytest.mark.parametrize("cloud", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_private_addresses_are_looked_at_but_in_a_cloud_unless_it_is_said(cloud: str) -> None:
    assert settings().is_private_allowed
    assert not settings(ALLOW_PRIVATE_TARGETS="false").is_private_allowed
    assert not settings(**{cloud: "check_monitors"}).is_private_allowed
    assert not settings(**{cloud: "check_monitors"}, ALLOW_PRIVATE_TARGETS="").is_private_allowed
    assert settings(**{cloud: "check_monitors"}, ALLOW_PRIVATE_TARGETS="true").is_private_allowed


MALFORMED = [
    ("TARGET_URL", "example.com"),
    ("TARGET_URL", "ftp://example.com"),
    ("TARGET_URL", "https://"),
    ("TARGET_URL", "https://a.example:99999/"),
    ("TARGET_URL", "https://good.example nonsense"),
    ("CHECK_INTERVAL_SECONDS", "0"),
    ("CHECK_INTERVAL_SECONDS", "-1"),
    ("CHECK_INTERVAL_SECONDS", "often"),
    ("CHECK_INTERVAL_SECONDS", "nan"),
    ("CHECK_INTERVAL_SECONDS", "inf"),
    ("CHECK_TIMEOUT_SECONDS", "0"),
    ("FLASK_HOST", "example.com"),
    ("FLASK_HOST", "127.0.0.1:5000"),
    ("FLASK_PORT", "0"),
    ("FLASK_PORT", "65536"),
    ("FLASK_PORT", "http"),
    ("FLASK_DEBUG", "perhaps"),
    ("BACKEND_URL", "localhost:5000"),
    ("API_AUTH", "none"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "notifications.db"),
    ("DATABASE_URL", "mysql://localhost/x"),
    ("MESSAGE_LANGUAGE", "fr"),
    ("NOTIFICATION_TTL", "24h"),
    ("LOG_LEVEL", "LOUD"),
    ("LOCATION", "x" * 256),
    ("ALLOW_PRIVATE_TARGETS", "perhaps"),
    ("CONNECTIVITY_CHECK", "1.1.1.1"),
    ("CONNECTIVITY_CHECK", ":53"),
    ("CONNECTIVITY_CHECK", "1.1.1.1:0"),
    ("CONNECTIVITY_CHECK", "1.1.1.1:65536"),
    ("CONNECTIVITY_CHECK", "1.1.1.1:dns"),
    ("CONNECTIVITY_CHECK", "tcp://1.1.1.1:53"),
    ("CONNECTIVITY_CHECK", "1.1.1.1:53/x"),
    ("CONNECTIVITY_CHECK", "[::1:53"),
]


@pytest.mark.parametrize(("variable", "value"), MALFORMED)
def test_a_malformed_value_is_told_in_one_line(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as raised:
        settings(**{variable: value})
    text = str(raised.value)
    assert text.startswith(f"{variable} is ")
    assert value[:200] in text
    assert ": expected " in text
    assert "\n" not in text


@pytest.mark.parametrize("value", ["1.1.1.1:53", "dns.example:53", "[2606:4700::1111]:53", "[::1]:1"])
def test_a_reference_is_a_host_and_a_port(value: str) -> None:
    assert settings(CONNECTIVITY_CHECK=value).connectivity_check == value


def test_an_agent_is_named_by_its_location() -> None:
    assert (settings().agent, settings(LOCATION="seoul-1").agent) == ("default", "seoul-1")


def test_the_heartbeats_url_is_a_secret_also_where_it_is_malformed() -> None:
    secret = "hc-ping.example/9f7d1c3e-0000-4000-8000-000000000000"
    known = settings(HEARTBEAT_URL=f"https://{secret}")
    assert secret not in repr(known) + str(known)
    for value in (secret, f"ftp://{secret}"):
        with pytest.raises(
            SettingError, match=r"HEARTBEAT_URL is '.hidden.': expected an http:// or https:// URL"
        ) as told:
            settings(HEARTBEAT_URL=value)
        assert told.value.__cause__ is told.value.__context__ is None


@pytest.mark.parametrize("value", ["1", "0.5", "0.1", "86400"])
def test_one_second_and_fractions_work_too(value: str) -> None:
    assert settings(CHECK_INTERVAL_SECONDS=value).check_interval_seconds == float(value)


def test_what_is_needed_and_missing_is_told_when_it_is_needed() -> None:
    with pytest.raises(SettingError, match="TARGET_URL is not set: expected one or more"):
        _ = settings().targets
    with pytest.raises(SettingError, match="API_KEY is not set: expected"):
        _ = settings().key


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(SettingError) as raised:
        settings(DATABASE_URL="postgresqll://user:hunter2@db/x")
    assert "hunter2" not in str(raised.value)


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr(settings(API_KEY="hunter2")) + str(settings(API_KEY="hunter2"))
