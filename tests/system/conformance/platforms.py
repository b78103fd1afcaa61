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


# On the first store of each: for what is decided before any store is asked.
on_each_platform = pytest.mark.parametrize(
    "runtime", [on(*each) for each in dict(reversed(RUNTIMES)).items()], indirect=True
)
in_clouds = pytest.mark.parametrize("runtime", [on("google", "postgresql"), on("aws", "postgresql")], indirect=True)
on_google = pytest.mark.parametrize("runtime", [on("google", "postgresql")], indirect=True)
on_aws = pytest.mark.parametrize("runtime", [on("aws", "postgresql")], indirect=True)
