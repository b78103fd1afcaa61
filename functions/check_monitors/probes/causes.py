"""Why a check failed: what libcurl and OpenSSL report, as a ``Cause``. ``shared/words`` has the sentence for each."""

import errno
import http
import os
import re
from typing import Any
from urllib.parse import urlsplit

import pycurl

from shared.models import Cause
from shared.words import cause_text

MAX_REDIRECTS = 10

_TOO_LARGE = 100  # libcurl's code, which pycurl does not name

UNSUPPORTED_SCHEME = Cause.of("unsupported_scheme")
URL_NOT_VALID = Cause.of("url_not_valid")
_NOT_HTTP = Cause.of("not_http")
_RESET = Cause.of("connection_reset")
_NOT_TRUSTED = Cause.of("certificate_issuer_not_trusted")

_BY_CODE = {
    pycurl.E_URL_MALFORMAT: URL_NOT_VALID,
    pycurl.E_UNSUPPORTED_PROTOCOL: UNSUPPORTED_SCHEME,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: _NOT_HTTP,
    pycurl.E_TOO_MANY_REDIRECTS: Cause.of("too_many_redirects", limit=MAX_REDIRECTS),
    pycurl.E_GOT_NOTHING: Cause.of("closed_without_response"),
    pycurl.E_PARTIAL_FILE: Cause.of("response_cut_short"),
    _TOO_LARGE: Cause.of("headers_too_large"),
}
_BY_TEXT = {  # for the codes that stand for several faults; these come first
    "HTTP/0.9": _NOT_HTTP,
    "Unsupported HTTP": _NOT_HTTP,  # a version
    "Unsupported response code": _NOT_HTTP,
    "HTTP/3 requested for non-HTTPS": Cause.of("http3_needs_https"),
    "Header without colon": Cause.of("header_without_colon"),
    "NUL byte in header": Cause.of("header_with_nul"),
    "chunk hex-length": Cause.of("chunks_not_valid"),
    "alert certificate required": Cause.of("client_certificate_required"),
    "alert protocol version": Cause.of("tls_version_refused"),
    "unsupported protocol": Cause.of("tls_version_refused"),
    "wrong version number": Cause.of("not_tls"),
    "packet length too long": Cause.of("not_tls"),
    # After a GOAWAY, libcurl tries a few connections or resets its own stream.
    "Connection died": Cause.of("http2_closed"),
    "we expected SETTINGS frame": Cause.of("http2_not_spoken"),
    "reset by curl": Cause.of("http2_closed"),
    "response reading failed (errno: 0)": _BY_CODE[pycurl.E_GOT_NOTHING],  # of mail and FTP
    "Proxy CONNECT aborted": _BY_CODE[pycurl.E_GOT_NOTHING],
    "proxy closed connection": _BY_CODE[pycurl.E_GOT_NOTHING],  # SOCKS
    "reset by peer": _RESET,
    "Broken pipe": _RESET,
    "Too large response headers": _BY_CODE[_TOO_LARGE],
}
_BY_ERRNO = {
    errno.ECONNREFUSED: Cause.of("connection_refused"),
    errno.ENETUNREACH: Cause.of("network_unreachable"),
    errno.EHOSTUNREACH: Cause.of("host_unreachable"),
    errno.ECONNRESET: _RESET,
}
# The replies of a SOCKS proxy that concern the target: libcurl's numbers, which pycurl does not name.
_BY_SOCKS_REPLY = {
    19: _BY_ERRNO[errno.ECONNREFUSED],
    21: _BY_ERRNO[errno.EHOSTUNREACH],
    22: _BY_ERRNO[errno.ENETUNREACH],
    24: _BY_ERRNO[errno.EHOSTUNREACH],  # the packet's time to live is over
}
MAY_BE_PROXYS = ("connection_refused", "no_response", "closed_without_response")  # each is a code of ``proxys`` too
NOT_YET_VALID, EXPIRED = 9, 10  # OpenSSL's X509_V_ERR_…
_NOT_OF_THE_HOST = (62, 64)  # by its name, by its address
_BY_VERIFY_RESULT = {
    2: _NOT_TRUSTED,
    NOT_YET_VALID: Cause.of("certificate_not_valid_yet"),
    EXPIRED: Cause.of("certificate_expired"),
    18: Cause.of("certificate_self_signed"),
    19: _NOT_TRUSTED,
    20: _NOT_TRUSTED,
    21: _NOT_TRUSTED,
}
# Compiled when a failure needs them: a cold start does without.
_OPENSSL_ERROR = r"error:[0-9A-F]+:[^:]*:[^:]*:(?:[\w/]+ alert )?([^:,]+)"
_HTTP2_ERROR = r"error (?:0x)?[0-9a-f]+:? ([A-Z][A-Z0-9_]+)"
_TLS_CODES = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CERTPROBLEM,
}


def cause(curl: Any, code: int, text: str, status: int | None, timeout_seconds: float) -> Cause | None:
    """Why the transfer ``curl`` failed, or None if it succeeded.

    ``code`` and ``text`` are libcurl's result, ``status`` is that of the final response if there was one.
    """
    if is_proxys(curl, status):
        return _proxy_status(http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
    if code == pycurl.E_HTTP_RETURNED_ERROR and status is None:
        return _proxy_status(curl.getinfo(pycurl.HTTP_CONNECTCODE))
    if code in (pycurl.E_OK, pycurl.E_HTTP_RETURNED_ERROR):
        return status_cause(status)
    if code == pycurl.E_OPERATION_TIMEDOUT and status is None:
        return Cause.of("no_response", seconds=timeout_seconds)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return Cause.of("response_too_slow", seconds=timeout_seconds)
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return Cause.of("host_not_found", host=host_of(curl))
    if known := text_cause(text):
        return known
    if code == pycurl.E_COULDNT_CONNECT:
        number = curl.getinfo(pycurl.OS_ERRNO)
        reason = os.strerror(number).lower() if number else text
        return _BY_ERRNO.get(number) or Cause.of("connection_failed", reason=reason)
    if code == pycurl.E_RECV_ERROR and _is_end(text):  # closed without TLS's own goodbye
        return _BY_CODE[pycurl.E_GOT_NOTHING if status is None else pycurl.E_PARTIAL_FILE]
    if code == pycurl.E_PEER_FAILED_VERIFICATION and "subject name" in text:
        return Cause.of("certificate_for_another_host", host=host_of(curl))
    if code in _TLS_CODES:
        return _tls_cause(curl, text)
    return _BY_CODE.get(code) or _in_libcurls_words(code, text)


def text_cause(text: str) -> Cause | None:
    """The cause for libcurl's words alone; None if they do not name a single one."""
    return next((known for fragment, known in _BY_TEXT.items() if fragment in text), None)


def verdict_cause(verdict: int, host: str) -> Cause | None:
    """The cause for OpenSSL's verdict on a certificate, X509_V_ERR_…; None if we have no words for it."""
    if verdict in _NOT_OF_THE_HOST:
        return Cause.of("certificate_for_another_host", host=host)
    return _BY_VERIFY_RESULT.get(verdict)


def errno_cause(error: OSError) -> Cause:
    """The cause for what the system reports of a socket of ours."""
    known = _BY_ERRNO.get(error.errno or 0)
    return known or Cause.of("connection_failed", reason=(error.strerror or str(error)).lower())


def _is_end(text: str) -> bool:
    return "unexpected eof" in text or "SSL_ERROR_SYSCALL" in text or "SSL_ERROR_ZERO_RETURN" in text


def _tls_cause(curl: Any, text: str) -> Cause:
    if verdict := _BY_VERIFY_RESULT.get(curl.getinfo(pycurl.SSL_VERIFYRESULT)):
        return verdict
    return Cause.of("closed_in_handshake") if _is_end(text) else Cause.of("tls_failed", reason=_reason(text))


def _reason(text: str) -> str:
    """Return what OpenSSL says of the first error in its queue, or all of ``text`` if there is none."""
    error = re.search(_OPENSSL_ERROR, text)
    return error[1] if error else text.rpartition("::")[2]


def _in_libcurls_words(code: int, text: str) -> Cause:
    if code == pycurl.E_COULDNT_RESOLVE_PROXY and ": " in text:
        return Cause.of("proxy_not_found", host=text.rpartition(": ")[2])
    if not text.rstrip("."):
        return Cause.of("libcurl_error_number", number=code)
    if error := re.search(_HTTP2_ERROR, text):
        return Cause.of("http2_failed", error=error[1])
    if "error:" in text or "SSL_" in text:
        return Cause.of("tls_broken", reason=_reason(text))
    # A sentence begins with a small letter here, a name such as TLS or HTTP/2 stays.
    is_sentence = text[1:2].islower()
    return Cause.of("libcurl_error", text=(text[0].lower() + text[1:] if is_sentence else text).rstrip("."))


def proxys(found: Cause) -> Cause:
    """The same cause, if it is not the target's but that of the proxy on the way."""
    return found.model_copy(update={"code": f"proxy_{found.code}"})


def is_proxys(curl: Any, status: int | None) -> bool:
    """Whether a response is the proxy's own, which wants a login. No target may answer so (RFC 9110, 15.5.8)."""
    return status == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and bool(curl.getinfo(pycurl.USED_PROXY))


def on_the_way(curl: Any, code: int, found: Cause, *, is_socks: bool) -> Cause:
    """The cause of a transfer through a proxy that brought no response.

    It is the proxy's, unless the proxy had led to the target, or says itself that it cannot reach that. For libcurl, a
    target that is silent in TLS's handshake and a SOCKS proxy that is silent look alike.
    """
    status = curl.getinfo(pycurl.HTTP_CONNECTCODE)
    if status // 100 == 2 or found.code.startswith("proxy_"):
        return found
    if status:
        return _proxy_status(status)
    if is_socks:
        if reply := _BY_SOCKS_REPLY.get(curl.getinfo(pycurl.PROXY_ERROR)):
            return reply
        is_of_target = code in _TLS_CODES or code == pycurl.E_COULDNT_RESOLVE_HOST
        if is_of_target or curl.getinfo(pycurl.REQUEST_SIZE):
            return found
    if found == _RESET:
        found = _BY_CODE[pycurl.E_GOT_NOTHING]
    if found.code in MAY_BE_PROXYS:
        return proxys(found)
    return Cause.of("proxy_failed", reason=cause_text("en", found))


def _proxy_status(status: int) -> Cause:
    return Cause.of("proxy_status", status=status, phrase=_phrase(status))


def status_cause(status: int | None) -> Cause | None:
    """Why a response with this status is a failure. The phrase is ours: the target's own could hold anything."""
    if status is None:
        return _NOT_HTTP
    if 200 <= status < 400:
        return None
    return Cause.of("http_status", status=status, phrase=_phrase(status))


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def host_of(curl: Any) -> str:
    """The host of the last request, which a redirect may have named."""
    try:
        return urlsplit(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("utf-8", "replace")).hostname or "?"
    except ValueError:
        return "?"
