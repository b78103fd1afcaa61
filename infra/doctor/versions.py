"""Inside: the versions of the program, of Python and of the installed packages."""

import importlib.metadata
import platform
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from infra.doctor.findings import Finding, failure, ok, warning
from shared import __version__

INSTALL = ".venv/bin/python -m pip install --require-hashes --requirement requirements.txt"


def examine_versions(pins: Path) -> Iterator[Finding]:
    """The versions, and the packages that are missing or differ from ``pins``, a requirements file."""
    what = f"Bonghwa {__version__} on Python {platform.python_version()}"
    if not pins.is_file():
        yield ok("versions", f"{what}; there is no {pins.name} to compare with")
        return
    missing, others, count = [], [], 0
    for line in pins.read_text(encoding="utf-8").splitlines():
        if not line[:1].isalnum():
            continue
        pin = Requirement(line.removesuffix("\\").strip())
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        count += 1
        try:
            found = importlib.metadata.version(pin.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(pin.name)
            continue
        if not pin.specifier.contains(found, prereleases=True):
            others.append(f"{pin.name} {found} ({pin.specifier})")
    if missing:
        found = f"not installed: {', '.join(missing)}"
        yield failure("versions", found, expected=f"everything that {pins.name} names", fix=INSTALL)
    if others:
        found = f"other versions than pinned: {', '.join(others)}"
        yield warning("versions", found, expected="the versions that were tested together", fix=INSTALL)
    if not missing and not others:
        yield ok("versions", f"{what}; {count} packages as pinned")
