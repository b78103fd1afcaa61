"""Responses of the server itself, before any function: problem details, as everywhere."""

from email.utils import formatdate
from http import HTTPStatus

from gunicorn.http import errors

from shared.web import RETRY_AFTER_SECONDS, problems

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ExpectationFailed, 417),
    (errors.ForbiddenProxyRequest, 403),
    # A response of ours that cannot be written.
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ParseException, 400),
)


def is_the_clients(error: Exception) -> bool:
    """Whether a request caused the error, and no defect."""
    return _status(error) != 500


def refusal_of(error: Exception) -> bytes:
    """The response to a request that the parser rejected, or that raised in its thread."""
    status = _status(error)
    if status == 500:
        return response(status, "an error of this program; its log has the details")
    return response(status, str(error)[:200])


def too_slow() -> bytes:
    """The response to a request that did not arrive in time."""
    return response(408, "the request did not arrive in time")


def too_many() -> bytes:
    """The response while too many other requests wait."""
    return _later("too many requests wait")


def no_thread() -> bytes:
    """The response while no thread can be started, as under a limit of memory (ulimit -v) or of processes."""
    return _later("this machine has no memory or no thread left for the request")


def response(status: int, detail: str, headers: str = "") -> bytes:
    """A whole response, after which the connection ends."""
    body = problems.document(status, detail)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nDate: {formatdate(usegmt=True)}\r\nConnection: close\r\n"
        f"Content-Type: {problems.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode("latin-1") + body


def _later(detail: str) -> bytes:
    return response(503, detail, f"Retry-After: {RETRY_AFTER_SECONDS}\r\n")


def _status(error: Exception) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
