"""Mail through a real Postfix, as it stands in front of people's mailboxes."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from shared.notifiers import SendFailed
from tests.shared.notifiers.messages import HOSTILE, LINKS, message, notification
from tests.shared.notifiers.services.email.channel import channel, texts_of
from tests.support.running import wait_until
from tests.support.servers.postfix import GREYLISTED, Postfix

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def running() -> Iterator[Postfix]:
    with Postfix() as listening:
        yield listening


@pytest.fixture
def postfix(running: Postfix, monkeypatch: pytest.MonkeyPatch) -> Postfix:
    """Postfix, whose certificate this process trusts, and no mail."""
    monkeypatch.setenv("SSL_CERT_FILE", running.authority.file)
    for file in (running.folder / "mail").rglob("*/new/*"):
        file.unlink()
    return running


def arrived(postfix: Postfix, count: int = 1) -> list[EmailMessage]:
    """The mails in the mailbox, once there are so many."""
    wait_until(lambda: len(postfix.mails()) >= count, otherwise=postfix.log)
    return [email.message_from_bytes(each, policy=email.policy.default) for each in postfix.mails()]


def test_a_mail_arrives_encrypted_as_it_was_written(postfix: Postfix) -> None:
    about = message(language="ko", links=LINKS)
    answer = channel(postfix.url, starttls="required").send(about, timeout_seconds=10).answer
    assert answer.startswith("250 2.0.0 Ok: queued as ")
    [mail] = arrived(postfix)
    assert mail["Subject"] == about.title
    assert " with ESMTPS " in mail["Received"], "the S is for TLS"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert all(part in text for text in texts_of(mail) for part in ("HTTP 503 Service Unavailable", "#17"))


@pytest.mark.parametrize("starttls", ["auto", "off"])
def test_what_others_wrote_stays_in_its_place(postfix: Postfix, starttls: str) -> None:
    about = message(cause=f".\r\n.\r\n{HOSTILE}\r\nBcc: all@example.com", subject=f"{HOSTILE}\r\nX-Own: yes")
    channel(postfix.url, starttls=starttls).send(about, timeout_seconds=10)
    [mail] = arrived(postfix)
    assert (mail["X-Own"], mail["Bcc"]) == (None, None)
    assert "\n#17" in texts_of(mail)[0]


def test_copies_and_the_end_belong_to_one_thread(postfix: Postfix) -> None:
    ops = channel(postfix.url)
    end = message("RECOVERY")._replace(notification=notification("RECOVERY", id=18))
    for about in (message(), message(attempts=2), end):
        ops.send(about, timeout_seconds=10)
    mails = arrived(postfix, 3)
    outages = [mail for mail in mails if mail["Subject"].startswith("OUTAGE")]
    assert len({mail["Message-ID"] for mail in outages}) == 1, "a mail program shows it once"
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert len({mail["References"] for mail in mails}) == 1


def test_an_address_that_nobody_has_is_refused_for_good(postfix: Postfix) -> None:
    with pytest.raises(SendFailed, match=r"550 5\.1\.1") as raised:
        channel(postfix.url, to="nobody@example.com").send(message(), timeout_seconds=10)
    assert raised.value.is_permanent
    answer = channel(postfix.url, to=["nobody@example.com", "kim@example.com"]).send(message(), timeout_seconds=10)
    assert "refused: nobody@example.com (550)" in answer.answer
    assert len(arrived(postfix)) == 1


@pytest.mark.parametrize("to", [GREYLISTED, "kim@elsewhere.example"])
def test_what_is_refused_for_now_is_tried_again(postfix: Postfix, to: str) -> None:
    with pytest.raises(SendFailed) as raised:
        channel(postfix.url, to=to).send(message(), timeout_seconds=10)
    assert raised.value.is_permanent == (to != GREYLISTED)
    assert postfix.mails() == []


def test_the_doctor_finds_it_well_and_leaves_no_mail(postfix: Postfix) -> None:
    found = channel(postfix.url).probe(10)
    assert (found.verdict, "takes mail from alerts@example.com to 1 address" in found.found) == ("ok", True)
    assert channel(postfix.url, to="nobody@example.com").probe(10).verdict == "failure"
    assert postfix.mails() == []
