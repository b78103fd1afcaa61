"""One HTTP check, as a test makes it."""

from functions.check_monitors.probes.http import probe_all
from shared.models import Event, Monitor
from shared.settings import Settings


def check(target: int | str, seconds: float = 5.0, **variables: str) -> Event:
    """Check a URL, or a port of this machine, with ``variables`` as the agent's environment."""
    return probe_all([monitor(target)], check_settings(seconds, **variables))[0]


def check_in_a_cloud(target: int | str) -> Event:
    """The same, if the agent must not connect to private addresses."""
    return check(target, ALLOW_PRIVATE_TARGETS="false")


def monitor(target: int | str, name: str = "shop") -> Monitor:
    """A monitor of a URL, or of a port of this machine."""
    return Monitor(name=name, target_url=f"http://127.0.0.1:{target}/" if isinstance(target, int) else target)


def check_settings(seconds: float = 5.0, **variables: str) -> Settings:
    """The agent's settings, with ``seconds`` for each check."""
    return Settings.from_env({"CHECK_TIMEOUT_SECONDS": str(seconds), **variables})
