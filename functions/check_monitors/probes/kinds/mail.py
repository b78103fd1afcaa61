"""SMTP, IMAP, POP3 and FTP: the server greets, and lets its user in if the policy has one. libcurl speaks them."""

import contextlib
import re
from typing import Any
from urllib.parse import unquote

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from shared.models import Cause

_PORTS = {"smtp": 25, "smtps": 465, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "ftp": 21, "ftps": 990}
_GREETINGS = {"smtp": b"220", "imap": b"* ", "pop3": b"+OK", "ftp": b"220"}
_GOODBYES = {"smtp": b"QUIT\r\n", "imap": b"Z LOGOUT\r\n", "pop3": b"QUIT\r\n", "ftp": b"QUIT\r\n"}
_REFUSES = {
    "smtp": re.compile("[45]"),
    "imap": re.compile(r"\S+ (NO|BAD|BYE)\b", re.IGNORECASE),
    "pop3": re.compile("-ERR"),
    "ftp": re.compile("[345]"),  # 332 asks for an account beside the user
}
_SMTP_LETS_IN = b"235"
_UNKNOWN_COMMAND = (b"500", b"502")
_KEPT_LINES = 100


class MailCheck(ConnectCheck):
    """The check of a server that greets. ``starttls``: one of libcurl's USESSL_…."""

    def __init__(self, subject: Subject, scheme: str, starttls: Any = None) -> None:
        super().__init__(subject, is_tls=scheme.endswith("s"))
        self.scheme = scheme
        self.protocol = scheme.removesuffix("s")
        self.default_port = _PORTS[scheme]
        self.starttls = starttls
        self.lines: list[bytes] = []

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle that speaks the protocol, whatever ``url`` is: it names the same host."""
        curl = super().handle_for(url, timeout_seconds, model)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.URL, f"{self.scheme}://{url.partition('://')[2]}")
        curl.setopt(pycurl.PROTOCOLS, getattr(pycurl, f"PROTO_{self.scheme.upper()}"))
        if self.starttls is not None:
            curl.setopt(pycurl.USE_SSL, self.starttls)
        return curl

    def connection(self, url: str) -> Any:
        """The handle that connects, and logs in if there is a user."""
        self.lines = []
        curl = super().connection(url)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_line)
        self.set_tls(curl)
        if user := self._user():
            curl.setopt(pycurl.USERNAME, user[0].encode())
            curl.setopt(pycurl.PASSWORD, user[1].encode())
            if not self.is_tls and self.starttls is None:
                # A server that can encrypt the password gets it encrypted.
                curl.setopt(pycurl.USE_SSL, pycurl.USESSL_TRY)
        return curl

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of the transfer. If nobody wants to be let in, a server that greets is well."""
        is_well = self._has_greeted() and not self._knows_no_user()
        is_greeted = code == pycurl.E_LOGIN_DENIED and not self._user() and is_well
        return super().conclude(curl, pycurl.E_OK if is_greeted and not self.second else code, text)

    def talk(self, curl: Any) -> Exchange | None:
        """Note if the login was left out, and say goodbye: otherwise the server notes a connection that was lost."""
        if self._is_login_left_out():
            self.subject.seen.why = Cause.of("login_not_offered")
        with contextlib.suppress(pycurl.error, OSError):
            curl.send(_GOODBYES[self.protocol])
        return None

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended, and what the server said."""
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive)
        seen = self.subject.seen
        seen.body = b"".join(self.lines)
        seen.cut_at = len(seen.body) if len(self.lines) == _KEPT_LINES else None

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why the check failed, with the server's own words if it spoke."""
        last = self.lines[-1].decode("utf-8", "replace").strip() if self.lines else ""
        if self.address_filter.refusal:
            return super().why(curl, code, text, status)
        if self.lines and not self._has_greeted() and code == pycurl.E_WRITE_ERROR:
            return Cause.of("protocol_not_spoken", protocol=self.protocol.upper(), reply=last)
        if code == pycurl.E_LOGIN_DENIED and self._knows_no_user():
            return Cause.of("protocol_not_spoken", protocol="FTP", reply=last)
        if code == pycurl.E_LOGIN_DENIED:
            refuses = _REFUSES[self.protocol].match(last)
            return Cause.of("login_refused", reply=last) if refuses else Cause.of("login_not_offered")
        if code == pycurl.E_USE_SSL_FAILED:
            return Cause.of("starttls_not_offered")
        is_refused = self.lines and self.lines[0][:1] in (b"4", b"5")  # libcurl calls some of them a timeout
        if is_refused or (code == pycurl.E_FTP_WEIRD_SERVER_REPLY and last):
            return Cause.of("service_refused", reply=last)
        if code == pycurl.E_OPERATION_TIMEDOUT and not self.lines and curl.getinfo(pycurl.CONNECT_TIME) > 0:
            return Cause.of("no_response", seconds=self.timeout_seconds)
        return super().why(curl, code, text, status)

    def _take_line(self, line: bytes) -> int | None:
        if len(self.lines) < _KEPT_LINES:
            self.lines.append(line)
        # libcurl waits for a greeting as long as it may, whatever else comes.
        return None if self._has_greeted() else 0

    def _has_greeted(self) -> bool:
        if not self.lines:
            return False
        first = self.lines[0]
        # A reply that refuses is libcurl's to judge.
        is_number = self.protocol in ("smtp", "ftp") and first[:3].isdigit()
        is_refusal = self.protocol == "pop3" and first.startswith(b"-ERR")
        return first.startswith(_GREETINGS[self.protocol]) or is_number or is_refusal

    def _knows_no_user(self) -> bool:
        """Whether a server that greets as FTP's do does not know the command USER: it is one of SMTP."""
        is_unknown = bool(self.lines) and self.lines[-1].startswith(_UNKNOWN_COMMAND)
        return self.protocol == "ftp" and is_unknown and not any(line.startswith(b"331") for line in self.lines)

    def _is_login_left_out(self) -> bool:
        """Whether nobody logged in although there is a user: for libcurl, SMTP without AUTH needs no login."""
        if self.protocol != "smtp" or not self._user():
            return False
        return not any(line.startswith(_SMTP_LETS_IN) for line in self.lines)

    def _user(self) -> tuple[str, str] | None:
        """The user and the password to log in with."""
        if own := self.subject.policy.basic_auth:
            return self.subject.filled(own.username), self.subject.filled(own.password)
        if self.parts.username:
            return unquote(self.parts.username), unquote(self.parts.password or "")
        return None


def check_of(subject: Subject) -> MailCheck:
    """The check of a policy whose URL begins with smtp://, imap://, pop3://, ftp://, or one of them with an s."""
    return MailCheck(subject, (subject.policy.url or "").partition("://")[0].strip().lower())
