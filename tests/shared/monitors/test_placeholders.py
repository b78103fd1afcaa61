"""``${NAME}`` in a monitor: which names may stand there, and how they are filled in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.monitors.placeholders import MissingValue, filled, is_placeholder, names_in, refuse_foreign_names

ENVIRON = {"MONITOR_TOKEN": "s3cret", "MONITOR_": "odd", "MONITOR_NESTED": "${API_KEY}", "API_KEY": "key"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Bearer ${MONITOR_TOKEN}", "Bearer s3cret"),
        ("${MONITOR_TOKEN}${MONITOR_TOKEN}", "s3crets3cret"),
        ("$$", "$"),
        ("$${MONITOR_TOKEN}", "${MONITOR_TOKEN}"),
        ("$$${MONITOR_TOKEN}", "$s3cret"),
        ("$MONITOR_TOKEN costs 5$", "$MONITOR_TOKEN costs 5$"),
        ("${MONITOR_TOKEN", "${MONITOR_TOKEN"),
        # A value is not read again: it may come from somewhere else.
        ("${MONITOR_NESTED}", "${API_KEY}"),
    ],
)
def test_placeholders_are_filled_in(text: str, result: str) -> None:
    assert filled(text, ENVIRON) == result


@pytest.mark.parametrize("name", ["MONITOR_ABSENT", "API_KEY", "", "MONITOR_TOKEN:-x"])
def test_a_missing_or_foreign_value_is_named(name: str) -> None:
    with pytest.raises(MissingValue) as missing:
        filled(f"a ${{{name}}}", ENVIRON)
    assert missing.value.name == name


@pytest.mark.parametrize(
    "name", ["API_KEY", "DATABASE_URL", "monitor_token", "", "MONITOR-X", "MONITOR_X:-200", "1", " "]
)
def test_a_foreign_name_is_refused_and_shown(name: str) -> None:
    with pytest.raises(ValueError, match="begin with MONITOR_") as refused:
        refuse_foreign_names(f"a ${{{name}}} b")
    assert f"found ${{{name}}}" in str(refused.value)


@pytest.mark.parametrize("text", ["", "a", "${MONITOR_X}", "$${API_KEY}", "$API_KEY", "${MONITOR_X} and ${MONITOR_Y}"])
def test_text_without_foreign_names_is_kept(text: str) -> None:
    assert refuse_foreign_names(text) == text


def test_a_placeholder_is_nothing_else() -> None:
    assert is_placeholder("${MONITOR_X}")
    assert not any(map(is_placeholder, ["$$", "x", "${MONITOR_X} ", "${MONITOR_X}${MONITOR_Y}", ""]))


@pytest.mark.slow
@given(st.text(max_size=30))
def test_escaped_text_comes_out_as_it_was(text: str) -> None:
    escaped = text.replace("$", "$$")
    assert filled(escaped, {}) == text
    assert not list(names_in(escaped))


@pytest.mark.slow
@given(st.text(alphabet="${}AMONITOR_$", max_size=30))
def test_whatever_is_accepted_can_be_filled_in(text: str) -> None:
    try:
        names = list(names_in(refuse_foreign_names(text)))
    except ValueError:
        return
    filled(text, dict.fromkeys(names, ""))
