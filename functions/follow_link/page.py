"""The page behind a link: what the alert is, and one button. No script, no cookie, and nothing from elsewhere."""

import base64
import hashlib
from html import escape
from http import HTTPStatus

from flask import Response

from shared.words import Language

_STYLE = """\
:root{color-scheme:light dark}
body{margin:0 auto;max-width:34rem;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.25;margin:1.5rem 0 .5rem}
p{margin:.5rem 0}
button{width:100%;min-height:3.5rem;margin:1rem 0;border:0;border-radius:.75rem;background:#b3261e;color:#fff;\
font:600 1.125rem system-ui,sans-serif;cursor:pointer}
button:focus-visible{outline:3px solid currentColor;outline-offset:2px}
.small{font-size:.875rem}"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    # The address holds the token.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def page(
    language: Language, title: str, *lines: str, button: str | None = None, small: str = "", status: int = 200
) -> Response:
    """A page with this title and these lines, whatever they hold. ``button`` posts to the page's own address."""
    below = [f"<p>{escape(line)}</p>" for line in lines if line]
    if button is not None:
        below.append(f'<form method="post"><button type="submit">{escape(button)}</button></form>')
    if small:
        below.append(f'<p class="small">{escape(small)}</p>')
    html = f"""\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(title)} · Bonghwa</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{chr(10).join(below)}
</main>
</body>
</html>
"""
    return Response(html, HTTPStatus(status), _HEADERS, mimetype="text/html")
