"""The metrics as a program reads them, with the parsers of the library, of both kinds of text."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as of_open_metrics
from prometheus_client.parser import text_string_to_metric_families as of_prometheus

OPEN_METRICS = "application/openmetrics-text;version=1.0.0"
# The header that Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)

Labels = frozenset[tuple[str, str]]


def families_in(text: str, content_type: str) -> list[Metric]:
    """The families of a text of the kind that its type says."""
    if content_type.startswith("application/openmetrics-text"):
        return list(of_open_metrics(text))  # type: ignore[no-untyped-call]
    assert content_type.startswith("text/plain; version=0.0.4")
    return list(of_prometheus(text))


def samples_of(families: Iterable[Metric], name: str) -> dict[Labels, float]:
    """The values of the samples with this name, by their labels."""
    return {
        frozenset(sample.labels.items()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def labels(**named: str) -> Labels:
    """The labels of one sample."""
    return frozenset(named.items())
