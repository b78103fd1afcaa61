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
