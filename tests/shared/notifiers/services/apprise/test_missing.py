"""A machine without Apprise."""

import importlib.machinery
import sys
from typing import Any

import pytest

from shared.notifiers import SendFailed
from shared.notifiers.services.apprise.schemas import VERSION
from shared.settings import SettingError
from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.apprise.bridged import channel


class _NoApprise(importlib.machinery.PathFinder):
    """Finds everything but Apprise."""

    @classmethod
    def find_spec(cls, fullname: str, *where: Any, **more: Any) -> Any:
        return None if fullname.partition(".")[0] == "apprise" else super().find_spec(fullname, *where, **more)


@pytest.fixture
def _missing_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "apprise"]:
        monkeypatch.delitem(sys.modules, name)
    usual = importlib.machinery.PathFinder
    monkeypatch.setattr(sys, "meta_path", [_NoApprise if finder is usual else finder for finder in sys.meta_path])


@pytest.mark.usefixtures("_missing_apprise")
def test_a_library_that_is_missing_is_named_with_its_command() -> None:
    command = rf"\.venv/bin/python -m pip install apprise=={VERSION}"
    with pytest.raises(SettingError, match=command):
        channel("bark://host/a").refuse_missing_library()
    with pytest.raises(SendFailed, match=command) as raised:
        channel("bark://host/a").send(message(), timeout_seconds=1)
    assert not raised.value.is_permanent
