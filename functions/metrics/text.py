"""The numbers as text, in the words of Prometheus or of OpenMetrics."""

from collections.abc import Iterator

from flask import Request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as open_metrics
from prometheus_client.registry import Collector, CollectorRegistry

from functions.metrics.families import families
from shared.store import Measures

_OPEN_METRICS, _PLAIN = "application/openmetrics-text", "text/plain"


class _Measured(Collector):
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        return families(self._measures)


def text_of(measures: Measures, *, is_open: bool) -> tuple[bytes, str]:
    """The text, and its media type. ``is_open``: in the words of OpenMetrics."""
    # A registry of its own: the library's also tells of this process, and there are many.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Measured(measures))
    if is_open:
        content: bytes = open_metrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return content, open_metrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def is_open_metrics_preferred(request: Request) -> bool:
    """Whether the caller names OpenMetrics, and does not like plain text better.

    The library's own choice fails for a version that is no number.
    """
    liked = dict.fromkeys((_OPEN_METRICS, _PLAIN), 0.0)
    for given, quality in request.accept_mimetypes:
        kind = given.partition(";")[0].strip().lower()
        if kind in liked:
            liked[kind] = max(liked[kind], quality)
    return liked[_OPEN_METRICS] > 0 and liked[_OPEN_METRICS] >= liked[_PLAIN]
