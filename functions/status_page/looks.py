"""The looks of a page: its colours as a stylesheet of their own, and its logo."""

import re
from collections.abc import Mapping
from typing import Any

# The property of the stylesheet that each colour changes.
_PROPERTIES = {
    "accent": ("link",),
    "up": ("up", "up-f"),
    "down": ("down", "down-f"),
    "slow": ("slow", "slow-f"),
    "maintenance": ("plan", "plan-f"),
}
_FILE = re.compile(r"colors((?:-(?:accent|up|down|slow|maintenance)_[0-9a-f]{6})+)\.css")
_LOGO = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9/._~%+-]*")


def colors_file(settings: Mapping[str, Any]) -> str:
    """The name of the stylesheet with the page's colours, which holds them itself; empty if it has none."""
    colors = settings.get("colors") or {}
    parts = [f"-{name}_{_six(colors[name])}" for name in _PROPERTIES if name in colors]
    return f"colors{''.join(parts)}.css" if parts else ""


def colors_in(name: str) -> str | None:
    """The stylesheet of this name; None if it is none of ours."""
    found = _FILE.fullmatch(name)
    if found is None:
        return None
    pairs = [part.split("_") for part in found[1].removeprefix("-").split("-")]
    # A colour that is chosen for white paper is too dark for a dark page.
    shades = {which: f"light-dark(#{color},color-mix(in oklab,#{color},#fff 45%))" for which, color in pairs}
    lines = [f"--{each}:{shade}" for which, shade in shades.items() for each in _PROPERTIES[which]]
    return f":root:root{{{';'.join(lines)}}}\n"


def logo_of(settings: Mapping[str, Any]) -> str:
    """The URL of the page's logo, if a policy can name it; otherwise empty."""
    logo = settings.get("logo") or ""
    return logo if _LOGO.fullmatch(logo) else ""


def _six(color: str) -> str:
    digits = color.removeprefix("#").lower()
    return digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
