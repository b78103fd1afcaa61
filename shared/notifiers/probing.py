"""A probe of services that have no question about a webhook: whether they answer at all."""

from shared.notifiers import ProbeResult
from shared.notifiers.exchange import exchange
from shared.notifiers.outcomes import phrase


def reach(service: str, url: str, seconds: float) -> ProbeResult:
    """Ask for ``url`` by GET, which posts nothing.

    Raises:
        SendFailed: there was no answer in time.
    """
    response = exchange("GET", url, seconds=seconds)
    if response.status < 500:
        return ProbeResult("ok", f"{service} answers; only a message shows whether it knows the webhook")
    found = f"{service} responds {phrase(response.status)}"
    return ProbeResult("failure", found, "an answer of the service's own", "wait for the service, and ask again")
