"""GET /metrics: how everything is as numbers, for Prometheus and what reads the same text."""

import gzip

import functions_framework
from flask import Request, Response

from shared import web
from shared.settings import Settings
from shared.store import measure, open_store


@functions_framework.http
@web.function("GET", access="read", takes_bearer=True)
def metrics(request: Request, settings: Settings) -> Response:
    """200 with the text of the kind that the caller prefers: Prometheus's own, or OpenMetrics."""
    measures = measure(open_store(settings).database)
    # Imported here: where all functions share a process, hardly anybody asks for it.
    from functions.metrics.text import is_open_metrics_preferred, text_of

    content, kind = text_of(measures, is_open=is_open_metrics_preferred(request))
    response = Response(content, content_type=kind, headers={"Cache-Control": "no-store"})
    response.vary.update(("Accept", "Accept-Encoding"))
    if request.accept_encodings["gzip"] > 0:
        # A thousand monitors are half a megabyte, of which a twentieth is left. In a cloud each byte costs.
        response.set_data(gzip.compress(content, 1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
