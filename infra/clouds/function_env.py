"""The settings that each function gets in a cloud."""

import functools

from infra.table import Row
from shared.monitors.placeholders import is_own_name
from shared.settings import Settings
from shared.settings.secrets import is_secret

_AGENTS_OWN = {
    "TARGET_URL",
    "CHECK_INTERVAL_SECONDS",
    "CHECK_TIMEOUT_SECONDS",
    "LOCATION",
    "ALLOW_PRIVATE_TARGETS",
    "CONNECTIVITY_CHECK",
    "HEARTBEAT_URL",
}
# Set by the deployment itself, meaningless without a disk, or read by infra alone.
_NOT_TAKEN = {"API_AUTH", "BACKEND_URL", "CLAIM_URL", "SPOOL_DIR", "LOG_DIR", "CONFIG_FILE", "TELEGRAM_POLLING"}


def is_for(row: Row, setting: str) -> bool:
    """Whether a function gets a setting. No function gets a secret that it does not need."""
    if setting in _NOT_TAKEN or setting.startswith("FLASK_"):
        return False
    if setting in _AGENTS_OWN or is_own_name(setting):
        return "agent" in row.needs
    if setting == "TELEGRAM_WEBHOOK_SECRET":
        return "channels" in row.needs
    if setting == "DASHBOARD_PASSWORD":
        return _knows_sessions(row)
    if setting.startswith("RETENTION_"):
        return "retention" in row.needs
    if setting.startswith("FLAPPING_"):
        # A function that judges opens alerts too.
        return {"store", "channels"} <= row.needs
    if setting == "DATABASE_URL":
        return "store" in row.needs
    # A setting that Settings does not know belongs to a channel.
    return setting in _known() or "channels" in row.needs


def _knows_sessions(row: Row) -> bool:
    """Whether the function lets in who is signed in: the dashboard does, and what also takes a key from people."""
    is_asked_by_people = any(route.access in ("read", "write", "manage") for route in row.routes)
    return "store" in row.needs and (row.name == "dashboard" or is_asked_by_people)


def is_hidden(setting: str, value: str = "") -> bool:
    """Whether a cloud stores a setting where only its functions read it. Any variable of a monitor may be a secret."""
    return is_secret(setting, value) or is_own_name(setting)


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(str(field.alias) for field in Settings.model_fields.values())
