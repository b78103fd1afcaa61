"""A runtime for each platform, started once, and what happens on it."""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import new_store
from tests.system.conformance.observing import DAY, Watch
from tests.system.conformance.platforms import RUNTIMES, on
from tests.system.runtimes import Runtime, google, sandbox
from tests.system.runtimes.aws import Aws
from tests.system.runtimes.google import Google
from tests.system.runtimes.local import Local
from tests.system.runtimes.processes import Processes

_numbers = itertools.count(1)


@pytest.fixture(scope="package", params=[on(*runtime) for runtime in RUNTIMES])
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Bonghwa on one platform and one store, started once for all tests of this folder."""
    platform, engine = request.param
    folder = tmp_path_factory.mktemp(platform)
    url = new_store(request, engine) or f"sqlite:///{folder / 'bonghwa.db'}"

    def fixture(name: str) -> Any:
        return request.getfixturevalue(name)

    match platform:
        case "local":
            running: Runtime = Local(fixture("project"), folder, url)
        case "processes":
            running = Processes(fixture("project"), folder, url)
        case "google":
            running = Google(fixture("built"), folder, url)
        case _:
            running = Aws(fixture("unpacked"), folder, url, fixture("aws_server"))
    with running:
        yield running


@pytest.fixture(scope="session")
def built() -> Iterator[Path]:
    """The result of Google's buildpack. It is outside pytest's folders, which are kept and searched for secrets."""
    with tempfile.TemporaryDirectory(prefix="bonghwa-buildpack-") as folder:
        yield google.build(Path(folder))


@pytest.fixture(scope="session")
def unpacked() -> Iterator[Path]:
    """The zip as Lambda unpacks it, outside pytest's folders as well."""
    if sys.platform != "linux":
        pytest.skip("the zip holds libraries for Linux")
    with tempfile.TemporaryDirectory(prefix="bonghwa-zip-") as folder:
        yield sandbox.unpacked(Path(folder))


@pytest.fixture
def watch(runtime: Runtime) -> Iterator[Watch]:
    """A healthy target. Afterwards it is healthy again, and nothing is owed."""
    watch = Watch(runtime)
    yield watch
    runtime.target.status, runtime.target.is_down = 200, False
    if any(alert["status"] != "RESOLVED" for alert in watch.alerts):
        watch.check()
        runtime.deliver()


@pytest.fixture
def failure() -> dict[str, Any]:
    """The report of a failure, about a URL that no other test uses."""
    return {
        "target_url": f"https://{next(_numbers)}.example/",
        "status_code": None,
        "response_time_ms": None,
        "timestamp": f"{DAY}T10:30:00Z",
        "is_success": False,
        "error_message": "connection refused",
    }


@pytest.fixture
def alert(runtime: Runtime, failure: dict[str, Any]) -> dict[str, Any]:
    """An outage that was just reported."""
    found: dict[str, Any] = runtime.call("POST", "/events", failure).json()["alert"]
    return found
