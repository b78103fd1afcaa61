"""Others' files are served as they published them, with their licence."""

import hashlib
import re

from shared import ROOT
from shared.pages.assets import asset_path

ASSETS = ROOT / "shared/pages/assets"


def test_a_foreign_file_is_the_published_one() -> None:
    record = (ASSETS / "uplot.LICENSE").read_text(encoding="utf-8")
    files = dict(re.findall(r"^  (uplot\.\w+) .* sha256 ([0-9a-f]{64})$", record, re.MULTILINE))
    assert files.keys() == {path.name for path in ASSETS.glob("uplot.*")} - {"uplot.LICENSE"}
    assert files == {name: hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() for name in files}
    assert "sha512-" in record
    assert "MIT License" in record
    assert asset_path("uplot.js").startswith("assets/uplot-")


def test_a_foreign_script_asks_nobody() -> None:
    text = (ASSETS / "uplot.js").read_text(encoding="utf-8")
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|import\(|eval\(|new Function|sendBeacon", text)
