"""The understood part of Markdown; everything else is shown as it is written."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from shared.pages.markdown import linked, markdown, plain


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>two</p>\n<p>three</p>"),
        ("**bold** *leans* _too_ `code`", "<p><b>bold</b> <i>leans</i> <i>too</i> <code>code</code></p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("- a\n- **b**\n\n1. c\n2) d", "<ul><li>a</li><li><b>b</b></li></ul>\n<ol><li>c</li><li>d</li></ol>"),
        ("before\n* item\nafter", "<p>before</p>\n<ul><li>item</li></ul>\n<p>after</p>"),
        (
            "[x](https://a.example/?b=1&c=2)",
            '<p><a href="https://a.example/?b=1&amp;c=2" rel="nofollow noopener">x</a></p>',
        ),
        ("[a [x](https://a.b)", '<p>[a <a href="https://a.b" rel="nofollow noopener">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('[x](https://a.example/" onclick="y)', "<p>[x](https://a.example/&#34; onclick=&#34;y)</p>"),
        ("![x](https://a.example/i.png)", "<p>![x](https://a.example/i.png)</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("`<b>` **<i>**", "<p><code>&lt;b&gt;</code> <b>&lt;i&gt;</b></p>"),
        ("a\r\n\r\nb", "<p>a</p>\n<p>b</p>"),
        ("", ""),
        ("  \n\t\n", ""),
        ("# no heading", "<p># no heading</p>"),
    ],
)
def test_a_safe_part_of_markdown(text: str, markup: str) -> None:
    assert markdown(text) == markup


def test_the_addresses_of_a_text_are_links() -> None:
    a, b = (
        f'<a href="https://{each}" rel="noopener noreferrer">https://{each}</a>'
        for each in ("a.example/?b=1&amp;c=2", "b.example/x_(y)")
    )
    assert linked("See https://a.example/?b=1&c=2.\n(Or https://b.example/x_(y))") == f"See {a}.\n(Or {b})"


@pytest.mark.parametrize(
    "text",
    [
        *("javascript:alert(1)", "https://", "<b>", "ftp://a.example", "a.example"),
        *("https://u:***@a.example/", "https://${MONITOR_HOST}/"),  # as they stand, they lead nowhere
    ],
)
def test_other_texts_have_no_links(text: str) -> None:
    assert linked(text) == escape(text)


@pytest.mark.slow
@given(st.text(alphabet="*_`[]()<>!-1. \nahttps:/&\"'", max_size=200))
def test_no_text_makes_anything_but_known_markup(text: str) -> None:
    rest = str(markdown(text))
    for known in ("p", "ul", "ol", "li", "b", "i", "code", "a"):
        rest = rest.replace(f"<{known}>", "").replace(f"</{known}>", "")
    rest = rest.replace("<br>", "").replace('" rel="nofollow noopener">', "")
    assert "<" not in rest.replace('<a href="http', "")


@pytest.mark.parametrize("part", ["[", "*", "**", "`", "_a", "![", "[a](http://", "- "])
def test_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    markdown(part * (10_000 // len(part)))
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("part", ["[", "[a", "x["])
def test_many_brackets_are_read_once(part: str) -> None:
    began = time.process_time()
    plain(part * (200_000 // len(part)))
    assert time.process_time() - began < 0.15


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is **over**, *really*: `503`", "It is over, really: 503"),
        ("- one\r\n- _two_", "- one\n- two"),
        (
            "[our page](https://a.example/) and [https://b.example](https://b.example)",
            "our page (https://a.example/) and https://b.example",
        ),
        ("a_b_c ![x](javascript:1) <b>", "a_b_c ![x](javascript:1) <b>"),
    ],
)
def test_a_mail_has_the_text_without_its_marks(text: str, said: str) -> None:
    assert plain(text) == said
