"""TLS: the server has a certificate that is valid, from the start (tls://) or after its protocol's own STARTTLS."""

from urllib.parse import urlsplit

import pycurl

from functions.check_monitors.probes.judgement import NotCheckable, Subject
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from shared.models import Cause

_PROTOCOLS = {25: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 110: "pop3", 21: "ftp", 5432: "postgres"}
_PORTS = {"smtp": 587, "imap": 143, "pop3": 110, "ftp": 21, "postgres": 5432}


class TlsCheck(ConnectCheck):
    """The check of ``tls://host:port``: a handshake is enough."""

    default_port = 443


def check_of(subject: Subject) -> ConnectCheck:
    """The check of a policy whose URL begins with tls:// or starttls://."""
    url = (subject.policy.url or "").strip()
    if not url.lower().startswith("starttls"):
        return TlsCheck(subject, is_tls=True)
    protocol = subject.policy.protocol or _protocol_of(url)
    if protocol == "postgres":
        from functions.check_monitors.probes.kinds.postgres_tls import PostgresTls

        return PostgresTls(subject)
    if protocol is None:
        return _Unknown(subject)
    from functions.check_monitors.probes.kinds.mail import MailCheck

    check = MailCheck(subject, protocol, pycurl.USESSL_ALL)
    check.default_port = _PORTS[protocol]
    return check


def _protocol_of(url: str) -> str | None:
    try:
        return _PROTOCOLS.get(urlsplit(url).port or 0)
    except ValueError:
        return None


class _Unknown(ConnectCheck):
    def first(self) -> None:
        raise NotCheckable(Cause.of("starttls_unknown"))
