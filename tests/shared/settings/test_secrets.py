"""Secrets among the settings: which keys are accepted, and that no text shows one."""

import pytest

from shared import ROOT
from shared.settings import SettingError, Settings
from shared.settings.secrets import without_token
from tests.support.keys import KEYS, WEAK_KEYS


@pytest.mark.parametrize("value", ["one-key,other-key", "one-key other-key", " one-key , other-key,"])
def test_of_several_keys_the_first_is_sent(value: str) -> None:
    known = Settings.from_env({"API_KEY": value})
    assert [key.get_secret_value() for key in known.keys] == ["one-key", "other-key"]
    assert known.key.get_secret_value() == "one-key"
    assert "one-key" not in repr(known)


def test_a_malformed_key_is_refused_without_showing_any() -> None:
    with pytest.raises(SettingError, match=r"API_KEY is '\(hidden\)': expected a secret of ASCII"):
        Settings.from_env({"API_KEY": "one-key,비밀"})


@pytest.mark.parametrize("keys", WEAK_KEYS)
def test_a_weak_key_is_refused(keys: str) -> None:
    with pytest.raises(SettingError, match=r"API_KEY is .+: expected secrets of at least 16 characters") as raised:
        Settings.from_env({"API_KEY": keys}).refuse_weak_keys()
    assert not any(key in str(raised.value) for key in keys.split(","))


@pytest.mark.parametrize("keys", ["", "sixteen-letters!", ",".join(KEYS)])
def test_a_strong_key_is_not_refused(keys: str) -> None:
    Settings.from_env({"API_KEY": keys}).refuse_weak_keys()


def test_a_key_does_not_show_itself() -> None:
    known = Settings.from_env({"API_KEY": "hunter2"})
    assert "hunter2" not in repr(known) + str(known)


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
def test_only_the_server_and_name_of_a_database_are_shown(url: str, shown: str) -> None:
    known = Settings.from_env({"DATABASE_URL": url})
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
    expected = r"^DATABASE_URL is '.hidden.': expected sqlite:///rel.* or postgresql://user"
    with pytest.raises(SettingError, match=expected):
        Settings.from_env({"DATABASE_URL": url})


def test_a_refused_url_shows_no_password() -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_env({"DATABASE_URL": "postgresqll://user:hunter2@db/x"})
    assert "hunter2" not in str(raised.value)


def test_a_heartbeat_url_is_a_secret_even_if_malformed() -> None:
    secret = "hc-ping.example/9f7d1c3e-0000-4000-8000-000000000000"
    known = Settings.from_env({"HEARTBEAT_URL": f"https://{secret}"})
    assert secret not in repr(known) + str(known)
    for value in (secret, f"ftp://{secret}"):
        expected = r"HEARTBEAT_URL is '.hidden.': expected an http:// or https:// URL"
        with pytest.raises(SettingError, match=expected) as raised:
            Settings.from_env({"HEARTBEAT_URL": value})
        assert raised.value.__cause__ is raised.value.__context__ is None


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/heartbeats/t0k3n", "/heartbeats/***"),
        ("/heartbeats/t0k3n/start", "/heartbeats/***/start"),
        ("/prod/api/push/t0k3n?status=up", "/prod/api/push/***?status=up"),
        ("/act/t0k3n", "/act/***"),
        ("/status/subscriptions/e7.0.t0k3n?lang=ko", "/status/subscriptions/***?lang=ko"),
        ("/alerts/7", "/alerts/7"),
    ],
)
def test_a_path_is_shown_without_a_token(path: str, shown: str) -> None:
    assert without_token(path) == shown
