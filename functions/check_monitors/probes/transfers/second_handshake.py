"""A second handshake, after a check that failed, for what the first one did not show. No request follows it."""

import operator
import ssl
from datetime import UTC, datetime
from typing import Any, Protocol

import pycurl

from functions.check_monitors.probes.causes import EXPIRED, NOT_YET_VALID
from shared.models import Cause

# A server that is not content with our certificate says so, or only hangs up, perhaps after the handshake.
_HANGS_UP = {pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR}
_MESSAGES_IN = 5  # the kind of what libcurl passes to DEBUGFUNCTION
_CERTIFICATE_REQUEST = 13  # the first byte of TLS's message


class SecondHandshake(Protocol):
    """Asks one question of a handshake, and keeps what it showed."""

    def prepare(self, curl: Any) -> None:
        """Set what the handle needs beyond that of a check."""

    def finding(self, curl: Any) -> Cause | None:
        """Return why the check failed, if the handshake has shown it."""


def second_handshake(curl: Any, code: int, text: str, *, has_response: bool) -> SecondHandshake | None:
    """Return the handshake that can say more of a transfer that ended so, or None if there is none."""
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        verdict = curl.getinfo(pycurl.SSL_VERIFYRESULT)
        return _DatesOfTheCertificates(verdict) if verdict in (NOT_YET_VALID, EXPIRED) else None
    is_refused = code == pycurl.E_SSL_CONNECT_ERROR and "alert" in text
    is_cut_off = code in _HANGS_UP and not has_response and curl.getinfo(pycurl.APPCONNECT_TIME) > 0
    return _RequestForACertificate() if is_refused or is_cut_off else None


class _DatesOfTheCertificates:
    # A failed handshake does not show the certificates. This one accepts any.
    def __init__(self, verdict: int) -> None:
        self._verdict = verdict

    def prepare(self, curl: Any) -> None:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.OPT_CERTINFO, 1)

    def finding(self, curl: Any) -> Cause | None:
        return _wrong_date(curl, self._verdict)


class _RequestForACertificate:
    # libcurl does not say that the server asked for one. The server's messages, which it shows if asked to, do.
    def __init__(self) -> None:
        self._is_requested = False

    def prepare(self, curl: Any) -> None:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.VERBOSE, 1)
        curl.setopt(pycurl.DEBUGFUNCTION, self._see)

    def _see(self, kind: int, message: bytes) -> None:
        if kind == _MESSAGES_IN and len(message) > 5 and message[0] == _CERTIFICATE_REQUEST:
            self._is_requested = True

    def finding(self, _: Any) -> Cause | None:
        return Cause.of("client_certificate_required") if self._is_requested else None


def _wrong_date(curl: Any, verdict: int) -> Cause | None:
    """Return which date led to OpenSSL's ``verdict``, read from the certificates that ``curl`` was shown."""
    is_expired = verdict == EXPIRED
    field, is_wrong = (b"Expire date", operator.lt) if is_expired else (b"Start date", operator.gt)
    values = [
        value for certificate in curl.getinfo_raw(pycurl.INFO_CERTINFO) for name, value in certificate if name == field
    ]
    for value in values:  # of the host's own certificate first, then of its issuers'
        try:
            at = datetime.fromtimestamp(ssl.cert_time_to_seconds(value.decode("ascii")), UTC)
        except (ValueError, OverflowError):
            continue
        if is_wrong(at, datetime.now(UTC)):
            date = f"{at:%Y-%m-%d}"
            if is_expired:
                return Cause.of("certificate_expired_on", date=date)
            return Cause.of("certificate_not_valid_before", date=date)
    return None
