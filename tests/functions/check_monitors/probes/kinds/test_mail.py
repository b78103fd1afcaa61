"""Checks of SMTP, IMAP, POP3 and FTP servers, also inside TLS, and of what STARTTLS shows."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.running import wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.dovecot import Dovecot
from tests.support.servers.line_servers import speaks
from tests.support.servers.raw_servers import RawServers, says, stays_silent

pytestmark = pytest.mark.slow

PROTOCOLS = ("smtp", "imap", "pop3", "ftp")


def valid(authority: Authority, **terms: Any) -> Any:
    return authority.context(**{"starts": TODAY - A_DAY, "ends": TODAY + A_DAY} | terms)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_greeting_is_a_success_and_a_goodbye_follows(serve: RawServers, protocol: str) -> None:
    asked: list[bytes] = []
    url = f"{protocol}://127.0.0.1:{serve(speaks(protocol, asked=asked))}"
    event = check_policy(url, keyword="mail.example" if protocol == "smtp" else "ready")
    assert event.error_message is None
    if protocol != "ftp":  # which says goodbye itself when it lets nobody in
        wait_until(lambda: asked[-1:] in ([b"QUIT"], [b"Z LOGOUT"]))
    assert check_policy(url, keyword="zz").error_message == 'the answer does not contain "zz"'
    assert event.ip == "127.0.0.1"
    assert event.response_time_ms is not None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_login_is_tried_if_there_is_a_user(serve: RawServers, protocol: str) -> None:
    port = serve(speaks(protocol))
    assert check_policy(f"{protocol}://me:secret@127.0.0.1:{port}").error_message is None
    user = {"username": "me", "password": "secret"}
    assert check_policy(f"{protocol}://127.0.0.1:{port}", basic_auth=user).error_message is None
    event = check_policy(f"{protocol}://me:not-it@127.0.0.1:{port}")
    assert str(event.error_message).startswith("the server refused the login: ")
    assert "not-it" not in event.model_dump_json()


@pytest.mark.parametrize(
    ("protocol", "replies"),
    [
        ("smtp", {"EHLO": b"250 mail.example\r\n"}),
        ("smtp", {"EHLO": b"502 what?\r\n", "HELO": b"250 mail.example\r\n"}),
        ("smtp", {"EHLO": b"250-mail.example\r\n250 AUTH GSSAPI\r\n"}),
        ("imap", {"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n%s OK done\r\n"}),
        ("pop3", {"CAPA": b"+OK\r\nSASL GSSAPI\r\n.\r\n"}),
    ],
)
def test_a_login_that_is_not_offered_is_a_failure(serve: RawServers, protocol: str, replies: Any) -> None:
    port = serve(speaks(protocol, **replies))
    assert check_policy(f"{protocol}://127.0.0.1:{port}").error_message is None
    event = check_policy(f"{protocol}://me:secret@127.0.0.1:{port}")
    assert event.error_message == "the server offers no login with a password"


def test_a_password_is_encrypted_if_the_server_can(serve: RawServers, trusted: Authority) -> None:
    asked: list[bytes] = []
    port = serve(speaks("smtp", valid(trusted), asked=asked))
    event = check_policy(f"smtp://me:secret@localhost:{port}")
    assert event.error_message is None
    assert event.tls_ms is not None
    assert asked.index(b"STARTTLS") < asked.index(b"AUTH PLAIN")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_hangs_up_before_its_greeting_says_nothing(serve: RawServers, protocol: str) -> None:
    event = check_policy(f"{protocol}://127.0.0.1:{serve(lambda _: None)}")
    assert event.error_message == "connection closed without an answer"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_protocol_inside_tls_has_a_certificate(serve: RawServers, trusted: Authority, protocol: str) -> None:
    event = check_policy(f"{protocol}s://localhost:{serve(speaks(protocol), valid(trusted))}")
    assert event.error_message is None
    assert event.certificate_expires_at == TODAY + A_DAY


@pytest.mark.parametrize(
    ("protocol", "greeting", "message"),
    [
        ("smtp", b"554 go away\r\n", "the server refused: 554 go away"),
        ("ftp", b"421 too busy\r\n", "the server refused: 421 too busy"),
        ("pop3", b"-ERR go away\r\n", "the server refused: -ERR go away"),
        ("imap", b"-ERR x\r\n", "the server does not speak IMAP: -ERR x"),
        ("pop3", b"SSH-2.0-x\r\n", "the server does not speak POP3: SSH-2.0-x"),
        ("imap", b"SSH-2.0-x\r\n", "the server does not speak IMAP: SSH-2.0-x"),
        ("smtp", b"SSH-2.0-x\r\n", "the server does not speak SMTP: SSH-2.0-x"),
    ],
)
def test_another_greeting_is_a_failure(serve: RawServers, protocol: str, greeting: bytes, message: str) -> None:
    event = check_policy(f"{protocol}://127.0.0.1:{serve(speaks(protocol, greeting=greeting))}")
    assert event.error_message == message
    assert (event.response_time_ms or 0) < 9000


@pytest.mark.parametrize("user", ["", "me:secret@"])
@pytest.mark.parametrize("reply", [b"500 5.5.1 Command unrecognized\r\n", b"502 5.5.2 Error: not recognized\r\n"])
def test_a_mail_server_is_no_ftp_server(serve: RawServers, reply: bytes, user: str) -> None:
    event = check_policy(f"ftp://{user}127.0.0.1:{serve(speaks('smtp', USER=reply))}")
    assert event.error_message == f"the server does not speak FTP: {reply.decode().strip()}"


@pytest.mark.parametrize("replies", [{"USER": b"230 hello\r\n"}, {"USER": b"331 password?\r\n"}, {}])
def test_an_ftp_server_may_let_anybody_in_or_nobody(serve: RawServers, replies: Any) -> None:
    assert check_policy(f"ftp://127.0.0.1:{serve(speaks('ftp', **replies))}").error_message is None
    odd = speaks("ftp", USER=b"331 password?\r\n", PASS=b"500 what?\r\n")
    assert check_policy(f"ftp://127.0.0.1:{serve(odd)}").error_message is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_stays_silent_is_a_failure(serve: RawServers, protocol: str) -> None:
    event = check_policy(f"{protocol}://127.0.0.1:{serve(stays_silent(30))}", timeout="300ms")
    assert event.error_message == "no answer within 0.3 s"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_starttls_shows_the_certificate(serve: RawServers, trusted: Authority, protocol: str) -> None:
    event = check_policy(f"starttls://localhost:{serve(speaks(protocol, valid(trusted)))}", protocol=protocol)
    assert event.error_message is None
    assert event.certificate_expires_at == TODAY + A_DAY
    assert event.tls_ms is not None


@pytest.mark.parametrize("scheme", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            {"starts": TODAY - 3 * A_DAY, "ends": TODAY - 2 * A_DAY},
            f"certificate expired on {TODAY - 2 * A_DAY:%Y-%m-%d}",
        ),
        ({"host": "shop.example"}, "certificate is for another host than localhost"),
        ({"self_signed": True}, "certificate is self-signed"),
    ],
)
def test_a_bad_certificate_is_named(
    serve: RawServers, trusted: Authority, scheme: str, terms: dict[str, Any], message: str
) -> None:
    context = valid(trusted, **terms)
    if scheme == "tls":
        event = check_policy(f"tls://localhost:{serve(stays_silent(1), context)}")
    else:
        event = check_policy(f"starttls://localhost:{serve(speaks('smtp', context))}", protocol="smtp")
    assert event.error_message == message
    assert not event.is_inconclusive


def test_tls_alone_needs_no_protocol(serve: RawServers, trusted: Authority) -> None:
    event = check_policy(f"tls://localhost:{serve(stays_silent(30), valid(trusted))}")
    assert event.error_message is None
    assert event.certificate_expires_at == TODAY + A_DAY
    assert (event.tls_ms or 0) > 0
    assert (event.response_time_ms or 0) < 9_000


def test_an_issuer_that_is_not_trusted_is_named(serve: RawServers, authority: Authority) -> None:
    url = f"tls://localhost:{serve(stays_silent(1), valid(authority))}"
    assert check_policy(url).error_message == "certificate issuer is not trusted"
    assert check_policy(url, verify_tls=False).certificate_expires_at == TODAY + A_DAY
    assert check_policy(url, ca_certificate=authority.file).error_message is None


def test_a_port_without_tls_is_named(serve: RawServers) -> None:
    event = check_policy(f"tls://127.0.0.1:{serve(says(b'220 mail.example ESMTP'))}")
    assert event.error_message == "TLS handshake failed: the server does not speak TLS on this port"


def test_a_server_without_starttls_is_a_failure(serve: RawServers) -> None:
    port = serve(speaks("smtp", EHLO=b"250 mail.example\r\n"))
    event = check_policy(f"starttls://127.0.0.1:{port}", protocol="smtp")
    assert event.error_message == "the server does not offer STARTTLS"


def test_a_port_that_says_no_protocol_cannot_be_checked(serve: RawServers) -> None:
    event = check_policy(f"starttls://127.0.0.1:{serve(speaks('smtp'))}")
    assert event.is_inconclusive
    assert "add protocol" in str(event.error_message)


def test_a_port_that_is_filled_in_says_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "starttls://127.0.0.1:${MONITOR_PORT}"
    assert check_policy(url).error_message == "not checked: the agent's environment has no MONITOR_PORT"
    monkeypatch.setenv("MONITOR_PORT", "2525")
    assert not check_policy(url, timeout=1).is_inconclusive


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_dovecot_is_understood(dovecot: Dovecot, protocol: str) -> None:
    own, plain, inside_tls = dovecot.authority.file, dovecot.ports[protocol], dovecot.ports[f"{protocol}s"]
    assert check_policy(f"{protocol}://127.0.0.1:{plain}", keyword="Dovecot").error_message is None
    found = [
        check_policy(f"{protocol}s://localhost:{inside_tls}", ca_certificate=own),
        check_policy(f"{protocol}s://me:secret@localhost:{inside_tls}", ca_certificate=own),
        # It takes no password before it is encrypted.
        check_policy(f"{protocol}://me:secret@localhost:{plain}", ca_certificate=own),
        check_policy(f"starttls://localhost:{plain}", protocol=protocol, ca_certificate=own),
        check_policy(f"tls://localhost:{inside_tls}", ca_certificate=own),
    ]
    assert [(event.error_message, event.certificate_expires_at) for event in found] == [(None, TODAY + A_DAY)] * 5
    refused = check_policy(f"{protocol}s://me:no@localhost:{inside_tls}", ca_certificate=own)
    assert "Authentication failed" in str(refused.error_message)
    assert str(refused.error_message).startswith("the server refused the login: ")
    untrusted = check_policy(f"starttls://localhost:{plain}", protocol=protocol)
    assert untrusted.error_message == "certificate issuer is not trusted"
    assert "Login: user=<me>" in dovecot.log()


def test_dovecots_protocols_are_not_mixed_up(dovecot: Dovecot) -> None:
    imap, pop3 = dovecot.ports["imap"], dovecot.ports["pop3"]
    assert "the server does not speak POP3: * OK" in str(check_policy(f"pop3://127.0.0.1:{imap}").error_message)
    assert "the server does not speak IMAP: +OK" in str(check_policy(f"imap://127.0.0.1:{pop3}").error_message)
