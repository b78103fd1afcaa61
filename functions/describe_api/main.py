"""GET /openapi.json: this API, described as an OpenAPI 3.1 document."""

from pathlib import Path

import functions_framework
from flask import Request, Response

from shared import web
from shared.settings import Settings

# Made in advance by `python -m infra openapi` from the models of all functions, which this one does not import.
_DOCUMENT = Path(__file__).with_name("openapi.json")


@functions_framework.http
@web.function("GET", access="read")
def describe_api(request: Request, settings: Settings) -> Response:
    """200 with the document."""
    return Response(_DOCUMENT.read_bytes(), mimetype="application/json")
