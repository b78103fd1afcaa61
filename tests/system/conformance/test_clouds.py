"""Each cloud refuses what does not work there, and a function fits into what it gives."""

from pathlib import Path

import pytest
import requests

from infra.table import rows
from tests.support.routes import filled
from tests.support.running import API_KEY
from tests.system.conformance.observing import Watch, problem
from tests.system.conformance.platforms import in_clouds
from tests.system.runtimes.aws import Aws
from tests.system.runtimes.confined import can_confine, files_in, is_writable
from tests.system.runtimes.google import Google

pytestmark = pytest.mark.system


@in_clouds
def test_a_sqlite_file_is_refused_with_advice(runtime: Google | Aws, tmp_path: Path) -> None:
    file = tmp_path / "notifications.db"
    with runtime.one_more("list_alerts", DATABASE_URL=f"sqlite:///{file}") as url:
        refused = problem(requests.get(f"{url}/alerts", headers={"X-API-Key": API_KEY}, timeout=60), 503)
    assert refused["detail"].startswith("a SQLite file does not outlive a function in a cloud: set DATABASE_URL to")
    assert not file.exists()


@in_clouds
def test_a_refused_private_address_is_an_event(runtime: Google | Aws, watch: Watch) -> None:
    hits = runtime.target.hits
    with runtime.one_more("check_monitors", ALLOW_PRIVATE_TARGETS="") as url:
        response = requests.post(f"{url}/check_monitors", headers={"X-API-Key": API_KEY}, timeout=60)
    assert response.json() == {"checked": 1, "failed": 1, "posted": 1, "refused": 0, "spooled": 0}
    cause = "refused: 127.0.0.1 is a private address (ALLOW_PRIVATE_TARGETS is off)"
    assert [(event["is_success"], event["error_message"]) for event in watch.events] == [(0, cause)]
    assert [alert["cause"] for alert in watch.alerts] == [cause]
    assert runtime.target.hits == hits


@in_clouds
def test_each_function_fits_its_instance(runtime: Google | Aws) -> None:
    """A function needs at most 80 % of its memory, and writes no file beside its code."""
    runtime.start()
    for row in rows():
        runtime.call(row.route.method, filled(row.route.path), function=row.name)
    shares = runtime.memory_shares()
    assert set(shares) == {row.name for row in rows()}
    assert max(shares.values()) < 0.8, shares
    assert files_in(runtime.code) == runtime.files_before


@in_clouds
def test_tmp_is_the_only_writable_folder(runtime: Google | Aws) -> None:
    if not can_confine(runtime.folder, runtime.code.parent):
        pytest.skip("the file system cannot be made read-only here")
    runtime.start()
    processes = runtime.processes()
    assert processes
    for process in processes:
        folders = {folder: is_writable(folder, process) for folder in (runtime.folder, runtime.code, Path("/"))}
        assert folders == {folder: folder == runtime.folder for folder in folders}
