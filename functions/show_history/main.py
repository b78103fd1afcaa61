"""/history, and what belongs to one monitor's past: how available it was, and what happened. Read by people."""

import functions_framework

from functions.show_history.buckets import show_group_history, show_monitor_history
from functions.show_history.raw_events import list_events
from functions.show_history.timeline import show_timeline
from shared import web


@functions_framework.http
@web.routes(show_monitor_history, show_group_history, list_events, show_timeline)
def show_history() -> None:
    """The past. Reading is public as API_AUTH says."""
