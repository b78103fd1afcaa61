"""The way of a mail: its recipients, the login, TLS, and the probe."""

import re
from pathlib import Path

import pytest

from shared.notifiers import SendFailed
from shared.notifiers.services.email.addresses import StartTls, server_of
from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.email.channel import TO, channel, sent
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.stand_ins.smtp import PASSWORD, USER, Smtp

pytestmark = pytest.mark.slow


def test_one_mail_goes_to_everybody(server: Smtp) -> None:
    mail = sent(server, message(), to=["Kim <kim@example.com>", "lee@한국.example", "kim@EXAMPLE.com"])
    [arrived] = server.mails
    assert arrived.sender == "alerts@example.com"
    assert arrived.recipients == ("kim@example.com", "lee@xn--3e0b707e.example")
    assert [address.addr_spec for address in mail["To"].addresses] == list(arrived.recipients)


@pytest.mark.parametrize("has_pipelining", [True, False])
def test_who_is_refused_keeps_the_mail_from_nobody(has_pipelining: bool) -> None:
    with Smtp(has_pipelining=has_pipelining) as server:
        server.refused = {"gone@example.com": b"550 5.1.1 no such user\r\n", "full@example.com": b"552 full\r\n"}
        ops = channel(server.url, to=["gone@example.com", TO, "full@example.com"])
        answer = ops.send(message(), timeout_seconds=5).answer
        assert answer == "250 2.0.0 queued as 4F1B; refused: gone@example.com (550), full@example.com (552)"
        assert server.mails[0].recipients == (TO,)


def test_a_mail_that_nobody_may_get_fails_for_good_only_if_that_lasts(server: Smtp) -> None:
    server.refused = {TO: b"550 5.1.1 no such user\r\n", "full@example.com": b"552 5.2.2 full\r\n"}
    ops = channel(server.url, to=[TO, "full@example.com"])
    with pytest.raises(SendFailed, match=r"every recipient: 550 5\.1\.1 no such user; 552 5\.2\.2 full") as raised:
        ops.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent
    server.refused["full@example.com"] = b"452 4.2.2 full\r\n"
    with pytest.raises(SendFailed) as raised:
        ops.send(message(), timeout_seconds=5)
    assert not raised.value.is_permanent


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "PLAIN LOGIN"])
def test_a_user_logs_in(mechanisms: str) -> None:
    with Smtp(has_login=True, mechanisms=mechanisms) as server:
        sent(server, message())
        assert server.mails[0].user == USER


def test_a_wrong_password_fails_for_good_and_is_not_shown() -> None:
    with Smtp(has_login=True) as server, pytest.raises(SendFailed, match=r"^the .* the login: 535 5\.7\.8$") as raised:
        channel(server.url.replace(PASSWORD, "wr0ng-word")).send(message(), timeout_seconds=5)
    assert raised.value.is_permanent


@pytest.mark.parametrize("text", ["500 what is {}?", "535 5.7.8 {}", "501-{}\r\n501 5.5.2 no"])
def test_a_server_that_quotes_the_login_leaks_nothing(text: str) -> None:
    with Smtp(has_login=True) as server:
        server.replies["AUTH"] = lambda it: it.quote(text)
        with pytest.raises(SendFailed) as raised:
            channel(server.url).send(message(), timeout_seconds=5)
        [quoted] = [line for line in server.commands if line.endswith("=")]
    assert quoted not in str(raised.value)
    assert re.fullmatch(r"the mail server refused the login: 5\d\d(?: 5\.\d\.\d)?", str(raised.value))


def test_a_server_without_a_login_is_not_used_with_a_password() -> None:
    with Smtp() as server:
        ops = channel(server.url.replace("://", f"://kim:{PASSWORD}@"))
        for attempts, is_permanent in ((1, False), (6, True)):
            with pytest.raises(SendFailed, match="does not offer a login") as raised:
                ops.send(message(attempts=attempts), timeout_seconds=5)
            assert raised.value.is_permanent == is_permanent
        assert not any(PASSWORD in line or line.startswith("MAIL") for line in server.commands)


# --- TLS ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The issuer of certificates that this process trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    return authority


@pytest.mark.parametrize("is_tls_at_once", [True, False], ids=["smtps", "starttls"])
def test_a_connection_is_encrypted_if_the_server_can(authority: Authority, is_tls_at_once: bool) -> None:
    tls = authority.context(TODAY - A_DAY, TODAY + A_DAY)
    with Smtp(tls=tls, is_tls_at_once=is_tls_at_once, has_login=True) as server:
        sent(server, message())
        assert (server.mails[0].is_encrypted, server.mails[0].user) == (True, USER)


def test_starttls_can_be_off(authority: Authority) -> None:
    with Smtp(tls=authority.context(TODAY - A_DAY, TODAY + A_DAY)) as server:
        sent(server, message(), starttls="off")
        assert not server.mails[0].is_encrypted
        assert "STARTTLS" not in server.commands


def test_required_starttls_is_not_done_without(server: Smtp) -> None:
    ops = channel(server.url, starttls="required")
    for attempts, is_permanent in ((1, False), (6, True)):
        with pytest.raises(SendFailed, match=r"^the mail server does not offer STARTTLS$") as raised:
            ops.send(message(attempts=attempts), timeout_seconds=5)
        assert raised.value.is_permanent == is_permanent
    assert server.mails == []


@pytest.mark.parametrize("starttls", ["auto", "required"])
def test_a_certificate_that_nobody_knows_stops_the_mail(tmp_path: Path, starttls: str) -> None:
    tls = Authority(tmp_path).context(TODAY - A_DAY, TODAY + A_DAY)
    with Smtp(tls=tls, has_login=True) as server:
        with pytest.raises(SendFailed, match="its certificate is not valid") as raised:
            channel(server.url, starttls=starttls).send(message(), timeout_seconds=5)
        assert not raised.value.is_permanent
        assert not any(line.startswith("AUTH") for line in server.commands)


def test_a_certificate_that_nobody_knows_is_better_than_none(tmp_path: Path) -> None:
    """Without a password, ``auto`` would send unencrypted too. A server's package often has such a certificate."""
    with Smtp(tls=Authority(tmp_path).context(TODAY - A_DAY, TODAY + A_DAY)) as server:
        sent(server, message())
        assert server.mails[0].is_encrypted
        with pytest.raises(SendFailed, match="its certificate is not valid"):
            channel(server.url, starttls="required").send(message(), timeout_seconds=5)


def test_the_probe_says_what_a_certificate_needs(tmp_path: Path) -> None:
    with Smtp(tls=Authority(tmp_path).context(TODAY - A_DAY, TODAY + A_DAY), has_login=True) as server:
        found = channel(server.url).probe(5)
    assert "its certificate is not valid" in found.found
    assert found.fix == "SSL_CERT_FILE with its issuer, or CHANNELS.ops.url and CHANNELS.ops.starttls"


def test_a_certificate_counts_wherever_a_password_goes() -> None:
    cases: list[tuple[str, StartTls, bool]] = [
        ("smtp://mail.example", "auto", False),
        ("smtp://mail.example", "required", True),
        ("smtp://kim:pass@mail.example", "auto", True),
        ("smtp://kim:pass@127.0.0.1", "auto", True),
        ("smtps://mail.example", "auto", True),
    ]
    for url, starttls, is_verified in cases:
        assert server_of(url).is_verified(starttls) is is_verified, (url, starttls)


def test_a_password_leaves_this_machine_only_encrypted() -> None:
    away, here = server_of("smtp://kim:pass@mail.example"), server_of("smtp://kim:pass@localhost")
    assert (away.demands_tls("auto"), away.demands_tls("off"), here.demands_tls("auto")) == (True, False, False)
    assert not server_of("smtp://mail.example").demands_tls("auto")


# --- the probe ----------------------------------------------------------------------------------------------------


def test_a_probe_logs_in_and_sends_nothing() -> None:
    with Smtp(has_login=True) as server:
        ops = channel(server.url)
        assert ops.probe(5).verdict == "ok"
        assert [line for line in server.commands if line[:4] in ("MAIL", "RCPT", "DATA", "RSET")] == [
            "MAIL FROM:<alerts@example.com>",
            "RCPT TO:<kim@example.com>",
            "RSET",
        ]
        server.refused = {TO: b"550 no\r\n"}
        refused = ops.probe(5)
        assert (refused.verdict, refused.found) == ("failure", "the mail server refused the recipient: 550 no")
        assert refused.fix == "CHANNELS.ops.url, CHANNELS.ops.from and CHANNELS.ops.to"
        some = channel(server.url, to=[TO, "lee@example.com"]).probe(5)
        assert (some.verdict, some.found) == ("warning", "the mail server refuses kim@example.com (550)")
