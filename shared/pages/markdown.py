"""A safe part of Markdown: paragraphs, lists, bold, italic, code, and links to http and https. No images, no HTML.

And plain text with its addresses as links.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from shared.settings.secrets import MASK

# Bounded, so that no text takes long. Without the opening sign in what it opens, no part of a text is read twice.
_INLINE = re.compile(
    r"`(?P<code>[^`\n]{1,500})`"
    r"|\*\*(?P<bold>[^*\n]{1,500})\*\*"
    r"|\*(?P<italic>[^*\n]{1,500})\*"
    r"|(?<![\w!])_(?P<leaning>[^_\n]{1,500})_(?!\w)"
    r"|(?<!!)\[(?P<words>[^\[\]\n]{1,500})\]\((?P<url>https?://[^\s()<>\"']{1,2000})\)"
)
# An address in a text, without the sign that ends a sentence behind it. A bracket in it has its own end.
_ADDRESS = re.compile(r"https?://(?:\([^\s()<>\"']*\)|[^\s()<>\"']){1,2000}(?<![.,;:!?])", re.IGNORECASE)
_ITEM = re.compile(r" {0,3}(?:[-*+]|(?P<number>\d{1,4})[.)]) +(?P<text>.*)")


def markdown(text: str) -> Markup:
    """The text as markup. Everything that it does not understand is shown as it is written."""
    return Markup("\n").join(_blocks(text.replace("\r\n", "\n").split("\n")))


def plain(text: str) -> str:
    """The text for what shows no markup: without its marks, and each address behind its words."""
    return _INLINE.sub(_unmarked, text.replace("\r\n", "\n"))


def linked(text: str) -> Markup:
    """The text as it is written, with a link for each address of a web page that leads there as it stands."""
    parts: list[Markup] = []
    at = 0
    for found in _ADDRESS.finditer(text):
        # Nobody can follow a mask or a placeholder.
        if MASK not in found[0] and "${" not in found[0]:
            link = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(found[0])
            parts += [escape(text[at : found.start()]), link]
            at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _unmarked(found: re.Match[str]) -> str:
    if found["url"]:
        return found["words"] if found["words"] == found["url"] else f"{found['words']} ({found['url']})"
    return next(found[name] for name in ("code", "bold", "italic", "leaning") if found[name])


def _blocks(lines: list[str]) -> Iterator[Markup]:
    paragraph: list[str] = []
    items: list[str] = []
    tag = "ul"
    for line in [*lines, ""]:
        item = _ITEM.fullmatch(line)
        if items and (not item or ("ol" if item["number"] else "ul") != tag):
            yield _list(tag, items)
            items = []
        if paragraph and (item or not line.strip()):
            yield _paragraph(paragraph)
            paragraph = []
        if item:
            tag = "ol" if item["number"] else "ul"
            items.append(item["text"])
        elif line.strip():
            paragraph.append(line.strip())


def _paragraph(lines: list[str]) -> Markup:
    return Markup("<p>{}</p>").format(Markup("<br>").join(_inline(line) for line in lines))


def _list(tag: str, items: list[str]) -> Markup:
    inner = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
    return Markup("<{}>{}</{}>").format(tag, inner, tag)


def _inline(text: str) -> Markup:
    parts: list[Markup] = []
    at = 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[at : found.start()]), _marked(found)]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _marked(found: re.Match[str]) -> Markup:
    if found["url"]:
        return Markup('<a href="{}" rel="nofollow noopener">{}</a>').format(found["url"], found["words"])
    if found["code"]:
        return Markup("<code>{}</code>").format(found["code"])
    if found["bold"]:
        return Markup("<b>{}</b>").format(found["bold"])
    return Markup("<i>{}</i>").format(found["italic"] or found["leaning"])
