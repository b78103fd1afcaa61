"""The stylesheet: contrasts of its colours in both themes, and nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from shared import ROOT

SHEET = (ROOT / "shared/pages/assets/bonghwa.css").read_text(encoding="utf-8")
TOKENS = {
    name: pair for name, *pair in re.findall(r"--([\w-]+):light-dark\((#[0-9a-f]{3,6}),(#[0-9a-f]{3,6})\)", SHEET)
}
# Text stands out by 4.5, everything that is only seen by 3.
READ = [
    *((text, ground) for text in ("ink", "muted") for ground in ("surface", "bg", "sunk")),
    *((text, "surface") for text in ("link", "up", "down", "slow", "plan", "off")),
    *(("ink", f"{state}-bg") for state in ("down", "slow", "up", "plan")),
    *((state, f"{state}-bg") for state in ("down", "slow", "plan")),
    ("muted", "down-bg"),
    ("bg", "ink"),
]
SEEN = [
    *((f"{state}-f", "surface") for state in ("up", "down", "slow", "plan", "off")),
    *(("edge", ground) for ground in ("surface", "bg")),
    *((f"p{number}", "surface") for number in range(1, 6)),
    ("focus", "surface"),
]


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out_from_their_ground(theme: int) -> None:
    for pairs, least in ((READ, 4.5), (SEEN, 3.0)):
        found = {pair: contrast(TOKENS[pair[0]][theme], TOKENS[pair[1]][theme]) for pair in pairs}
        assert {pair: round(value, 2) for pair, value in found.items() if value < least} == {}


def test_a_browser_that_knows_no_themes_gets_the_light_one() -> None:
    [fallback] = re.findall(r"@supports not \(color:light-dark\(#000,#fff\)\)\{:root\{([^}]*)\}\}", SHEET)
    assert dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", fallback)) == {name: pair[0] for name, pair in TOKENS.items()}


def test_nothing_comes_from_elsewhere() -> None:
    for file in (ROOT / "shared/pages/assets").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        if file.name in ("uplot.js", "uplot.LICENSE"):
            continue  # they name their author: see test_vendored.py
        assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text), file.name


def test_every_state_has_a_shape_of_its_own() -> None:
    shapes = re.findall(r"\.st\.(\w+)::before,\.i-\1\{clip-path:path\(evenodd,\"([^\"]+)\"\)", SHEET)
    assert {name for name, _ in shapes} == {"up", "down", "slow", "pend", "plan", "unk", "paus"}
    assert len({shape for _, shape in shapes}) == 7


def test_templates_style_nothing_themselves() -> None:
    for path in [*Path(ROOT / "functions").rglob("*.html"), *Path(ROOT / "shared/pages").rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son\w+=|\|safe\b", text.replace("\"/>'|safe", "")), path
