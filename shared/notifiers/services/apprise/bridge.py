"""Lets a plugin of Apprise send over our own transport: one deadline for all of it, no redirect, and every answer kept.

A plugin calls ``requests`` in its own modules. We put ours in that place there, and patch nothing that others use.
"""

import functools
import io
import re
import sys
import time
from contextvars import ContextVar
from typing import Any, NoReturn, cast

from shared.notifiers.exchange import exchange
from shared.notifiers.outcomes import SendFailed, wait_of
from shared.notifiers.response import Response

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "options"})
# Headers that our transport writes by itself, or whose answer it could not read.
_LEFT_OUT = frozenset({"content-length", "accept-encoding", "connection", "transfer-encoding"})
# The name of a plugin's module or package, from the name of any module in it.
_PLUGIN = r"apprise\.plugins\.\w+"


class Ended(BaseException):  # not an Exception, which plugins catch
    """The send is over, whatever the plugin still wants to do."""


class Sending:
    """One send: its deadline, what the service answered, and what ended it."""

    def __init__(self, began_at: float, seconds: float) -> None:
        self._gives_up_at = began_at + seconds
        self._seconds = seconds
        self.responses: list[Response] = []
        self.failure: SendFailed | None = None

    def perform(self, request: Any) -> Response:
        """Exchange a request that requests has prepared. Raises Ended if there is no answer, or none is wanted."""
        if self.responses and (self.responses[-1].status == 429 or self.responses[-1].status >= 500):
            raise Ended  # some plugins try again at once
        left = self._gives_up_at - time.monotonic()
        if left <= 0:
            self._end()
        headers = {_text(name): _text(value) for name, value in request.headers.items()}
        headers = {name: value for name, value in headers.items() if name.lower() not in _LEFT_OUT}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        # A request that has a body by its nature says that it is empty.
        body = b"" if body is None and request.method in ("POST", "PUT", "PATCH") else body
        try:
            response = exchange(request.method, request.url, body, headers, seconds=left)
        except SendFailed as failed:
            if time.monotonic() >= self._gives_up_at:
                self._end()
            self.failure = failed
            raise Ended from None
        self.responses.append(response)
        return response

    def wait(self, seconds: float) -> NoReturn:
        """End the send, because the plugin wants to wait so long. Few know what the service itself asked for."""
        asked = wait_of(self.responses[-1]) if self.responses else None
        self._fail("the service asks to wait", retry_after=max(seconds, asked or 0.0))

    def _end(self) -> NoReturn:
        self._fail(f"no answer within {self._seconds:.3g} s")

    def _fail(self, reason: str, retry_after: float | None = None) -> NoReturn:
        self.failure = SendFailed(reason, retry_after=retry_after)
        raise Ended


_current: ContextVar[Sending] = ContextVar("sending")


def notified(plugin: Any, sending: Sending, **message: Any) -> bool:
    """Whether the plugin says that it sent the message."""
    token = _current.set(sending)
    try:
        return plugin.notify(**message) is True
    except Ended:
        return False
    finally:
        _current.reset(token)


def bridge(plugin: type) -> None:
    """Let every instance of a plugin's class use our transport from now on."""
    # A plugin may be a package, of which another module fetches the token.
    owners = {match[0] for parent in plugin.__mro__ if (match := re.match(_PLUGIN, parent.__module__))}
    for name, module in list(sys.modules.items()):
        is_theirs = (match := re.match(_PLUGIN, name)) and match[0] in owners
        if is_theirs and hasattr(module, "requests"):
            cast("Any", module).requests = _ours()


def never_sleep(plugin: Any) -> None:
    """Replace the pause between two requests of this instance, which may take seconds."""

    def throttle(last_io: Any = None, wait: float | None = None) -> None:  # noqa: ARG001  # named by plugins
        if wait and (sending := _current.get(None)):
            sending.wait(float(wait))

    plugin.throttle = throttle


@functools.cache
def _ours() -> Any:
    """The module requests, except that what sends uses our transport."""
    import requests

    class Adapter(requests.adapters.BaseAdapter):
        """A transport of requests. It raises nothing of requests: Ended says that the send is over."""

        def send(self, request: Any, *_: Any, **__: Any) -> Any:
            """Perform the request in the current send."""
            sending = _current.get(None)
            if sending is None:  # some plugins log out when they are forgotten
                raise requests.exceptions.ConnectionError("nothing is being sent")
            return _as_requests(request, sending.perform(request))

        def close(self) -> None:
            """Nothing is open."""

    class Session(requests.Session):
        """A session over our transport, which neither proxies nor files of the environment change."""

        def __init__(self) -> None:
            super().__init__()
            self.trust_env = False
            for scheme in ("http://", "https://"):
                self.mount(scheme, Adapter())

    def request(method: str, url: str, **options: Any) -> Any:
        with Session() as session:
            return session.request(method, url, **options)

    class Requests:
        """The stand-in for requests in a plugin's module."""

        def __init__(self) -> None:
            self.Session, self.session, self.request = Session, Session, request

        def __getattr__(self, name: str) -> Any:
            return functools.partial(request, name.upper()) if name in _METHODS else getattr(requests, name)

    return Requests()


def _as_requests(request: Any, response: Response) -> Any:
    import requests

    found = requests.Response()
    found.status_code = response.status
    # Without the place to go to, requests follows no redirect.
    found.headers.update({name: value for name, value in response.headers.items() if name != "location"})
    found.encoding = requests.utils.get_encoding_from_headers(found.headers)
    found.raw = io.BytesIO(response.body)
    found.url, found.request = request.url, request
    found.reason = ""
    return found


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
