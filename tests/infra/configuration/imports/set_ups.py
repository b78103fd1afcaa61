"""Set-ups of other tools, each with the files that an import makes of it, written out beside it.

``setups/NAME/source`` holds what is imported; ``bonghwa.yaml``, ``bonghwa.env`` and ``notes.txt`` what comes of it.
"""

from datetime import UTC, datetime
from pathlib import Path

from infra.configuration.imports.sources import read
from infra.configuration.imports.writing import yaml_text

SETUPS = sorted((Path(__file__).parent / "setups").iterdir())
NOW = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)


def source_of(setup: Path) -> Path:
    """The file that is imported, or the folder if there are several."""
    files = list((setup / "source").iterdir())
    return files[0] if len(files) == 1 else setup / "source"


def written(setup: Path) -> dict[str, str]:
    """What an import writes, by the name of the file."""
    imported = read(source_of(setup), NOW)
    notes = "".join(f"{note}\n" for note in imported.notes)
    return {
        "bonghwa.yaml": yaml_text(imported),
        "bonghwa.env": imported.secrets.text("bonghwa.yaml"),
        "notes.txt": notes,
    }
