"""Each platform and store that the suite runs on."""

from typing import Any

import pytest

RUNTIMES = [
    ("local", "sqlite"),
    ("local", "postgresql"),
    ("local", "pgbouncer"),
    ("processes", "sqlite"),
    ("processes", "postgresql"),
    ("google", "postgresql"),
    ("aws", "postgresql"),
]


def on(platform: str, engine: str) -> Any:
    """A parameter for the fixture ``runtime``. One worker runs all tests of one runtime, so that it starts once."""
    name = f"{platform}-{engine}"
    return pytest.param((platform, engine), id=name, marks=pytest.mark.together(f"runtime {name}"))


in_clouds = pytest.mark.parametrize("runtime", [on("google", "postgresql"), on("aws", "postgresql")], indirect=True)
on_google = pytest.mark.parametrize("runtime", [on("google", "postgresql")], indirect=True)
on_aws = pytest.mark.parametrize("runtime", [on("aws", "postgresql")], indirect=True)
