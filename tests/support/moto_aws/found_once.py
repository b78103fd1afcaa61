"""What depends on nothing but its arguments, and what ``aws`` and moto work out again for each call or request.

The tests make thousands of calls in one process, and these took a third of their time.
"""

import contextlib
import copy
import functools
import ssl
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest


@contextlib.contextmanager
def found_once() -> Iterator[None]:
    """Let them work it out once."""
    import yaml
    from awscli.customizations.cloudformation import deploy
    from botocore import httpsession, loaders, session
    from moto.cloudformation import responses
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    with pytest.MonkeyPatch.context() as patch:
        # It lists moto's own folder, and compares hundreds of patterns.
        patch.setattr(
            DomainDispatcherApplication,
            "get_backend_for_host",
            functools.cache(DomainDispatcherApplication.get_backend_for_host),
        )
        # Each step of a deployment parses our template, which takes PyYAML a second.
        patch.setattr(deploy, "yaml_parse", _parsed_once(deploy.yaml_parse))
        loading = SimpleNamespace(**{**vars(yaml), "load": _parsed_once(yaml.load)})
        patch.setattr(responses, "yaml", loading)
        # Each client reads the machine's authorities, although moto speaks plain HTTP.
        patch.setattr(httpsession, "create_urllib3_context", _context())
        # Each client looks for the services' descriptions, and reads its own.
        loader = functools.cache(loaders.create_loader)
        patch.setattr(loaders, "create_loader", loader)
        patch.setattr(session, "create_loader", loader)
        yield


def _parsed_once(parse: Callable[..., Any]) -> Callable[..., Any]:
    """The same with a memory. Each caller gets a copy, which it may change."""
    found = functools.cache(parse)
    return lambda *given, **named: copy.deepcopy(found(*given, **named))


def _context() -> Callable[[], ssl.SSLContext]:
    context = ssl.create_default_context()
    return lambda: context
