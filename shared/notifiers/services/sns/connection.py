"""A connection to SNS on which nothing is sent after the deadline.

botocore limits each connection attempt and each read, and a name look-up not at all. A ``client.publish`` in a thread
that its caller abandons can therefore still go out: with timeouts and a deadline of 0.5 s and a look-up of 3 s, SNS got
the message after 3 s; in a Lambda that was frozen in between it would be the next call, minutes later. The OUTAGE of an
attempt that the log calls failed could so arrive after its RECOVERY. Therefore botocore only signs and parses, and
libcurl, which has one deadline for everything, does the exchange.
"""

import functools
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from shared.notifiers.exchange import KEEP_SECONDS, MAX_RESPONSE_BYTES, QUICK_EXIT
from shared.settings import proxies

# How the body of each refusal of SNS begins. A text, since it is compiled when something is first refused.
_ERROR_OF_SNS = rb"\s*(?:<\?xml[^>]*>\s*)?<ErrorResponse[\s>]"


class Connection:
    """A client of SNS with its own TCP connection, for one send at a time. Building one costs as much as many sends."""

    def __init__(self, region: str) -> None:
        import pycurl
        from botocore.config import Config

        # No retries of botocore's own: the notification is retried later, with its own backoff.
        config = Config(retries={"total_max_attempts": 1}, proxies={})
        self._client = session().create_client("sns", region_name=region, config=config)
        self._client.meta.events.register("before-send.sns", self._exchange)
        self._curl = pycurl.Curl()
        self._gives_up_at = 0.0

    def publish(self, message: Mapping[str, Any], gives_up_at: float) -> str:
        """The new message's id. Raises TimeoutError, ConnectionError, and botocore's exceptions for the response."""
        self._gives_up_at = gives_up_at
        return str(self._client.publish(**message)["MessageId"])

    def _exchange(self, request: Any, **_: Any) -> Any:
        """Send the request that botocore signed. botocore calls this in place of its own HTTP."""
        import pycurl
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        body, headers = bytearray(), HTTPHeaders()
        curl = _set_up(self._curl, request, self._gives_up_at)
        # A return value other than the part's length ends the transfer.
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0 if len(body) > MAX_RESPONSE_BYTES else body.extend(part))
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: _add_header(line, headers))
        try:
            curl.perform()
        except pycurl.error as error:
            if error.args[0] == pycurl.E_OPERATION_TIMEDOUT:
                raise TimeoutError from None
            raise ConnectionError(f"SNS was not reached, or did not answer: {error.args[1]}") from None
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if status >= 300 and not re.match(_ERROR_OF_SNS, body):
            # botocore would take a page of a firewall or a proxy for a refusal, if a tag in it is named like one.
            raise ConnectionError(f"Invalid server response: HTTP {status}, in words that are not those of SNS")
        raw = SimpleNamespace(stream=lambda: [bytes(body)])
        return AWSResponse(request.url, status, headers, raw)


def _set_up(curl: Any, request: Any, gives_up_at: float) -> Any:
    import certifi
    import pycurl

    milliseconds = round((gives_up_at - time.monotonic()) * 1000)
    if milliseconds < 1:
        raise TimeoutError
    body = request.body or b""
    texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    headers = [f"{name}: {value}" for name, value in texts.items() if name.lower() != "content-length"]
    curl.reset()  # of its options; the TCP connection stays open
    curl.setopt(pycurl.URL, request.url)
    proxies.set_proxy(curl, request.url)
    curl.setopt(pycurl.POSTFIELDS, body.encode() if isinstance(body, str) else body)
    curl.setopt(pycurl.HTTPHEADER, [*headers, "Expect:"])
    curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(QUICK_EXIT, 1)
    curl.setopt(pycurl.MAXAGE_CONN, KEEP_SECONDS)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.CAINFO, os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where())
    return curl


def _add_header(line: bytes, headers: Any) -> None:
    name, colon, value = line.decode("latin-1").partition(":")
    if colon:
        headers[name.strip()] = value.strip()


# By region. Taken by pop and returned by append, each of which only one thread can do at a time.
idle_connections: dict[str, list[Connection]] = {}
# Only one thread at a time may use a session of botocore's.
_in_session = threading.Lock()


@contextmanager
def connected(region: str, gives_up_at: float) -> Iterator[Connection]:
    """A connection for one send, with credentials at hand.

    Raises:
        TimeoutError: there was none in time.
        Exception: what botocore says of the credentials.
    """
    connection = None
    while connection is None:
        _in_time(functools.partial(prepare, region), gives_up_at)
        # If another send has taken it meanwhile, make the next one ready.
        with suppress(IndexError):
            connection = idle_connections.get(region, []).pop()
    try:
        yield connection
    finally:
        # Also after a failure: libcurl itself drops a TCP connection that broke.
        idle_connections.setdefault(region, []).append(connection)


def prepare(region: str) -> None:
    """Make sure that there are credentials and an idle connection. Sends nothing to SNS."""
    of_botocore = session()
    from botocore.exceptions import NoCredentialsError

    with _in_session:
        credentials = of_botocore.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    credentials.get_frozen_credentials()
    idle = idle_connections.setdefault(region, [])
    if not idle:
        with _in_session:
            idle.append(Connection(region))


def _in_time(work: Callable[[], None], gives_up_at: float) -> None:
    """Do the work in a thread that is abandoned at the deadline. Raises TimeoutError, and what the work raises.

    Credentials may come over the network or from a program, and neither knows our deadline. An abandoned thread sends
    nothing, and what it finds serves the next send.
    """
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            work()
            ended.put(None)
        except Exception as error:  # noqa: BLE001  # raised again by the thread that waits
            ended.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        error = ended.get(timeout=max(0.0, gives_up_at - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error


@functools.cache
def session() -> Any:
    """The one session of botocore's."""
    # Imported here, because it takes 150 ms and only a send needs it.
    import botocore.session

    # It logs what it signs.
    logging.getLogger("botocore").setLevel(logging.CRITICAL + 1)
    return botocore.session.get_session()
