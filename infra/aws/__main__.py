"""``python -m infra.aws``: build what Lambda runs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.aws.package import ZIP, Package, PackagingFailed, Runtime, build

PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Do one chore; exits with one line on standard error where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws", description=__doc__)
    chores = parser.add_subparsers(dest="chore", required=True)
    package = chores.add_parser("package", help="build the zip that Lambda runs")
    package.add_argument("--architecture", choices=PROCESSORS, default="arm64", help="(%(default)s)")
    package.add_argument("--python", default=Runtime.version, help="the version of Python (%(default)s)")
    package.add_argument("--to", type=Path, default=ZIP, help="the zip; what is there already is replaced")
    asked = parser.parse_args(arguments)
    try:
        print(said_of(build(Runtime(asked.python, PROCESSORS[asked.architecture]), asked.to)))
    except PackagingFailed as trouble:
        sys.exit(f"bonghwa: {trouble}")


def said_of(package: Package) -> str:
    """What a person may want to know of a zip."""
    size = package.zip.stat().st_size / 1e6
    rest = (package.bytes_unpacked - package.bytes_of_psycopg) / 1e6
    told = (
        f"{package.zip} has {size:.1f} MB; unpacked {rest:.1f} MB and {package.bytes_of_psycopg / 1e6:.1f} of psycopg"
    )
    slower = "; not compiled, for want of that Python here, so that each cold start takes longer"
    return told if package.is_compiled else told + slower


if __name__ == "__main__":
    main()
