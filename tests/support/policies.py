"""Checks of policies, as a test makes them."""

from typing import Any

from functions.check_monitors.probes.checks import check_all
from shared.models import Event
from shared.monitors.policy import Policy
from shared.settings import Settings


def policy(url: str | None = None, **fields: Any) -> Policy:
    """A policy with 5 s for each check."""
    return Policy.model_validate({"name": "shop", "timeout": "5s", **({"url": url} if url else {}), **fields})


def check_policy(url: str | None = None, is_in_a_cloud: bool = False, **fields: Any) -> Event:
    """Check one policy; its event. ``is_in_a_cloud``: the agent must not connect to private addresses."""
    settings = Settings.from_env({"ALLOW_PRIVATE_TARGETS": str(not is_in_a_cloud).lower(), "LOCATION": "seoul-1"})
    return check_all([(0.0, policy(url, **fields))], settings)[0]
