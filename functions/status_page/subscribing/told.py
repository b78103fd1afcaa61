"""A small page that says one thing about a subscription, with a button if there is something to do."""

from flask import Request, Response

from functions.status_page.showing import FOLDER, Viewer, title_of, way_to
from functions.status_page.visible import Page
from shared.pages.answers import page_answer
from shared.pages.rendering import render
from shared.pages.requests import other_language
from shared.settings.status_pages import MAIN
from shared.words.pages import frame_words, plain_speaker, speaker, status_words
from shared.words.subscribing import subscribing_words

_STATES = {"asked": "up", "confirmed": "up", "too_often": "slow", "not_address": "slow", "expired": "slow"}


def told(
    request: Request,
    page: Page | None,
    viewer: Viewer,
    code: str,
    *,
    button: str = "",
    status: int = 200,
    address: str = "",
    has_path: bool = True,
) -> Response:
    """The page for one of the codes of ``shared.words.subscribing``. ``page``: the status page, if there is one.

    ``has_path``: a GET shows it again. Otherwise its link to the other language leads to the status page.
    """
    tables = (subscribing_words(viewer.language), status_words(viewer.language), frame_words(viewer.language))
    say, plain = speaker(*tables), plain_speaker(*tables)
    name = title_of(page, plain) if page else plain("default_title")
    slug = page.slug if page else MAIN
    other, link = other_language(request, viewer.language)
    if not has_path:
        link = way_to(slug, viewer._replace(language=other, is_in_address=True))
    html = render(
        FOLDER,
        "told.html",
        language=viewer.language,
        words={**status_words(viewer.language), **subscribing_words(viewer.language)},
        title=f"{plain(code, title=name)} · {name}",
        root=viewer.root,
        languages=(other, link),
        brand=name,
        brand_href=way_to(slug, viewer),
        burning=0,
        live=0,
        shown=_STATES.get(code, "unk"),
        said=say(code, title=name),
        more=say(f"{code}_more", title=name, address=address),
        button=say(button) if button else "",
    )
    return page_answer(request, html, "private", status=status, has_script=True)
