"""The origin of a request: the visitor's address, also behind proxies."""

import contextlib
import ipaddress
import os
from urllib.parse import urlsplit

from flask import Request

from shared.settings import Settings, is_in_cloud, is_loopback
from shared.web.host import name_in


def address_of(request: Request, settings: Settings) -> str:
    """The address that a request comes from: the last one on its way that is not of a proxy of ours.

    A visitor can make up all addresses before its own.
    """
    way = _way_of(request, settings)
    return next((address for address in reversed(way) if not settings.trusts(address)), way[0])


def is_at_this_machine(request: Request, settings: Settings) -> bool:
    """Whether it is clear that the browser runs on this very machine, which serves nobody else."""
    if is_in_cloud(os.environ) or settings.serves_others or not is_loopback(request.remote_addr or ""):
        return False
    return not is_passed_on(request)


def is_passed_on(request: Request) -> bool:
    """Whether a proxy on this machine passes a request of another one on: it says so, or keeps the name."""
    if not is_loopback(name_in(request.host)):
        return True
    way = request.headers.get("X-Forwarded-For")
    # An entry that is no address, such as "unknown", hides somebody.
    return way is not None and not all(is_loopback(_address_in(said.strip()) or "") for said in way.split(","))


def is_over_tls(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks TLS: with us, or with the proxy before us."""
    if request.is_secure:
        return True
    if said := request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip():
        return said.lower() == "https"
    # A proxy that does not say so may have passed on the name, with or without its port.
    public = urlsplit(settings.public_url or "")
    return public.scheme == "https" and request.host.lower() in (public.netloc.lower(), public.hostname)


def _way_of(request: Request, settings: Settings) -> list[str]:
    """The addresses on the way of a request, the nearest last, as a proxy says it that is ours or the platform's."""
    direct = request.remote_addr or "?"
    if not (settings.trusts(direct) or is_in_cloud(os.environ)):
        return [direct]
    way: list[str] = []
    for said in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not said.strip():
            continue
        address = _address_in(said.strip())
        if address is None:
            # A visitor who made it up would count as another one each time. All that is known is the proxy.
            way.append(way[-1] if way else direct)
            break
        way.append(address)
    return way[::-1] or [direct]


def _address_in(said: str) -> str | None:
    """The address in an entry such as ``1.2.3.4``, ``1.2.3.4:1000`` or ``[::1]:1000``; None if it is none."""
    host = said[1:].partition("]")[0] if said.startswith("[") else said
    if said.count(":") == 1:
        host = said.partition(":")[0]
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return None
