"""What each function is told in a cloud."""

import functools

from infra.table import Row
from shared.settings import Settings

_AGENTS_OWN = {
    "TARGET_URL",
    "CHECK_INTERVAL_SECONDS",
    "CHECK_TIMEOUT_SECONDS",
    "LOCATION",
    "ALLOW_PRIVATE_TARGETS",
    "CONNECTIVITY_CHECK",
    "HEARTBEAT_URL",
}
# Said by the deployment itself, or without a meaning where there is no disk.
_NOT_TAKEN = {"API_AUTH", "BACKEND_URL", "SPOOL_DIR", "LOG_DIR"}


def is_for(row: Row, setting: str) -> bool:
    """Whether a function reads a setting, so that it gets it. No function gets a secret that it does not need."""
    if setting in _NOT_TAKEN or setting.startswith("FLASK_"):
        return False
    if setting in _AGENTS_OWN:
        return "agent" in row.needs
    if setting == "DATABASE_URL":
        return "store" in row.needs
    # What the settings do not know is a channel's.
    return setting in _known() or "channels" in row.needs


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(str(field.alias) for field in Settings.model_fields.values())
