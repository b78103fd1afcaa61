"""The unit for systemd, as systemd itself reads it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared import ROOT
from shared.settings import Settings

UNIT = ROOT / "infra/local/bonghwa.service"
systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of a checkout that is here."""
    interpreter = tmp_path / ".venv/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to("/bin/sh")
    file = tmp_path / UNIT.name
    file.write_text(UNIT.read_text("utf-8").replace("/opt/bonghwa", str(tmp_path)), encoding="utf-8")
    return file


@systemd
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    asked = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if "bus" in done.stderr or "SYSTEMD_" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")


@systemd
def test_the_unit_leaves_little_exposed(unit: Path) -> None:
    """By systemd's own measure, from 0 to 10. The network is left, which it is there for."""
    asked = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot examine a file")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_sets_settings_that_there_are() -> None:
    [line] = re.findall(r"(?m)^Environment=(.*)$", UNIT.read_text("utf-8"))
    given = dict(re.findall(r"(\w+)=(\S*)", line))
    assert given.keys() <= {str(each.alias) for each in Settings.model_fields.values()}
    assert Settings.from_env(given).database_path == Path("/var/lib/bonghwa/notifications.db")
