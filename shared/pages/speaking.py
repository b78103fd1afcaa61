"""Says a text of ``shared.words.pages`` with its values, for a page and for plain text."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

# One text; or two, for one thing (``n`` is 1) and for several.
Texts = Mapping[str, str | tuple[str, str]]
Say = Callable[..., Markup]


def speaker(*tables: Texts) -> Say:
    """``say(code, **values)``: the text as markup. Every value is escaped, unless it is markup itself."""

    def say(code: str, **values: Any) -> Markup:
        return Markup(_chosen(tables, code, values)).format(**values)  # noqa: S704  # our own words; values are escaped

    return say


def plain_speaker(*tables: Texts) -> Callable[..., str]:
    """``say(code, **values)``: the text for a title, a feed or JSON. Nothing is escaped."""

    def say(code: str, **values: Any) -> str:
        return _chosen(tables, code, values).format(**values)

    return say


def _chosen(tables: tuple[Texts, ...], code: str, values: Mapping[str, Any]) -> str:
    found = next(table[code] for table in tables if code in table)
    return found if isinstance(found, str) else found[0 if values["n"] == 1 else 1]
