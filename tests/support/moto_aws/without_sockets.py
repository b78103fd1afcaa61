"""The requests of Amazon's libraries to moto, without sockets: they took a fifth of the time of a deployment.

moto's server stays beside it, for everything that speaks HTTP without those libraries.
"""

import contextlib
import functools
import io
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest


@contextlib.contextmanager
def without_sockets(url: str) -> Iterator[None]:
    """Hand each request to moto's server at ``url`` to an application of this process: all share what there is."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from botocore.httpsession import URLLib3Session
    from werkzeug.test import run_wsgi_app

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


def _environ(request: Any) -> dict[str, Any]:
    """The request as a server hands it to an application."""
    url, body = urlsplit(request.url), request.body or b""
    body = body.read() if hasattr(body, "read") else body
    body = body.encode() if isinstance(body, str) else bytes(body)
    target = url.path + (f"?{url.query}" if url.query else "")
    environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else str(value)
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return environ | {"CONTENT_LENGTH": str(len(body))}
