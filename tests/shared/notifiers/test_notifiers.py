"""The contract of every kind of channel, how a kind is added, and the console."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared import ROOT
from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed, kind_named, kinds
from tests.shared.notifiers.kinds import SETTINGS


def channels_of(**described: dict[str, Any]) -> dict[str, NotifierKind]:
    return configured({"CHANNELS": json.dumps(described)})


def test_every_kind_has_its_row_here() -> None:
    assert set(kinds()) == set(SETTINGS)


@pytest.mark.parametrize("kind", kinds())
def test_several_channels_of_one_kind_are_configured(kind: str) -> None:
    described = {"kind": kind, **SETTINGS[kind]}
    channels = channels_of(ops=described, night=described)
    assert list(channels) == ["console", "ops", "night"]
    assert {channels[name].kind for name in ("ops", "night")} == {kind}


@pytest.mark.parametrize("kind", kinds())
def test_each_field_says_what_is_expected(kind: str) -> None:
    assert all(field.description for field in kind_named(kind).model_fields.values())


@pytest.mark.parametrize("kind", kinds())
def test_a_library_and_a_permission_are_named_in_full(kind: str) -> None:
    found = kind_named(kind)
    if found.library is not None:
        assert re.fullmatch(r"\.venv/bin/python -m pip install \S+", found.library.command)
    if found.permission_on_aws is not None:
        assert re.fullmatch(r"[a-z]+:[A-Z][A-Za-z]+", found.permission_on_aws.action)
        assert found.permission_on_aws.field in found.model_fields


# --- adding a kind ------------------------------------------------------------------------------------------------

PAGER = '''
from pathlib import Path

from pydantic import Field, SecretStr

from shared.notifiers import Accepted, NotifierKind, ProbeResult


class PagerNotifier(NotifierKind):
    """Appends each message to a file."""

    file: Path = Field(description="a file")
    key: SecretStr = Field(description="a key")

    def send(self, message, *, timeout_seconds):
        with self.file.open("a") as opened:
            opened.write(f"{message.text}\\n")
        return Accepted("paged")

    def probe(self, timeout_seconds):
        if self.file.exists():
            return ProbeResult("ok", "the file is there")
        return ProbeResult("failure", f"no file for {self.key.get_secret_value()}", "a file", self.setting("file"))
'''
ADDED = """
import json, sys
from shared import notifiers
notifiers.services.__path__.append(sys.argv[1])
from infra.doctor.examination import examine
from shared.channels import configured
from shared.models.message import Message
channels = configured()
sent = {name: channels[name].send(Message.of_text(f"to {name}"), timeout_seconds=1).answer for name in ("ops", "night")}
import os
found = [finding.found for finding in examine(os.environ, ()) if finding.about == "channels"]
print(json.dumps([notifiers.kinds(), sent, found]))
"""


@pytest.mark.slow
def test_a_kind_is_added_by_adding_one_file(tmp_path: Path) -> None:
    """Nothing else names it: it is listed, configured twice, sent through, and examined by the doctor."""
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "pager.py").write_text(PAGER)
    described = {
        name: {"kind": "pager", "file": str(tmp_path / f"{name}.txt"), "key": f"key-of-{name}"}
        for name in ("ops", "night", "gone")
    }
    described["gone"]["file"] = str(tmp_path / "gone" / "x")
    environ = {"CHANNELS": json.dumps(described), "DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}
    command = [sys.executable, "-c", ADDED, str(tmp_path / "kinds")]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.stderr == ""
    names, sent, found = json.loads(done.stdout)
    assert set(names) == {*kinds(), "pager"}
    assert sent == {"ops": "paged", "night": "paged"}
    assert (tmp_path / "night.txt").read_text() == "to night\n"
    assert found == [
        "console is on",
        "ops: the file is there",
        "night: the file is there",
        "gone: no file for (hidden)",
    ]


def test_an_unknown_kind_names_the_nearest_one() -> None:
    with pytest.raises(Exception, match=r"^CHANNELS\.ops\.kind is 'telegarm': expected a kind .*, perhaps telegram$"):
        channels_of(ops={"kind": "telegarm"})


# --- the console --------------------------------------------------------------------------------------------------


def test_the_console_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert configured({})["console"].send(Message.of_text("OUTAGE 장애 · #1"), timeout_seconds=1).answer == "printed"
    assert capsys.readouterr().out == "OUTAGE 장애 · #1\n"


def test_a_console_that_is_closed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = open("/dev/null", "w")  # noqa: PTH123, SIM115
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(SendFailed) as raised:
        configured({})["console"].send(Message.of_text("x"), timeout_seconds=1)
    assert not raised.value.is_permanent
