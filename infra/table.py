"""``functions.toml``, read."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from shared import ROOT
from shared.settings import Settings

_FILE = Path(__file__).with_name("functions.toml")
MAIN = ROOT / "main.py"


@dataclass(frozen=True)
class Row:
    """One function: its name, how it is called over HTTP, and how often a schedule calls it, if one does."""

    name: str
    method: str
    path: str
    every: float | str | None = None

    def every_seconds(self, settings: Settings) -> float | None:
        """The schedule's period, looked up where the table names a setting."""
        if not isinstance(self.every, str):
            return self.every
        name = next(name for name, field in Settings.model_fields.items() if field.alias == self.every)
        return float(getattr(settings, name))


def rows() -> list[Row]:
    """Every function there is, in the table's order."""
    return [Row(name, **row) for name, row in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()]
