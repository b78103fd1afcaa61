"""TLS: the server has a certificate that is valid, from the start (tls://) or after its protocol's own STARTTLS."""

import pycurl

from functions.check_monitors.probes.judgement import NotCheckable, Subject
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from shared.models import Cause
from shared.monitors.placeholders import MissingValue
from shared.monitors.urls import starttls_protocol

_PORTS = {"smtp": 587, "imap": 143, "pop3": 110, "ftp": 21, "postgres": 5432}


class TlsCheck(ConnectCheck):
    """The check of ``tls://host:port``: a handshake is enough."""

    default_port = 443


def check_of(subject: Subject) -> ConnectCheck:
    """The check of a policy whose URL begins with tls:// or starttls://."""
    url = (subject.policy.url or "").strip()
    if not url.lower().startswith("starttls"):
        return TlsCheck(subject, is_tls=True)
    protocol = subject.policy.protocol or _protocol_of(subject, url)
    if protocol == "postgres":
        from functions.check_monitors.probes.kinds.postgres_tls import PostgresTls

        return PostgresTls(subject)
    if protocol is None:
        return _Unknown(subject)
    from functions.check_monitors.probes.kinds.mail import MailCheck

    check = MailCheck(subject, protocol, pycurl.USESSL_ALL)
    check.default_port = _PORTS[protocol]
    return check


def _protocol_of(subject: Subject, url: str) -> str | None:
    try:
        return starttls_protocol(subject.filled(url))
    except MissingValue:
        return None


class _Unknown(ConnectCheck):
    def first(self) -> None:
        self.subject.filled(self.subject.policy.url or "")  # what says the protocol may be missing in the environment
        raise NotCheckable(Cause.of("starttls_unknown"))
