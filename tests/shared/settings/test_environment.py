"""The environment is read again once it has changed, and only then."""

import os
from collections.abc import Callable, Mapping

import pytest

from shared.settings import SettingError, Settings
from shared.settings.environment import again_if_changed

NAME = "A_VARIABLE_OF_THIS_TEST"
Read = Callable[[Mapping[str, str]], list[str]]


@pytest.fixture
def read() -> Read:
    """Reads one variable, and returns the same list for as long as it does not read again."""
    return again_if_changed(lambda environ: [environ.get(NAME, "unset")])


def test_an_unchanged_environment_is_read_once(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "one")
    assert read(os.environ) is read(os.environ)
    assert read({NAME: "one"}) is read({NAME: "one"})


def test_every_change_is_seen(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(os.environ) == ["unset"]
    for value in ("one", "two", "", "one"):
        monkeypatch.setenv(NAME, value)
        assert read(os.environ) == [value]
    monkeypatch.delenv(NAME)
    assert read(os.environ) == ["unset"]


def test_a_change_of_the_given_variables_is_seen(read: Read) -> None:
    given = {NAME: "one"}
    assert read(given) == ["one"]
    given[NAME] = "two"
    assert read(given) == ["two"]
    assert read({}) == ["unset"]


def test_another_environment_is_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "of the process")
    assert [read(os.environ), read({NAME: "given"}), read(os.environ)] == [
        ["of the process"],
        ["given"],
        ["of the process"],
    ]


def test_what_changes_while_it_is_read_is_read_again() -> None:
    given = {NAME: "one"}

    def read_slowly(environ: Mapping[str, str]) -> str:
        found = environ[NAME]
        given[NAME] = "two"
        return found

    read = again_if_changed(read_slowly)
    assert [read(given), read(given)] == ["one", "two"]


def test_a_wrong_setting_is_told_until_it_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_PORT", "none")
    for _ in range(2):
        with pytest.raises(SettingError, match="FLASK_PORT is 'none'"):
            Settings.from_env()
    monkeypatch.setenv("FLASK_PORT", "5001")
    assert Settings.from_env().port == 5001
