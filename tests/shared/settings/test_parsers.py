"""Malformed values: each is refused in one line that says what is expected."""

import pytest

from shared.settings import SettingError, Settings

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
    ("TRUSTED_PROXIES", "proxy.example"),
    ("TRUSTED_PROXIES", "10.0.0.0/33"),
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
def test_a_malformed_value_is_refused_in_one_line(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_env({variable: value})
    text = str(raised.value)
    assert text.startswith(f"{variable} is ")
    assert value[:200] in text
    assert ": expected " in text
    assert "\n" not in text
