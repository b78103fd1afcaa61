"""Findings about the installed versions."""

import sys
from pathlib import Path

import pytest

from infra.doctor import examination, versions
from shared import ROOT, __version__
from tests.infra.doctor.examined import FAILURE, OK, WARNING, find, one


def test_what_is_installed_is_held_against_the_pins(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text(
        "requests==1.0.0 \\\n    --hash=sha256:00\nno-such-package==1 ; python_version > '3' \\\n"
        "only-elsewhere==1 ; sys_platform == 'none' \\\n# a remark\n"
    )
    missing, other = versions.examine_versions(pins)
    assert (missing.verdict, missing.found) == (FAILURE, "not installed: no-such-package")
    assert other.verdict is WARNING
    assert other.found.startswith("other versions than pinned: requests ")
    assert missing.fix == other.fix == versions.INSTALL


def test_the_versions_are_named(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "ROOT", ROOT)
    found = one(find(environ), "versions", f"Bonghwa {__version__} on Python {sys.version_info[0]}")
    assert "packages as pinned" in found.found
    [alone] = versions.examine_versions(tmp_path / "requirements.txt")
    assert (alone.verdict, "there is no requirements.txt" in alone.found) == (OK, True)
