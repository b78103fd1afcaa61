"""The two files of an import: complete, private, and never in place of others by accident."""

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.configuration.imports.result import Imported
from infra.configuration.imports.writing import CannotWrite, refuse_existing, write, yaml_text
from infra.configuration.reading.nodes import data_of
from infra.configuration.reading.yaml_text import parse

SOURCE = Path("kuma.db")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\x85\ufeff"), min_size=1)


def imported() -> Imported:
    found = Imported()
    found.channels["ops"] = {"kind": "apprise", "url": found.secrets.keep("OPS_URL", "s3cret")}
    found.monitors.append({"name": "M", "url": "icmp://h"})
    return found


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_only_the_owner_can_read_the_secrets(tmp_path: Path) -> None:
    write(imported(), SOURCE, tmp_path / "bonghwa.yaml")
    assert mode(tmp_path / "bonghwa.env") == 0o600
    assert mode(tmp_path / "bonghwa.yaml") & 0o600 == 0o600
    assert "s3cret" in (tmp_path / "bonghwa.env").read_text()
    assert "s3cret" not in (tmp_path / "bonghwa.yaml").read_text()
    assert {file.name for file in tmp_path.iterdir()} == {"bonghwa.yaml", "bonghwa.env"}


def test_the_secrets_are_beside_an_output_of_any_name(tmp_path: Path) -> None:
    write(imported(), SOURCE, tmp_path / "other.yaml")
    assert {file.name for file in tmp_path.iterdir()} == {"other.yaml", "bonghwa.env"}


def test_the_file_says_where_it_came_from(tmp_path: Path) -> None:
    write(imported(), Path("/data/kuma.db"), tmp_path / "bonghwa.yaml")
    first, second, *_ = (tmp_path / "bonghwa.yaml").read_text().splitlines()
    assert first.startswith("# Imported from kuma.db")
    assert second == "# Try it with: python -m infra apply bonghwa.yaml --dry-run"


@pytest.mark.parametrize("name", ["bonghwa.yaml", "bonghwa.env"])
def test_what_is_there_already_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(CannotWrite, match=f"{name} exists already"):
        refuse_existing(tmp_path / "bonghwa.yaml")


def test_replacing_takes_a_wider_mode_away(tmp_path: Path) -> None:
    (tmp_path / "bonghwa.env").write_text("old")
    (tmp_path / "bonghwa.env").chmod(0o644)
    write(imported(), SOURCE, tmp_path / "bonghwa.yaml")
    assert mode(tmp_path / "bonghwa.env") == 0o600


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="cannot be written"):
        write(imported(), SOURCE, tmp_path / "nowhere" / "bonghwa.yaml")


def test_if_one_cannot_be_written_nothing_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "bonghwa.yaml").mkdir()
    with pytest.raises(CannotWrite):
        write(imported(), SOURCE, tmp_path / "bonghwa.yaml")
    assert not list(tmp_path.glob(".bonghwa*"))


@pytest.mark.slow
@given(TEXTS, TEXTS)
def test_any_text_is_read_back_as_it_was(name: str, value: str) -> None:
    """By our own reader, which follows YAML 1.2, and by PyYAML, which follows 1.1."""
    found = Imported()
    found.channels[name] = {"kind": value, "listed": [value, value]}
    found.monitors.append({"name": value, "headers": {name: value}})
    expected = {"channels": found.channels, "monitors": found.monitors}
    text = yaml_text(found)
    node, mistakes = parse(text)
    assert mistakes == []
    assert node is not None
    assert data_of(node) == expected
    assert yaml.safe_load(text) == expected


@pytest.mark.parametrize(
    "text", ["no", "12:30", "1e3", "0o17", "2025-01-01", "=", "<<", "1_000", "~", "0x1F", "1.1.1.1"]
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    found = Imported()
    found.monitors.append({"name": text})
    node, _ = parse(yaml_text(found))
    assert node is not None
    assert data_of(node) == {"monitors": [{"name": text}]}


def test_emoji_are_written_as_they_are() -> None:
    found = Imported()
    found.monitors.append({"name": "photos 📷", "description": "첫 줄\n둘째 줄\n"})
    assert "name: photos 📷\n  description: |\n    첫 줄\n    둘째 줄\n" in yaml_text(found)
