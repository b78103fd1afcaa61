"""Results that depend on the arguments alone, and that ``aws`` and moto work out again for each call or request.

The tests make thousands of calls in one process, and these took half of their time. A result stays as long as
the process, since one test after the other deploys the same template.
"""

import contextlib
import functools
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.moto_aws.templates import quick_yaml


@contextlib.contextmanager
def found_once() -> Iterator[None]:
    """Let them work it out once."""
    from awscli import clidriver
    from awscli.customizations import commands
    from awscli.customizations.cloudformation import yamlhelper
    from botocore import httpsession, loaders, session

    with pytest.MonkeyPatch.context() as patch:
        # Each client looks for the services' descriptions, and reads its own. moto does so in its import.
        loader = _once(loaders.create_loader)
        patch.setattr(loaders, "create_loader", loader)
        patch.setattr(session, "create_loader", loader)
        # Each client reads the machine's authorities, although moto speaks plain HTTP.
        patch.setattr(httpsession, "create_urllib3_context", lambda: _context())
        from moto.apigatewayv2 import models as apis
        from moto.cloudformation import models, responses
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        # It lists moto's own folder, and compares hundreds of patterns.
        find = _once(DomainDispatcherApplication.get_backend_for_host)
        patch.setattr(DomainDispatcherApplication, "get_backend_for_host", find)
        # An argument that was not given is looked for in files, too.
        for module in (clidriver, commands):
            patch.setattr(module, "unpack_argument", _unless_missing(module.unpack_argument))
        # Each step of a deployment parses our template, and the last one the API in it.
        for module in (yamlhelper, models, responses, apis):
            patch.setattr(module, "yaml", quick_yaml())
        yield


@functools.cache
def _once(find: Callable[..., Any]) -> Callable[..., Any]:
    """The same with a memory, which is there the next time."""
    return functools.cache(find)


def _unless_missing(unpack: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: None if given[4] is None else unpack(*given)


@functools.cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def keep_clients(session: Any) -> None:
    """Let ``aws`` use a client again. It makes one for each call, which takes longer than the call."""
    make, made = session.create_client, dict[Any, Any]()

    def client(service: str, **options: Any) -> Any:
        # A configuration is another one each time.
        if options.get("config"):
            return make(service, **options)
        key = service, *sorted(options.items())
        if key not in made:
            made[key] = make(service, **options)
        return made[key]

    session.create_client = client
