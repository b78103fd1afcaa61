"""The requests of Amazon's libraries to moto, without sockets: they took a fifth of the time of a deployment.

moto's server stays beside it, for everything that speaks HTTP without those libraries.
"""

import contextlib
import functools
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app


@contextlib.contextmanager
def without_sockets(url: str) -> Iterator[None]:
    """Hand each request to moto's server at ``url`` to an application of this process: all share what there is."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def sent(session: Any, request: Any) -> Any:
        if not request.url.startswith(f"{url}/"):
            return send(session, request)
        parts, status, headers = run_wsgi_app(_application(), _environ(request))
        found = HTTPHeaders.from_pairs(headers)
        return AWSResponse(request.url, int(status.partition(" ")[0]), found, _Raw(b"".join(parts)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", sent)
        yield


class _Raw(io.BytesIO):
    """A response as botocore reads it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@functools.cache
def _application() -> Any:
    """moto, which makes an application for each service that is asked."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _environ(request: Any) -> Any:
    """The request as a server hands it to an application."""
    url, body = urlsplit(request.url), request.body or b""
    body = body.read() if hasattr(body, "read") else body
    given = [
        (name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()
    ]
    return EnvironBuilder(
        path=url.path,
        base_url=f"{url.scheme}://{url.netloc}",
        query_string=url.query,
        method=request.method,
        headers=given,
        data=body,
    ).get_environ()
