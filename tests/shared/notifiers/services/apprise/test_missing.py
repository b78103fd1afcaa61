"""A machine without Apprise."""

import sys
from typing import Any

import pytest

from shared.notifiers import SendFailed
from shared.notifiers.services.apprise.schemas import VERSION
from shared.settings import SettingError
from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.apprise.bridged import channel


class _WithoutApprise:
    """Finds what another finder does, except Apprise."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def find_spec(self, fullname: str, *where: Any) -> Any:
        return None if fullname.partition(".")[0] == "apprise" else self._finder.find_spec(fullname, *where)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


@pytest.fixture
def _missing_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "apprise"]:
        monkeypatch.delitem(sys.modules, name)
    # Libraries that other tests use, such as the command of AWS, add finders that ask the usual one by themselves.
    monkeypatch.setattr(sys, "meta_path", [_WithoutApprise(finder) for finder in sys.meta_path])


@pytest.mark.usefixtures("_missing_apprise")
def test_a_library_that_is_missing_is_named_with_its_command() -> None:
    command = rf"\.venv/bin/python -m pip install apprise=={VERSION}"
    with pytest.raises(SettingError, match=command):
        channel("bark://host/a").refuse_missing_library()
    with pytest.raises(SendFailed, match=command) as raised:
        channel("bark://host/a").send(message(), timeout_seconds=1)
    assert not raised.value.is_permanent
