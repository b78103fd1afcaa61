"""The file of secrets: any value comes back as it was."""

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from infra.configuration.imports.naming import upper_snake
from infra.configuration.imports.placeholders import has_placeholder, literal, unescaped
from infra.configuration.imports.secrets import Secrets, quoted
from infra.local.environment import values_in
from shared.monitors.placeholders import filled

VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.slow
@given(VALUES)
def test_python_dotenv_reads_a_value_as_it_was(value: str) -> None:
    text = f"FIRST={quoted(value)}\nSECOND=2\n"
    assert dotenv_values(stream=io.StringIO(text), interpolate=False) == {"FIRST": value, "SECOND": "2"}


@pytest.mark.parametrize(
    "value", ["a", "a b", "it's", 'say "hi"', "a\\", "x\ny", "x\r\ny", "$HOME", "${X}", "#x", "", " "]
)
def test_the_local_runner_reads_a_value_as_it_was(tmp_path: Path, value: str) -> None:
    file = tmp_path / "bonghwa.env"
    secrets = Secrets()
    secrets.keep("OPS_TOKEN", value)
    file.write_text(secrets.text("bonghwa.yaml"), encoding="utf-8", newline="")
    assert values_in(file) == {"OPS_TOKEN": value}


def test_appended_it_keeps_a_last_line_without_a_newline(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    secrets = Secrets()
    secrets.keep("OPS_TOKEN", "1:a")
    file.write_text("API_KEY=k" + secrets.text("bonghwa.yaml"), encoding="utf-8")
    assert values_in(file) == {"API_KEY": "k", "OPS_TOKEN": "1:a"}


@pytest.mark.slow
@given(st.text("${}aA_", max_size=12))
def test_a_literal_text_is_filled_in_as_itself(text: str) -> None:
    assert filled(literal(text), {}) == text
    assert unescaped(literal(text)) == text
    assert not has_placeholder(literal(text))
    assert filled(f"{literal(text)}${{MONITOR_X}}", {"MONITOR_X": "x"}) == f"{text}x"


def test_a_name_says_that_it_is_secret() -> None:
    """Deployments decide by the name what is kept as a secret."""
    secrets = Secrets()
    assert secrets.keep("OPS_WEBHOOK_URL", "https://x") == "${OPS_WEBHOOK_URL_SECRET}"
    assert secrets.keep("OPS_TOKEN", "t") == "${OPS_TOKEN}"


def test_a_name_stands_for_one_value() -> None:
    secrets = Secrets()
    names = [secrets.keep("A_TOKEN", value) for value in ("one", "two", "one")]
    assert names == ["${A_TOKEN}", "${A_TOKEN_2}", "${A_TOKEN}"]
    assert secrets.refer("TOKEN", "A_") == "${A_TOKEN_3}"
    assert secrets.refer("A_TOKEN", "A_") == "${A_TOKEN_4}"
    assert secrets.refer("TOKEN", "A_") == "${A_TOKEN_3}"


@pytest.mark.parametrize(
    ("text", "name"), [("Café (EU)", "CAFE_EU"), ("웹 서버", ""), ("x-y.z", "X_Y_Z"), ("_", ""), ("9 lives", "9_LIVES")]
)
def test_a_name_becomes_a_part_of_a_variable(text: str, name: str) -> None:
    assert upper_snake(text) == name
