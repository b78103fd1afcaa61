"""The targets of the agent's own setting, as policies, for a run that checks other monitors beside them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.settings import Settings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy


def interval_of_targets(settings: Settings) -> float:
    """How often the agent reports each target, in seconds."""
    interval, timeout = settings.check_interval_seconds, settings.check_timeout_seconds
    if timeout <= interval:
        return interval  # the usual case, without the rules
    from shared.alerting.agents import report_interval

    return report_interval(interval, timeout)


def as_policies(urls: Sequence[str], settings: Settings, spread_seconds: float) -> "list[tuple[float, Policy]]":
    """Each target with the seconds until it is checked, which are spread evenly over ``spread_seconds``."""
    return [(spread_seconds * place / len(urls), _as_policy(url, settings)) for place, url in enumerate(urls)]


def _as_policy(url: str, settings: Settings) -> "Policy":
    # Imported here: an agent that has its targets alone starts without it.
    from shared.monitors.policy import Policy

    # The settings have validated the URL. In a policy, a dollar sign begins a placeholder.
    return Policy.model_construct(
        name=url,
        url=url.replace("$", "$$"),
        timeout=settings.check_timeout_seconds,
        interval=settings.check_interval_seconds,
    )
