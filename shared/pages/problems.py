"""A problem as a page, for those who came with a browser."""

from pathlib import Path

from flask import Request, Response

from shared.pages.answers import page_answer
from shared.pages.rendering import render
from shared.pages.requests import other_language, root_of
from shared.pages.states import fires
from shared.words import Language

_FOLDER = Path(__file__).parent


def wants_html(request: Request) -> bool:
    """Whether a browser asks. Programs, which name no type or any, get JSON."""
    return "text/html" in str(request.accept_mimetypes) and request.accept_mimetypes["text/html"] > 0


def problem_page(
    request: Request, status: int, sentence: str, text: str = "", *, first: str, language: Language
) -> Response:
    """A page with one sentence. ``first``: the first segment of the function's paths, as for ``root_of``."""
    html = render(
        _FOLDER,
        "problem.html",
        language=language,
        words={},
        title=f"{sentence} · Bonghwa",
        sentence=sentence,
        text=text,
        root=root_of(request, first),
        languages=other_language(request, language),
        brand="Bonghwa",
        brand_href="?",
        burning=fires(None),
        live=0,
    )
    return page_answer(request, html, "private", status=status)
