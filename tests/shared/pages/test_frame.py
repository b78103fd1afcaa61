"""The frame: assets, headers, languages, the way back, and the layout around hostile values."""

import functools
import gzip
import re
import string
from collections.abc import Callable

import pytest
from flask import Flask, Request, Response, request

from shared.pages.answers import page_answer
from shared.pages.assets import asset_answer, asset_path
from shared.pages.problems import problem_page, wants_html
from shared.pages.requests import language_of, other_language, root_of
from shared.words import Language, status_en, status_ko
from shared.words.pages import Texts, frame_words

HTML = "<p>" + "x" * 2_000


def asking(answer: Callable[[Request], Response | str], path: str = "/status", **headers: str) -> Response:
    """A function's response to a request."""
    app = Flask("pages")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with app.test_request_context(path, headers=named):
        return app.make_response(answer(request))


def served(name: str, request: Request) -> Response:
    """The asset of this name."""
    found = asset_answer(request, name)
    assert found is not None
    return found


def test_an_asset_is_kept_for_ever_under_a_name_of_its_own() -> None:
    name = asset_path("bonghwa.css").removeprefix("assets/")
    assert re.fullmatch(r"bonghwa-[0-9a-f]{10}\.css", name)

    answer = functools.partial(served, name)
    plain, packed = asking(answer), asking(answer, Accept_Encoding="gzip, br")
    assert asking(lambda request: str(asset_answer(request, "bonghwa-0000000000.css"))).data == b"None"
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.mimetype == "text/css"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_assets_are_light() -> None:
    sizes = {}
    for file in ("bonghwa.css", "bonghwa.js"):
        name = asset_path(file).removeprefix("assets/")
        sizes[file] = len(asking(functools.partial(served, name), Accept_Encoding="gzip").data)
    assert sizes["bonghwa.css"] <= 6_000
    assert sizes["bonghwa.js"] <= 1_000


def test_a_public_page_is_kept_for_ten_seconds_and_has_a_version() -> None:
    first = asking(lambda request: page_answer(request, HTML, "public", age=4.7))
    assert first.headers["Cache-Control"] == "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400"
    assert first.headers["Age"] == "4"
    again = asking(lambda request: page_answer(request, HTML, "public"), If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    other = asking(lambda request: page_answer(request, HTML + "!", "public"), If_None_Match=first.headers["ETag"])
    assert other.status_code == 200


def test_a_compressed_page_has_the_same_version() -> None:
    plain = asking(lambda request: page_answer(request, HTML, "public"))
    packed = asking(lambda request: page_answer(request, HTML, "public"), Accept_Encoding="gzip")
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert int(packed.headers["Content-Length"]) == len(packed.data)


@pytest.mark.parametrize("refusal", ["identity", "gzip;q=0", ""])
def test_nothing_is_compressed_that_the_caller_cannot_read(refusal: str) -> None:
    response = asking(lambda request: page_answer(request, HTML, "public"), Accept_Encoding=refusal)
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_private_page_is_kept_by_nobody(status: int) -> None:
    response = asking(lambda request: page_answer(request, HTML, "private", status=status))
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_a_page_with_a_token_is_not_compressed() -> None:
    answer = asking(lambda request: page_answer(request, HTML, "private", is_compressed=False), Accept_Encoding="gzip")
    assert answer.get_data(as_text=True) == HTML


def test_only_an_embedded_page_may_be_framed_and_has_no_forms() -> None:
    csp = asking(lambda request: page_answer(request, HTML, "embedded", has_script=False)).headers[
        "Content-Security-Policy"
    ]
    assert "frame-ancestors *" in csp
    assert "form-action 'none'" in csp
    assert "script-src" not in csp
    assert "unsafe" not in csp


@pytest.mark.parametrize(
    ("path", "accepts", "chosen"),
    [
        ("/status", "ko-KR,ko;q=0.9,en;q=0.8", ("ko", False)),
        ("/status", "en-US", ("en", False)),
        ("/status", "fr", ("ko", False)),
        ("/status", "", ("ko", False)),
        ("/status?lang=en", "ko", ("en", True)),
        ("/status?lang=<b>", "en", ("en", False)),
    ],
)
def test_the_address_chooses_the_language_before_the_browser(path: str, accepts: str, chosen: tuple[str, bool]) -> None:
    def answer(request: Request) -> str:
        assert language_of(request, "ko") == chosen
        return ""

    asking(answer, path, Accept_Language=accepts)


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/status", "./"),
        ("/status/", "../"),
        ("/status/shop", "../"),
        ("/status/monitors/7", "../../"),
        ("/prod/status", "./"),
        ("/status_page/status/shop", "../"),
        ("/status/status", "../"),
    ],
)
def test_links_lead_back_behind_any_prefix(path: str, root: str) -> None:
    def answer(request: Request) -> str:
        assert root_of(request, "status") == root
        return ""

    asking(answer, path)


def test_the_link_to_the_other_language_keeps_only_what_we_know() -> None:
    def answer(request: Request) -> str:
        assert other_language(request, "en") == ("ko", "?period=24h&lang=ko")
        return ""

    asking(answer, "/status?period=24h&token=secret&lang=en&theme=x1")


@pytest.mark.parametrize(
    ("accepts", "is_wanted"),
    [("text/html,application/xhtml+xml,*/*;q=0.8", True), ("application/json", False), ("*/*", False), ("", False)],
)
def test_only_a_browser_gets_html(accepts: str, is_wanted: bool) -> None:
    def answer(request: Request) -> str:
        assert wants_html(request) is is_wanted
        return ""

    asking(answer, Accept=accepts)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_layout_escapes_what_it_shows(language: Language) -> None:
    hostile = '"><script>alert(1)</script>'
    page = asking(
        lambda request: problem_page(request, 404, hostile, hostile, first="status", language=language),
        f"/status/shop?lang={language}",
    )
    html = page.get_data(as_text=True)
    assert html.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in html
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") == 3  # the tab, the sentence, the text
    assert 'href="../assets/bonghwa-' in html
    assert "style=" not in html
    assert "<style" not in html


def parameters(text: str | tuple[str, str]) -> set[str]:
    """The names in a text, or in both of its forms."""
    forms = [text] if isinstance(text, str) else list(text)
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name} - {"n"}


@pytest.mark.parametrize(
    ("english", "korean"),
    [(frame_words("en"), frame_words("ko")), (status_en.WORDS, status_ko.WORDS)],
    ids=["frame", "status"],
)
def test_both_languages_say_the_same(english: Texts, korean: Texts) -> None:
    assert english.keys() == korean.keys()
    for code in english:
        assert parameters(english[code]) == parameters(korean[code]), code
        assert type(english[code]) is type(korean[code]), code
        is_only_values = not re.search(r"[a-z]{3}", re.sub(r"{\w+}", "", str(english[code])))
        assert is_only_values or re.search("[가-힣]", str(korean[code])), code
