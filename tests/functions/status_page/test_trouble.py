"""When the store cannot be reached, visitors see how it stood, and how long ago."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions.status_page import readings as module
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.upkeep.folding import fold
from tests.functions.api import Api
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.test_other_forms import PASSWORD, locked
from tests.functions.status_page.watched import BROWSER, PRIVATE, PUBLIC, forget, looked, opened, policies, seen

pytestmark = pytest.mark.slow


@pytest.fixture
def spool(environ: Callable[..., None], tmp_path: Path) -> Iterator[Path]:
    environ(SPOOL_DIR=str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    yield tmp_path / "spool"
    # Otherwise the end of the test would open what is left of the store.
    for file in tmp_path.glob("store.db*"):
        file.unlink()


def broken(tmp_path: Path) -> None:
    """The store's file becomes something else."""
    open_store(Settings.from_env()).database.close()
    for file in tmp_path.glob("store.db*"):
        file.write_bytes(b"this is no database " * 500)


def aged(file: Path, seconds: int) -> None:
    """Make the kept page, and its checks, this number of seconds older."""
    facts = json.loads(gzip.decompress(file.read_bytes()))
    for times in (facts, *facts["monitors"]):
        for name in ("at", "checked_at", "known_until"):
            if times.get(name):
                times[name] = as_text(datetime.fromisoformat(times[name]) - timedelta(seconds=seconds))
    file.write_bytes(gzip.compress(json.dumps(facts).encode()))


def test_the_last_known_page_is_shown_with_its_age(
    api: Api, spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(api)
    seen(api, *PUBLIC)
    assert looked(api).status_code == 200
    broken(tmp_path)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    response = api.call("GET", "/status", key=None, headers=BROWSER)
    assert response.status_code == 200
    assert "This is how it stood" in response.text
    assert "ago; we cannot see further at the moment." in response.text
    assert api.call("GET", "/status.json", key=None).json["stale_seconds"] >= 0  # type: ignore[index]
    assert api.call("GET", "/").status_code == 503


@pytest.mark.parametrize(
    ("seconds", "status", "response"),
    [(30, "Works", "12"), (600, "No data", "no data"), (3 * 86_400, "No data", "no data")],
)
def test_a_badge_says_nothing_that_may_have_changed(
    api: Api, spool: Path, tmp_path: Path, seconds: int, status: str, response: str
) -> None:
    applied(api, *policies(interval="60s"), status_page={"groups": ["Shop"]})
    seen(api, *PUBLIC, response_time_ms=12, timestamp=as_text(now() - timedelta(seconds=1)))
    seen(api, *PUBLIC, response_time_ms=12)
    fold(open_store(Settings.from_env()).database, now() + timedelta(minutes=2))
    assert "Checkout: Works" in looked(api, "/badge/2/status.svg").text
    aged(spool / "status_page.json.gz", seconds)
    broken(tmp_path)
    assert f"Checkout: {status}<" in looked(api, "/badge/2/status.svg").text
    assert f"response: {response}" in looked(api, "/badge/2/response.svg").text
    assert "uptime 90 d: 100" in looked(api, "/badge/2/uptime.svg").text


def test_a_frame_says_how_old_it_is(api: Api, spool: Path, tmp_path: Path) -> None:
    opened(api)
    seen(api, *PUBLIC)
    assert "This is how it stood" not in looked(api, "/embed/2").text
    aged(spool / "status_page.json.gz", 2 * 86_400)
    broken(tmp_path)
    response = looked(api, "/embed/2")
    assert "This is how it stood 2\xa0days ago" in response.text
    assert "Age" not in response.headers


def test_a_new_process_shows_what_was_kept(api: Api, spool: Path, tmp_path: Path) -> None:
    opened(api)
    seen(api, *PUBLIC)
    assert looked(api).status_code == 200
    [file] = spool.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    broken(tmp_path)
    for period in ("24h", "90d", "12m"):
        response = looked(api, f"/status?period={period}")
        assert response.status_code == 200
        assert "This is how it stood" in response.text


def test_what_is_kept_holds_nothing_private(api: Api, spool: Path) -> None:
    locked(api)
    seen(api, *PUBLIC, *PRIVATE)
    assert looked(api).status_code == 200
    text = gzip.decompress((spool / "status_page.json.gz").read_bytes()).decode()
    assert "Checkout" in text
    assert not [word for word in (*PRIVATE, "scrypt", "Inner") if word in text]
    assert set(json.loads(text)["pages"]) == {"", "shop"}


def test_a_page_with_a_password_is_never_kept(
    api: Api, spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(api)
    right = api.call("POST", "/status/inner", key=None, headers=BROWSER, data={"password": PASSWORD})
    cookie = right.headers["Set-Cookie"].partition(";")[0]
    assert looked(api, "/status/inner", Cookie=cookie).status_code == 200
    broken(tmp_path)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    after = api.call("GET", "/status/inner", key=None, headers={**BROWSER, "Cookie": cookie})
    assert (after.status_code, after.mimetype) == (503, "text/html")
    assert looked(api, "/status/inner", Cookie=cookie).status_code == 404, "a new process does not know it"


def test_without_anything_known_the_page_says_so(api: Api, spool: Path, tmp_path: Path) -> None:
    opened(api)
    broken(tmp_path)
    forget()
    response = looked(api)
    assert (response.status_code, response.mimetype) == (503, "text/html")
    assert "We cannot say at the moment" in response.text


def test_a_damaged_file_is_no_reading(api: Api, spool: Path, tmp_path: Path) -> None:
    opened(api)
    broken(tmp_path)
    (spool / "status_page.json.gz").write_bytes(b"\x1f\x8b nothing")
    assert looked(api).status_code == 503


def test_who_asks_while_the_store_hangs_sees_how_it_stood(
    api: Api, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(api)
    seen(api, *PUBLIC)
    assert looked(api).status_code == 200
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    hanging = module.readings(Settings.from_env())
    with hanging._lock:
        response = api.call("GET", "/status", key=None, headers=BROWSER)
        assert "This is how it stood" in response.text
        months = api.call("GET", "/status?period=12m", key=None, headers=BROWSER)
        assert (months.status_code, "This is how it stood" in months.text) == (200, True), "whatever is known of it"
    assert "This is how it stood" not in api.call("GET", "/status", key=None, headers=BROWSER).text


def test_a_prefix_of_a_platform_changes_no_link(api: Api) -> None:
    opened(api)
    for path, root in (("/prod/status", "./"), ("/status_page/status/monitors/1", "../../")):
        text = api.alone("status_page", "GET", path).get_data(as_text=True)
        assert f'href="{root}assets/bonghwa-' in text, path
