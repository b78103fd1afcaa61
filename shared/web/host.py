"""The names by which we are called. A foreign one is refused.

Otherwise a page of any web site, whose name is made to point at this machine, could call us from a browser here.
"""

import functools
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from shared.settings import Settings, is_in_cloud, is_loopback
from shared.settings.secrets import quoted as shown
from shared.web.problems import Problem

# Names that only the platforms themselves give out, and point at themselves. Compiled only if it is used.
_OF_A_PLATFORM = (
    r"[^.]\.(run\.app|cloudfunctions\.net|gateway\.dev|on\.aws|execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?)$"
)
_EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104  # nothing is bound here


def refuse_if_foreign(environ: Mapping[str, Any], settings: Settings) -> None:
    """Raise Problem if the ``Host`` of a request is not ours. A request without one is no browser's.

    ``function.refuse_foreign_host`` says where it is asked.
    """
    host = environ.get("HTTP_HOST", "")
    # A deployment sets the platform's own URL by itself. A load balancer may lead another name to it.
    if is_in_cloud(os.environ) and _is_of_a_platform(name_in(urlsplit(settings.public_url or "").netloc)):
        return
    urls = (settings.public_url, settings.backend_url_given)
    if host and not _is_ours(host, environ.get("SERVER_NAME", ""), settings.host, urls):
        detail = f"the Host is {shown(host)}, which is none of our names; PUBLIC_URL adds one"
        raise Problem(421, detail, field="Host", value=shown(host))


# Nearly every request names the same host.
@functools.lru_cache(maxsize=256)
def _is_ours(host: str, bound: str, bound_to: str, urls: tuple[str | None, ...]) -> bool:
    name = name_in(host)
    if name in _own_names() or name in {name_in(urlsplit(url).netloc) for url in urls if url}:
        return True
    if is_loopback(name) or _is_of_a_platform(name):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # The address is in the URL that the browser shows, so no name was made to point here.
    addresses = {bound_to, bound}
    return not _EVERY_ADDRESS.isdisjoint(addresses) or str(address) in addresses


def _is_of_a_platform(name: str) -> bool:
    return re.search(_OF_A_PLATFORM, name) is not None


def name_in(host: str) -> str:
    """The name or address in ``name:port``, in lower case."""
    host = host.rpartition("@")[2].strip().lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.removesuffix(".")


@functools.cache
def _own_names() -> frozenset[str]:
    """The names of this machine in its own network."""
    name = socket.gethostname().lower()
    first = name.partition(".")[0]
    return frozenset({name, first, f"{first}.local"} - {""})
