"""Set-ups of four other tools as people have them: each comes in with every difference said."""

from pathlib import Path

import pytest

from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.reading import read_back
from tests.infra.configuration.imports.set_ups import NOW, SETUPS, source_of, written


def of(tool: str) -> list[Path]:
    return [setup for setup in SETUPS if setup.name.startswith(tool)]


def test_there_are_as_many_set_ups_as_promised() -> None:
    assert len(of("gatus-")) >= 12
    assert len(of("upptime-")) >= 3
    assert len(of("uptimeflare-")) >= 3


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_a_set_up_comes_in_as_it_is_written_out(setup: Path) -> None:
    for name, text in written(setup).items():
        assert text == (setup / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_what_is_written_is_a_right_configuration(setup: Path, tmp_path: Path) -> None:
    imported = read(source_of(setup), NOW)
    configuration = read_back(imported, tmp_path, imported.secrets.missing())
    assert [policy.name for policy in configuration.monitors] == [monitor["name"] for monitor in imported.monitors]
    assert set(configuration.channels) == set(imported.channels)
    assert len(configuration.windows) == len(imported.windows)


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_no_secret_is_in_the_configuration_or_a_note(setup: Path) -> None:
    imported, texts = read(source_of(setup), NOW), written(setup)
    for value in imported.secrets.values.values():
        if value and len(value) > 3:
            assert value not in texts["bonghwa.yaml"]
            assert value not in texts["notes.txt"]


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_an_import_changes_nothing_at_the_source(setup: Path) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = [path for path in setup.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    read(source_of(setup), NOW)
    assert state() == before
