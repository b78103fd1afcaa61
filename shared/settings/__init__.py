"""The settings of one process, read from its environment."""

from shared.settings.parsers import http_url, is_loopback, network_of
from shared.settings.settings import (
    MIN_KEY_LENGTH,
    PUBLISHED_KEYS,
    Access,
    SettingError,
    Settings,
    is_in_cloud,
)

__all__ = [
    "MIN_KEY_LENGTH",
    "PUBLISHED_KEYS",
    "Access",
    "SettingError",
    "Settings",
    "http_url",
    "is_in_cloud",
    "is_loopback",
    "network_of",
]
