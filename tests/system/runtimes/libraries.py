"""The libraries of ``requirements.txt``, and no others, for a platform that has an environment of its own.

They are links to this environment, where pip installed them by the same file and its hashes: to do that again takes
longer than most tests of a platform.
"""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

from shared import ROOT


def link(folder: Path) -> list[Distribution]:
    """Link all of them into a folder of libraries, and return what they are."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return [_linked(folder, name, version) for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", requirements)]


def _linked(folder: Path, name: str, version: str) -> Distribution:
    library = distribution(name)
    assert library.version == version, f"{name} is not the one of requirements.txt: make install"
    for top in {file.parts[0] for file in library.files or ()} - {"..", "__pycache__"}:
        (folder / top).symlink_to(str(library.locate_file(top)))
    return library
