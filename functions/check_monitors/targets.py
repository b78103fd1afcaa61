"""The targets of the agent's own setting, as policies, for a run that checks other monitors beside them."""

from collections.abc import Sequence

from shared.monitors.policy import Policy
from shared.settings import Settings


def as_policies(urls: Sequence[str], settings: Settings, spread_seconds: float) -> list[tuple[float, Policy]]:
    """Each target with the seconds until it is checked, which are spread evenly over ``spread_seconds``."""
    return [(spread_seconds * place / len(urls), _as_policy(url, settings)) for place, url in enumerate(urls)]


def _as_policy(url: str, settings: Settings) -> Policy:
    # The settings have validated the URL. In a policy, a dollar sign begins a placeholder.
    return Policy.model_construct(
        name=url,
        url=url.replace("$", "$$"),
        timeout=settings.check_timeout_seconds,
        interval=settings.check_interval_seconds,
    )
