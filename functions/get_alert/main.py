"""GET /alerts/<id>: one alert with its notifications."""

import functions_framework
from flask import Request, Response

from shared import web
from shared.models import as_json
from shared.settings import Settings
from shared.store import open_store


@functions_framework.http
@web.function("GET", access="read")
def get_alert(request: Request, settings: Settings) -> Response:
    """200 with the alert and its ``notifications``, oldest first; 404 if there is none with this id."""
    alert, notifications = open_store(settings).alerts.get(web.id_in_path(request))
    return web.answer({**alert.shown(), "notifications": [as_json(each) for each in notifications]})
