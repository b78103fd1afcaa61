"""Where this process runs, and who can reach it."""

import functools
import ipaddress
from collections.abc import Mapping

from shared.settings.parsers import ip_address

# What Cloud Run and AWS Lambda set.
_CLOUDS = ("K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME")


def is_in_cloud(environ: Mapping[str, str]) -> bool:
    """Whether Cloud Run or AWS Lambda runs us."""
    return any(environ.get(name) for name in _CLOUDS)


@functools.lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``: an address, or ``localhost``."""
    try:
        return ipaddress.ip_address(ip_address(host)).is_loopback
    except ValueError:
        return False
