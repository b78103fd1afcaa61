"""Set-ups of other tools, each with the files that an import makes of it, written out beside it.

``setups/NAME/source`` holds what is imported; ``bonghwa.yaml``, ``bonghwa.env`` and ``notes.txt`` what comes of it. The
rows of a database stand there as SQL.
"""

import functools
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.configuration.imports.sources import read
from infra.configuration.imports.writing import yaml_text
from tests.infra.configuration.imports.kuma import Kuma

SETUPS = sorted((Path(__file__).parent / "setups").iterdir())
NOW = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)


def source_of(setup: Path) -> Path:
    """The file that is imported, or the folder if there are several."""
    files = list((setup / "source").iterdir())
    if files[0].suffix == ".sql":
        return Path(_database_of(files[0]).name) / "kuma.db"
    return files[0] if len(files) == 1 else setup / "source"


@functools.cache
def _database_of(rows: Path) -> TemporaryDirectory[str]:
    """A folder with the ``kuma.db`` that holds these rows, until the tests end."""
    folder = TemporaryDirectory(prefix="bonghwa-kuma-")
    Kuma(Path(folder.name) / "kuma.db", version=1).load(rows.read_text(encoding="utf-8"))
    return folder


def written(setup: Path) -> dict[str, str]:
    """The files that an import writes, by name."""
    imported = read(source_of(setup), NOW)
    notes = "".join(f"{note}\n" for note in imported.notes)
    return {
        "bonghwa.yaml": yaml_text(imported),
        "bonghwa.env": imported.secrets.text("bonghwa.yaml"),
        "notes.txt": notes,
    }
