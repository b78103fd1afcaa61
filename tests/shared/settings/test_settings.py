"""The settings: what each variable may say, and what holds without it."""

import tempfile
from pathlib import Path

import pytest

from shared import ROOT
from shared.settings import SettingError, Settings, is_loopback


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
        ("http://a/?ids=1,2", ("http://a/?ids=1,2",)),
        ("http://a/?ids=1,2,3, http://b/,c", ("http://a/?ids=1,2,3", "http://b/,c")),
        ("http://a/?next=1,http://b/", ("http://a/?next=1", "http://b/")),
        ("http://a/?next=1%2Chttp://b/", ("http://a/?next=1%2Chttp://b/",)),
        ("http://a/,", ("http://a/",)),
        (",http://a/ ,, HTTPS://b/ , ", ("http://a/", "HTTPS://b/")),
        ("http://me:one@a/ http://you:one@a/", ("http://me:one@a/", "http://you:one@a/")),
    ],
)
def test_several_targets_are_separated_by_spaces_or_commas(value: str, targets: tuple[str, ...]) -> None:
    assert settings(TARGET_URL=value).target_urls == targets


@pytest.mark.parametrize("urls", ["http://me:one@a/,http://me:two@a/", "http://token-1@a/x http://token-2@a/x"])
def test_two_monitors_differ_in_more_than_a_password(urls: str) -> None:
    with pytest.raises(SettingError, match=r"TARGET_URL .*differ in more than a password") as raised:
        settings(TARGET_URL=urls)
    assert not any(word in str(raised.value) for word in ("one@", "two@", "token-"))


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


def test_the_spool_is_beside_the_database_or_in_spool_dir(tmp_path: Path) -> None:
    assert settings(DATABASE_URL=f"sqlite:///{tmp_path}/n.db").spool_dirs == (tmp_path, Path(tempfile.gettempdir()))
    assert settings(SPOOL_DIR=str(tmp_path / "spool")).spool_dirs == (tmp_path / "spool",)


def test_the_configuration_is_at_the_root_or_in_config_file(tmp_path: Path) -> None:
    assert settings().config_file == ROOT / "bonghwa.yaml"
    assert settings(CONFIG_FILE="watched/all.yaml").config_file == ROOT / "watched/all.yaml"
    assert settings(CONFIG_FILE=f"{tmp_path}/own.yaml").config_file == tmp_path / "own.yaml"


@pytest.mark.parametrize("cloud", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_private_targets_are_allowed_outside_of_clouds(cloud: str) -> None:
    assert settings().is_private_allowed
    assert not settings(ALLOW_PRIVATE_TARGETS="false").is_private_allowed
    assert not settings(**{cloud: "check_monitors"}).is_private_allowed
    assert not settings(**{cloud: "check_monitors"}, ALLOW_PRIVATE_TARGETS="").is_private_allowed
    assert settings(**{cloud: "check_monitors"}, ALLOW_PRIVATE_TARGETS="true").is_private_allowed


@pytest.mark.parametrize("value", ["1.1.1.1:53", "dns.example:53", "[2606:4700::1111]:53", "[::1]:1"])
def test_a_reference_is_a_host_and_a_port(value: str) -> None:
    assert settings(CONNECTIVITY_CHECK=value).connectivity_check == value


def test_an_agent_is_named_after_its_location() -> None:
    assert (settings().agent, settings(LOCATION="seoul-1").agent) == ("default", "seoul-1")


@pytest.mark.parametrize("value", ["1", "0.5", "0.1", "86400"])
def test_an_interval_may_be_a_fraction_of_a_second(value: str) -> None:
    assert settings(CHECK_INTERVAL_SECONDS=value).check_interval_seconds == float(value)


def test_a_missing_setting_is_an_error_when_it_is_needed() -> None:
    with pytest.raises(SettingError, match="API_KEY is not set: expected"):
        _ = settings().key


@pytest.mark.parametrize(
    ("host", "is_own", "why"),
    [
        ("127.0.0.1", True, "the default"),
        ("127.8.8.8", True, "all of 127/8 stays here"),
        ("::1", True, "the same in IPv6"),
        ("localhost", True, "the name that a client in the same process uses"),
        ("0.0.0.0", False, "every address"),
        ("::", False, "every address, in both families"),
        ("192.168.1.5", False, "the neighbours' network"),
        ("10.0.0.1", False, "private is not alone"),
        ("169.254.1.1", False, "link-local reaches the neighbours"),
        ("bonghwa.localhost", True, "a name that browsers keep on this machine"),
        ("localhost.evil.example", False, "only a name like it"),
        ("", False, "nothing is known, so the worst is assumed"),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, is_own: bool, why: str) -> None:
    assert is_loopback(host) is is_own, why


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:5000"),
        ("localhost", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:5000"),
        ("::", "http://[::1]:5000"),
        ("::1", "http://[::1]:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
    ],
)
def test_the_agent_and_the_schedules_call_our_own_address(host: str, url: str) -> None:
    settings = Settings.from_env({"FLASK_HOST": host})
    assert settings.own_url == settings.backend_url == url
