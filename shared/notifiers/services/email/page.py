"""A message as a page that mail programs show: inline styles, no picture, nothing from elsewhere, dark if they are."""

from html import escape
from typing import NamedTuple

from shared.models.message import Message, Tone


class _Colors(NamedTuple):
    """The colours of a tone, on light and on dark ground."""

    light: str
    dark: str


_COLORS: dict[Tone, _Colors] = {
    "bad": _Colors("#b42318", "#ff8a80"),
    "warning": _Colors("#93500a", "#ffc266"),
    "good": _Colors("#1a7340", "#7fdca4"),
    "neutral": _Colors("#1d5fa8", "#8fc1ff"),
}
_FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Apple SD Gothic Neo','Noto Sans KR',sans-serif"
# Words of any length break, and those of Korean do not break in their middle.
_TEXT = "margin:0;word-break:keep-all;overflow-wrap:anywhere;white-space:pre-line"
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<meta name="x-apple-disable-message-reformatting">
<title>{title}</title>
<style>
:root{{color-scheme:light dark}}
@media (prefers-color-scheme:dark){{
.ground{{background:#121417!important}}
.row{{border-color:#343a42!important}}
.card{{background:#1d2126!important;border-color:#343a42!important}}
.strong{{color:#f2f4f7!important}}
.soft{{color:#a3acb8!important}}
.tone{{color:{dark}!important;border-color:{dark}!important}}
.main{{background:{dark}!important;border-color:{dark}!important;color:#121417!important}}
}}
</style>
</head>
<body class="ground" style="margin:0;padding:0;background:#f3f4f6;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden">{preview}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="ground"
 style="background:#f3f4f6"><tr><td align="center" style="padding:12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="card"
 style="max-width:600px;background:#ffffff;border:1px solid #dde1e6;border-radius:12px"><tr>
<td align="left" style="padding:20px;{font};font-size:16px;line-height:1.5">
<h1 class="tone" style="{text};padding-left:12px;border-left:4px solid {light};color:{light};font-size:20px;\
line-height:1.35">{title}</h1>
{content}{buttons}{mark}</td></tr></table>
</td></tr></table>
</body>
</html>
"""


def page_of(message: Message) -> str:
    """The page. Others' words stand in it as text."""
    colors = _COLORS[message.tone]
    return _PAGE.format(
        language=message.language,
        title=escape(message.title),
        # The text that a phone shows below the subject before the mail is opened.
        preview=escape(message.content.partition("\n")[0]),
        content=_shown(message),
        buttons="".join(_button(link.label, link.url, colors, is_main=not at) for at, link in enumerate(message.links)),
        mark=_mark(message.mark) if not message.is_list else "",
        light=colors.light,
        dark=colors.dark,
        font=_FONT,
        text=_TEXT,
    )


def _shown(message: Message) -> str:
    if message.is_list and message.template is None:
        return _rows(message.content)
    return _paragraph(message.content) if message.template is not None or not message.facts else _facts(message)


def _facts(message: Message) -> str:
    return "".join(
        f'<p class="soft" style="{_TEXT};padding-top:16px;color:#5b6470;font-size:13px">{escape(fact.label)}</p>\n'
        f'<p class="strong" style="{_TEXT};color:#16191d">{escape(fact.value)}</p>\n'
        for fact in message.facts
    )


def _paragraph(text: str) -> str:
    return f'<p class="strong" style="{_TEXT};padding-top:16px;color:#16191d">{escape(text)}</p>\n' if text else ""


def _rows(text: str) -> str:
    """The lines of a list, apart from each other: on a phone, each takes two."""
    return "".join(
        f'<p class="strong row" style="{_TEXT};padding:8px 0;border-bottom:1px solid #e6e9ed;color:#16191d">'
        f"{escape(line)}</p>\n"
        for line in text.splitlines()
    )


def _button(label: str, url: str, colors: _Colors, *, is_main: bool) -> str:
    # As high as a finger is wide.
    look = f"background:{colors.light};color:#ffffff" if is_main else f"color:{colors.light}"
    return (
        f'<p style="margin:0;padding-top:{20 if is_main else 10}px"><a href="{escape(url)}" rel="noreferrer"'
        f' class="{"main" if is_main else "tone"}" style="display:block;padding:11px 16px;{look};'
        f"border:1px solid {colors.light};border-radius:8px;text-align:center;text-decoration:none;"
        f'font-weight:600">{escape(label)}</a></p>\n'
    )


def _mark(mark: str) -> str:
    return (
        f'<p class="soft" style="{_TEXT};padding-top:16px;color:#5b6470;font-size:13px">{escape(mark)}</p>'
        if mark
        else ""
    )
