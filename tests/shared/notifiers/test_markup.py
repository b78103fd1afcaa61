"""Escapes, judged by another reader of Markdown and of HTML, and cuts that keep the number."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.notifiers.cutting import fitting
from shared.notifiers.markup import backslashed, entities, link, plain, unlinked
from shared.notifiers.services import discord, mattermost
from tests.shared.notifiers.messages import HOSTILE
from tests.shared.notifiers.reading import rendered, seen

# Composing leaves one line, and no blank at its ends.
LINE = st.text(st.sampled_from("ab1 @<>:/.&#;!*_~`|[](){}+-\\w가"), max_size=40).map(lambda text: f"x {text} x")
ESCAPES = pytest.mark.parametrize("escaped", [discord._escaped, mattermost._escaped])


@pytest.mark.slow
@ESCAPES
@given(text=LINE)
def test_a_line_is_shown_as_it_is(escaped: type[str], text: str) -> None:
    as_one_reads = re.sub(" +", " ", text)
    assert rendered(escaped(as_one_reads)) == as_one_reads


@ESCAPES
@pytest.mark.parametrize("begin", ["# ", "- ", "* ", "+ ", "> ", "1. ", "1) ", "```", "---", "-# "])
def test_a_line_begins_no_markup(escaped: type[str], begin: str) -> None:
    assert rendered(escaped(f"{begin}Shop is down")) == f"{begin}Shop is down".strip()


@pytest.mark.parametrize("escaped", [unlinked, plain, mattermost._escaped])
@pytest.mark.parametrize(
    "text",
    [
        "@here",
        "<!here>",
        "<users/all>",
        "https://x.example",
        "[l](dooray://1)",
        "<at>kim</at>",
        "&#64;all",
        "www.x.com",
    ],
)
def test_nothing_begins_a_mention_or_a_link(escaped: type[str], text: str) -> None:
    shown = escaped(f"say {text} now")
    assert not re.search(r"@\w|<[!\w@]|://|\[\w|&#|www\\?\.", shown)
    assert seen(shown).replace("\\", "") == f"say {text} now"


@pytest.mark.slow
@given(text=LINE)
def test_html_is_shown_as_it_is(text: str) -> None:
    assert html.unescape(entities(text)) == text
    assert "<" not in entities(text)


def test_the_words_of_a_link_are_over_where_it_is_over() -> None:
    assert rendered(link(backslashed("Open](x) [", "[]()"), "https://b.example/a(1) 2")) == (
        "[Open](x) [](https://b.example/a%281%29%202)"
    )


def test_nothing_bold_or_struck_is_left_where_no_escape_is() -> None:
    assert not re.search(r"[*~`]", plain(HOSTILE))


@pytest.mark.slow
@given(st.text("a*\n", max_size=300), st.integers(20, 200))
def test_a_cut_text_fits_and_keeps_its_last_line(text: str, longest: int) -> None:
    shown = fitting(f"{text}\n#17", longest, lambda part: backslashed(part, "*"))
    assert len(shown) <= longest
    assert shown.endswith("#17")
    assert not re.search(r"(?<!\\)(\\\\)*\\(?!\*)", shown)


def test_what_fits_is_whole_and_what_does_not_is_as_long_as_allowed() -> None:
    assert fitting("ab\n#17", 6) == "ab\n#17"
    assert fitting("a" * 50 + "\n#17", 30) == "a" * 25 + "…\n#17"
    assert fitting("a" * 50, 30) == "a" * 29 + "…"
