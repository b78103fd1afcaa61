"""PostgreSQL's own STARTTLS, which libcurl does not speak: eight bytes ask for TLS, and one byte answers."""

import functools
import ssl
import time
from typing import Any

import pycurl

from functions.check_monitors.probes.causes import verdict_cause
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ
from functions.check_monitors.probes.network.certificates import CA_NOT_USABLE, expiry_in
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from functions.check_monitors.probes.transfers.talk import CLOSED
from shared.models import Cause

_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_PART_BYTES = 16_384


class PostgresTls(ConnectCheck):
    """The check of ``starttls://host:5432``."""

    default_port = 5432

    def talk(self, curl: Any) -> Exchange | None:
        """Ask for TLS, and shake hands."""
        try:
            context = _context(self.ca_file if self.subject.policy.verify_tls else "")
        except OSError:  # it is no PEM, or gone
            self.make_event(CA_NOT_USABLE, curl)
            return None
        host = self.place()[0].removesuffix(".")  # no certificate has the dot of a name's root
        return _Handshake(curl, context, host, self.ends_at, self.timeout_seconds)

    def after(self, exchange: Any) -> Any:
        """Note how the handshake went, or take what the policy's resolver said."""
        if not isinstance(exchange, _Handshake):
            return super().after(exchange)
        seen = self.subject.seen
        seen.why, seen.certificate_expires_at = exchange.why, exchange.expires_at
        if times := seen.times:
            total = times.total + round(1e6 * (time.monotonic() - exchange.began_at))
            tls = 0 if exchange.why else total
            seen.times = times._replace(ready=total, first_byte=total, total=total, tls=tls)
        return None


@functools.lru_cache(maxsize=64)
def _context(ca_file: str) -> ssl.SSLContext:
    """The context for trusted certificates; without a file it accepts any. To read one takes 10 ms."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(ca_file)
        # As for libcurl, whoever trusts an issuer need not trust the issuer's own one.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Handshake(Exchange):
    def __init__(self, curl: Any, context: ssl.SSLContext, host: str, ends_at: float, seconds: float) -> None:
        self.curl = curl
        self.wake_at = ends_at
        self.why: Cause | None = None
        self.expires_at: Any = None
        self.began_at = time.monotonic()
        self._host, self._seconds = host, seconds
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._has_asked = self._is_agreed = False

    def watched(self) -> tuple[int, int]:
        return self.curl.getinfo(pycurl.ACTIVESOCKET), READ

    def proceed(self) -> bool:
        try:
            if not self._has_asked:
                self.curl.send(_REQUEST)  # a few bytes fit into any new connection
                self._has_asked = True
            while not self._go_on():
                pass
        except BlockingIOError:
            if time.monotonic() < self.wake_at:
                return False
            code = "tls" if self._is_agreed else "request"
            self.why = _too_late(code, self._seconds)
        except ssl.SSLCertVerificationError as error:
            self.why = verdict_cause(error.verify_code, self._host) or Cause.of("tls_failed", reason=_reason(error))
        except ssl.SSLError as error:
            self.why = Cause.of("tls_failed", reason=_reason(error))
        except (pycurl.error, OSError):
            self.why = Cause.of("closed_in_handshake") if self._is_agreed else CLOSED
        return True

    def _go_on(self) -> bool:
        """Take one step; whether that was the last one. Raises BlockingIOError if it has to wait."""
        if not self._is_agreed:
            return self._hear_reply()
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            part = self.curl.recv(_PART_BYTES)
            if not part:
                raise ConnectionResetError from None
            self._incoming.write(part)
            return False
        self._flush()
        # Python parses only a certificate that it has verified.
        self.expires_at = expiry_in(self._tls.getpeercert(binary_form=True) or b"")
        return True

    def _hear_reply(self) -> bool:
        reply = self.curl.recv(1)
        if not reply:
            raise ConnectionResetError
        self._is_agreed = reply == b"S"
        if reply == b"N":
            self.why = Cause.of("starttls_not_offered")
        elif not self._is_agreed:
            self.why = Cause.of("protocol_not_spoken", protocol="PostgreSQL", reply=reply.decode("latin-1"))
        return not self._is_agreed

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self.curl.send(data)


def _too_late(phase: str, seconds: float) -> Cause:
    if phase == "tls":
        return Cause.of("tls_too_slow", seconds=seconds)
    return Cause.of("no_response", seconds=seconds)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
