"""``make run`` follows the file: what is still being written is not applied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.configured import Watch
from shared.settings import Settings
from tests.support.running import API_KEY
from tests.support.stand_ins import Configured

WHOLE = "monitors:\n  - {name: Web, url: 'https://a.example'}\n  - {name: Shop, url: 'https://b.example'}\n"
CUT_SHORT = WHOLE[: WHOLE.index("  - {name: Shop")]


@pytest.fixture
def backend() -> Iterator[Configured]:
    with Configured(API_KEY) as listening:
        yield listening


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "watched.yaml"
    file.write_text(WHOLE)
    return file


@pytest.fixture
def watch(tmp_path: Path, file: Path, backend: Configured) -> Watch:
    """It has applied the file as it was at the start."""
    store = f"sqlite:///{tmp_path / 'notifications.db'}"
    settings = Settings.from_env({"CONFIG_FILE": str(file), "API_KEY": API_KEY, "DATABASE_URL": store})
    watch = Watch(settings, backend.url)
    watch.look()
    assert list(backend.monitors) == ["Web", "Shop"]
    return watch


def test_an_edit_is_applied_when_a_second_look_finds_it_unchanged(
    watch: Watch, file: Path, backend: Configured
) -> None:
    file.write_text(CUT_SHORT)
    watch.look()
    assert list(backend.monitors) == ["Web", "Shop"]
    watch.look()
    assert list(backend.monitors) == ["Web"]
    watch.look()
    assert len(backend.calls) == 2


@pytest.mark.parametrize("caught", ["", CUT_SHORT], ids=["empty", "cut short"])
def test_a_file_that_is_being_written_ends_nothing(watch: Watch, file: Path, backend: Configured, caught: str) -> None:
    for text in (caught, WHOLE, caught, WHOLE):
        file.write_text(text)
        watch.look()
    watch.look()
    assert all(len(body["monitors"]) == 2 for body in backend.bodies)


def test_an_edit_that_was_not_taken_does_not_let_the_next_one_in_early(
    watch: Watch, file: Path, backend: Configured
) -> None:
    backend.behave = lambda exchange: exchange.answer(503, "{}", "application/json")
    file.write_text(WHOLE.replace("Shop", "Mail"))
    watch.look()
    watch.look()
    backend.behave = None
    file.write_text("")
    watch.look()
    assert list(backend.monitors) == ["Web", "Shop"]
    file.write_text(WHOLE.replace("Shop", "Mail"))
    watch.look()
    watch.look()
    assert list(backend.monitors) == ["Web", "Mail"]
