"""The content of a ping, as curl, Uptime Kuma's clients and Gatus's write it."""

import contextlib
import math
import re

from flask import Request

from shared.alerting.heartbeats import Ping
from shared.models import Cause, storable
from shared.settings.secrets import MASK, without_password
from shared.settings.secrets import quoted as shown
from shared.web import Problem
from shared.words import cause_text

# Longer text is cut: a job that talks much is alive all the same.
MAX_MESSAGE_BYTES = 10_000
_MAX_ERROR = 4096
_MAX_MS = 1e12
# Shorter tokens are parts of ordinary words.
_SHORTEST_MASKED = 6
_EXIT_CODE = re.compile(r"0|[1-9][0-9]{0,2}")
_GO_MS = {"h": 3_600_000.0, "m": 60_000.0, "s": 1000.0, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ns": 1e-6}
_GO_PART = r"([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|µs|μs|ns)"


def alive(request: Request, token: str) -> Ping:
    """A run has ended well; the body is its message."""
    return Ping(message=_body(request, token))


def of_run(request: Request, token: str, what: str) -> Ping | None:
    """``start``, ``fail`` or the exit code of a run; None if ``what`` is none of these."""
    if what == "start":
        return Ping(is_start=True)
    if what == "fail":
        return _failed(_body(request, token), Cause.of("failure_reported"))
    if not _EXIT_CODE.fullmatch(what) or (code := int(what)) > 255:
        return None
    message = _body(request, token)
    if code == 0:
        return Ping(message=message)
    if message is None:
        return _failed(None, Cause.of("exit_code", code=code))
    said = Cause.of("exit_code_and_text", code=code, text=" ".join(message.split()))
    return Ping(
        is_success=False, message=message, error_message=f"exit code {code}: {message}"[:_MAX_ERROR], cause=said
    )


def of_uptime_kuma(request: Request, token: str) -> Ping:
    """``?status=up|down&msg=&ping=``. As in Uptime Kuma, ``up`` is the default, and anything else is a failure."""
    message = _text(request.args.get("msg", ""), token)
    milliseconds = _number(request.args.get("ping", ""))
    if request.args.get("status", "") in ("", "up"):
        return Ping(message=message, response_time_ms=milliseconds)
    return _failed(message, Cause.of("failure_reported"), milliseconds)


def of_gatus(request: Request, token: str) -> Ping:
    """``?success=true|false&error=&duration=10s``.

    Raises:
        Problem: 400, as Gatus: ``success`` is neither, or ``duration`` is none.
    """
    success, duration = request.args.get("success", ""), request.args.get("duration", "")
    if success not in ("true", "false"):
        raise _wrong("success", success, "expected true or false")
    milliseconds = _go_milliseconds(duration) if duration else None
    if duration and milliseconds is None:
        raise _wrong("duration", duration, "expected a duration such as 10s or 1.5s")
    if success == "true":
        return Ping(response_time_ms=milliseconds)
    return _failed(_text(request.args.get("error", ""), token), Cause.of("failure_reported"), milliseconds)


def _failed(message: str | None, otherwise: Cause, milliseconds: float | None = None) -> Ping:
    """A failure: its cause is the message, or ``otherwise`` without one."""
    cause = None if message else otherwise
    error = message[:_MAX_ERROR] if message else cause_text("en", cause)
    return Ping(is_success=False, message=message, error_message=error, cause=cause, response_time_ms=milliseconds)


def _body(request: Request, token: str) -> str | None:
    try:
        body = request.stream.read(MAX_MESSAGE_BYTES)
    except Exception as error:
        # Each server raises its own error if the body does not arrive as announced.
        raise Problem(400, "the body is malformed, or ends too early") from error
    return _text(body.decode("utf-8", "replace"), token)


def _text(text: str, token: str) -> str | None:
    """The sender's text without passwords of URLs and without the token; None if there is none."""
    # A job's output may well show the command that pings.
    text = without_password(storable(text)).strip()
    if len(token) >= _SHORTEST_MASKED:
        text = text.replace(token, MASK)
    return text[:MAX_MESSAGE_BYTES] or None


def _number(text: str) -> float | None:
    """Uptime Kuma ignores what is no number."""
    with contextlib.suppress(ValueError):
        number = float(text)
        return number if math.isfinite(number) and 0 <= number <= _MAX_MS else None
    return None


def _go_milliseconds(text: str) -> float | None:
    """The milliseconds of a duration as Go writes it; None if it is none."""
    if text.removeprefix("+") == "0":
        return 0.0
    if not re.fullmatch(rf"\+?({_GO_PART})+", text) or len(text) > 100:
        return None
    found = sum(float(number) * _GO_MS[unit] for number, unit in re.findall(_GO_PART, text))
    return min(found, _MAX_MS)


def _wrong(field: str, value: str, expected: str) -> Problem:
    return Problem(400, f"{field} is {shown(value)}: {expected}", field=field, value=shown(value))
