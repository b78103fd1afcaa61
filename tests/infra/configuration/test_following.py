"""``make run`` follows the file: what is still being written is not applied, and a store that lost it gets it again."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import configured
from infra.local.configured import Watch, names_in_file, read_at_start
from shared.channels import read as channels_in
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import Store, open_store
from shared.store.admin.backup import SIDE_FILES, back_up
from shared.store.migrate import drop_everything, migrate
from tests.support.policies import policy
from tests.support.running import API_KEY
from tests.support.stand_ins import Configured

pytestmark = pytest.mark.slow

WHOLE = "monitors:\n  - {name: Web, url: 'https://a.example'}\n  - {name: Shop, url: 'https://b.example'}\n"
CUT_SHORT = WHOLE[: WHOLE.index("  - {name: Shop")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "watched.yaml"
    file.write_text(WHOLE)
    return file


@pytest.fixture
def settings(tmp_path: Path, file: Path) -> Settings:
    store = f"sqlite:///{tmp_path / 'notifications.db'}"
    return Settings.from_env({"CONFIG_FILE": str(file), "API_KEY": API_KEY, "DATABASE_URL": store})


@pytest.fixture
def watch(settings: Settings, backend: Configured) -> Watch:
    """It has applied the file as it was at the start."""
    watch = Watch(settings, backend.url)
    watch.check()
    assert list(backend.monitors) == ["Web", "Shop"]
    return watch


def test_an_edit_is_applied_once_a_second_check_finds_no_change(watch: Watch, file: Path, backend: Configured) -> None:
    file.write_text(CUT_SHORT)
    watch.check()
    assert list(backend.monitors) == ["Web", "Shop"]
    watch.check()
    assert list(backend.monitors) == ["Web"]
    watch.check()
    assert len(backend.calls) == 2


@pytest.mark.parametrize("caught", ["", CUT_SHORT], ids=["empty", "cut short"])
def test_a_file_that_is_being_written_ends_nothing(watch: Watch, file: Path, backend: Configured, caught: str) -> None:
    for text in (caught, WHOLE, caught, WHOLE):
        file.write_text(text)
        watch.check()
    watch.check()
    assert all(len(body["monitors"]) == 2 for body in backend.bodies)


def test_an_edit_that_was_not_taken_does_not_let_the_next_one_in_early(
    watch: Watch, file: Path, backend: Configured
) -> None:
    backend.behave = lambda exchange: exchange.answer(503, "{}", "application/json")
    file.write_text(WHOLE.replace("Shop", "Mail"))
    watch.check()
    watch.check()
    backend.behave = None
    file.write_text("")
    watch.check()
    assert list(backend.monitors) == ["Web", "Shop"]
    file.write_text(WHOLE.replace("Shop", "Mail"))
    watch.check()
    watch.check()
    assert list(backend.monitors) == ["Web", "Mail"]


def reset(file: Path, store: Store, _copy: Path) -> None:
    with store.database.transaction() as transaction:
        drop_everything(transaction)
    migrate(store.database, as_text(now()))


def delete(file: Path, _store: Store, _copy: Path) -> None:
    for end in ("", *SIDE_FILES):
        file.with_name(file.name + end).unlink(missing_ok=True)


def restore(file: Path, store: Store, copy: Path) -> None:
    delete(file, store, copy)
    copy.replace(file)


@pytest.mark.parametrize("lose", [reset, delete, restore])
def test_a_store_that_lost_the_file_gets_it_again(
    settings: Settings,
    watch: Watch,
    backend: Configured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[Path, Store, Path], None],
) -> None:
    for pause in ("RETRY_SECONDS", "RETRY_TIMES"):
        monkeypatch.setattr(configured, pause, 0.0)
    store, copy, path = open_store(settings), tmp_path / "copy.db", tmp_path / "notifications.db"
    back_up(path, copy)
    # The backend is a stand-in: what it would store with the next edit is stored here.
    store.monitors.add(policy("https://c.example", name="Mail"), now=now())
    settings.config_file.write_text(WHOLE.replace("Shop", "Mail"))
    watch.check()
    watch.check()
    watch.check()
    watch.check()
    assert len(backend.calls) == 2
    lose(path, store, copy)
    backend.behave = lambda exchange: exchange.answer(503, "{}", "application/json")
    watch.check()
    backend.behave = None
    watch.check()
    watch.check()
    assert len(backend.calls) == 4
    assert backend.bodies[-1] == backend.bodies[-2]


def test_the_file_may_name_a_channel_of_the_setting(
    settings: Settings, file: Path, backend: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the setting stay known when the file's own are added to it, and a file's that is gone does not."""
    hook = {"kind": "webhook", "url": "https://hooks.example/a"}
    monkeypatch.setenv("CHANNELS", json.dumps({"night": hook}))
    monkeypatch.setenv("BONGHWA_CHANNELS_GIVEN", "of an earlier start")
    text = "monitors: [{name: Web, url: 'https://a.example', channels: [%s]}]\n"
    file.write_text(f"channels: {{ops: {json.dumps(hook)}}}\n{text % 'ops, night'}")
    read_at_start(os.environ, settings)
    assert list(channels_in(os.environ)[0]) == ["console", "night", "ops"]
    assert names_in_file(settings) == ["Web"]
    watch = Watch(settings, backend.url)
    watch.check()
    assert list(backend.monitors) == ["Web"]
    file.write_text(text % "night")
    watch.check()
    watch.check()
    assert open_store(settings).health_facts(now=now()).problem is None
    file.write_text(text % "ops")
    watch.check()
    watch.check()
    assert "expected a channel: console, night" in str(open_store(settings).health_facts(now=now()).problem)


def test_a_file_that_is_gone_leaves_its_monitors(
    settings: Settings, backend: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is moved for an edit, or `git stash` takes it."""
    monkeypatch.setattr("shared.settings.settings.ROOT", tmp_path)
    for pause in ("RETRY_SECONDS", "RETRY_TIMES"):
        monkeypatch.setattr(configured, pause, 0.0)
    url = settings.database_url.get_secret_value()
    store, file = open_store(settings), settings.config_file.rename(tmp_path / "bonghwa.yaml")
    watch = Watch(Settings.from_env({"API_KEY": API_KEY, "DATABASE_URL": url}), backend.url)

    def problem_after_checks() -> str | None:
        watch.check()
        watch.check()
        return store.health_facts(now=now()).problem

    # The backend is a stand-in: what it would store is stored here.
    store.monitors.apply([policy("https://a.example", name="Web")], {}, {}, now=now(), channels={})
    assert problem_after_checks() is None
    file.rename(tmp_path / "elsewhere.yaml")
    assert problem_after_checks() == problem_after_checks() == "bonghwa.yaml: there is no such file; its monitors stay"
    assert list(backend.monitors) == ["Web", "Shop"]
    (tmp_path / "elsewhere.yaml").rename(file)
    assert problem_after_checks() is None
    file.unlink()
    assert problem_after_checks() is not None
    store.monitors.apply([], {}, {}, now=now(), channels={})
    assert problem_after_checks() is None, "somebody took them away by hand"
    file.write_text("")
    assert problem_after_checks() is None
    assert list(backend.monitors) == []


def test_an_edit_that_a_defect_refuses_is_said(
    settings: Settings, watch: Watch, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise TypeError("a defect")

    file.write_text(CUT_SHORT)
    with monkeypatch.context() as broken:
        for pause in ("RETRY_SECONDS", "RETRY_TIMES"):
            broken.setattr(configured, pause, 0.0)
        broken.setattr(configured, "_read", breaks)
        watch.check()
        watch.check()
    assert open_store(settings).health_facts(now=now()).problem == (
        "watched.yaml: it could not be applied because of an error of this program; its log has the details"
    )
    watch.check()
    assert "error of this program" not in str(open_store(settings).health_facts(now=now()).problem), (
        "it was tried again"
    )
    file.write_text(WHOLE)
    watch.check()
    watch.check()
    assert open_store(settings).health_facts(now=now()).problem is None


def test_a_start_without_the_file_says_nothing_about_it(
    settings: Settings, backend: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still checks what the file said: a mount that failed must not end everything."""
    open_store(settings).monitors.note_problem("bonghwa.yaml:4: unknown key 'intervall'")
    monkeypatch.setattr("shared.settings.settings.ROOT", tmp_path)
    url = settings.database_url.get_secret_value()
    Watch(Settings.from_env({"API_KEY": API_KEY, "DATABASE_URL": url}), backend.url).check()
    assert open_store(settings).health_facts(now=now()).problem is None
    assert backend.calls == []


def test_public_monitors_that_no_customers_page_shows_are_in_the_log(
    settings: Settings, file: Path, backend: Configured, caplog: pytest.LogCaptureFixture
) -> None:
    """Each line names a few of them, however many there are."""
    monitors = "".join(f"  - {{name: M{n}, url: 'https://a.example', public: true}}\n" for n in range(50))
    pages = "groups: {Web: {}}\nstatus_page: {}\nstatus_pages: {other: {groups: [Web]}}\n"
    file.write_text(f"{pages}monitors:\n{monitors}")
    Watch(settings, backend.url).check()
    said = "50 monitors say public: true, but no page at /status/<slug> that names groups shows M0, M1, M2 and 47 more"
    warnings = [vars(record)["fields"] for record in caplog.records if record.message == "monitors_unshown"]
    assert warnings == [{"reason": said}]
