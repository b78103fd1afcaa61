"""The first start: nothing is watched yet, and one field changes that."""

from flask import Response

from functions.dashboard.visit import Visit
from shared.channels import configured

EXAMPLE = "https://example.org/"


def first_page(visit: Visit, *, url: str = EXAMPLE, error: str = "", status: int = 200) -> Response:
    """The form that asks what shall be watched."""
    return visit.page(
        "first.html",
        visit.say("what_first"),
        shown=None,
        url=url,
        error=error,
        channels=list(configured()),
        status=status,
    )


def guessed(text: str) -> str:
    """The address that somebody means who writes a host, or a host and a port, or a web page."""
    text = text.strip()
    if "://" in text or not text:
        return text
    host, _, port = text.partition("/")[0].rpartition(":")
    is_port = bool(host) and port.isascii() and port.isdecimal() and "/" not in text
    return f"tcp://{text}" if is_port and port not in ("80", "443") else f"https://{text}"
