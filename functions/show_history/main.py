"""What has happened to monitors: a file for each route."""

import functions_framework

from functions.show_history.timeline import show_timeline
from shared import web


@functions_framework.http
@web.routes(show_timeline)
def show_history() -> None:
    """What has happened to monitors. Reading is public as API_AUTH says."""
