"""Mail: what each reply, or none, means at each stage of the dialogue, and how long that takes at most."""

import json
import time
from collections.abc import Iterator

import pytest

from shared.channels import configured
from shared.notifiers import NotifierKind, SendFailed, outcomes
from shared.notifiers.outcomes import PERHAPS
from tests.shared.notifiers.messages import message
from tests.support.stand_ins.smtp import PASSWORD, Doing, Smtp
from tests.support.stand_ins.smtp.doings import (
    closes,
    drips,
    drips_lines,
    hangs,
    resets,
    says_100_megabytes,
    slowly,
    speaks_garbage,
)

SECONDS = 0.5
# The time that a busy machine may add.
LEEWAY = 2.0
# Before the mail is accepted.
STAGES = ("GREETING", "AUTH", "MAIL", "RCPT", "DATA", "ACCEPTED")
BEFORE = pytest.mark.parametrize("stage", STAGES)


class Sending:
    """A channel, its server, and how a send goes."""

    def __init__(self, server: Smtp) -> None:
        self.server = server
        described = {"kind": "email", "url": server.url, "from": "a@b.example", "to": "kim@example.com"}
        self.notifier: NotifierKind = configured({"CHANNELS": json.dumps({"ops": described})})["ops"]

    def outcome(self, stage: str, doing: Doing | bytes, attempts: int = 1, seconds: float | None = None) -> str:
        """``accepted``, ``retry`` or ``failed``; everything else is checked."""
        # A busy machine may need long for the whole conversation, if nothing in it is slow by itself.
        seconds = seconds or (10.0 if isinstance(doing, bytes) else SECONDS)
        self.server.replies, self.server.mails, self.server.commands = {stage: doing}, [], []
        began = time.monotonic()
        try:
            said = self.notifier.send(message(attempts=attempts), timeout_seconds=seconds).answer
            outcome = "accepted"
        except SendFailed as failed:
            outcome, said = "failed" if failed.is_permanent else "retry", str(failed)
        assert time.monotonic() - began < seconds + LEEWAY
        assert sum(line.startswith("MAIL") for line in self.server.commands) <= 1
        assert said
        assert PASSWORD not in said + repr(self.notifier)
        return outcome


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    monkeypatch.setattr(outcomes, "ANSWER_SECONDS", 0.0)
    with Smtp(has_login=True) as server:
        yield Sending(server)


@BEFORE
@pytest.mark.parametrize("code", [550, 552, 553, 554, 535, 530, 500])
def test_a_refusal_that_the_server_calls_lasting_is_permanent(sending: Sending, stage: str, code: int) -> None:
    assert sending.outcome(stage, f"{code} 5.7.1 no {PASSWORD}\r\n".encode()) == "failed"


@BEFORE
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_a_refusal_that_the_server_calls_passing_is_tried_again(sending: Sending, stage: str, code: int) -> None:
    assert sending.outcome(stage, f"{code} 4.7.1 later\r\n".encode(), attempts=20) == "retry"


@pytest.mark.slow
@BEFORE
@pytest.mark.parametrize(
    "doing", [hangs, closes, resets, drips, drips_lines, speaks_garbage, says_100_megabytes], ids=lambda it: it.__name__
)
def test_no_reply_in_time_is_tried_again(sending: Sending, stage: str, doing: Doing) -> None:
    assert sending.outcome(stage, doing, attempts=20) == "retry"
    assert sending.server.mails == []


@pytest.mark.slow
@pytest.mark.parametrize("doing", [hangs, drips, drips_lines, speaks_garbage], ids=lambda it: it.__name__)
def test_a_server_that_does_not_answer_ehlo_is_tried_again(sending: Sending, doing: Doing) -> None:
    assert sending.outcome("EHLO", doing) == "retry"


@pytest.mark.parametrize(
    "doing",
    [b"500 what?\r\n", b"421 too busy\r\n", hangs, closes, resets, drips, drips_lines, speaks_garbage],
    ids=lambda it: getattr(it, "__name__", str(it)),
)
def test_a_mail_is_accepted_whatever_follows(sending: Sending, doing: Doing | bytes) -> None:
    """Otherwise the mail would go again, for as long as the server says goodbye in its own way."""
    assert sending.outcome("QUIT", doing) == "accepted"
    assert len(sending.server.mails) == 1


@pytest.mark.slow
def test_all_stages_together_have_one_deadline(sending: Sending) -> None:
    sending.server.refused = {}
    slow = {stage: slowly(reply, 0.2) for stage, reply in (("MAIL", b"250 ok\r\n"), ("RCPT", b"250 ok\r\n"))}
    began = time.monotonic()
    sending.server.replies = {**slow, "GREETING": slowly(b"220 x ESMTP\r\n", 0.2)}
    with pytest.raises(SendFailed, match=r"^no answer within 0\.5 s$"):
        sending.notifier.send(message(), timeout_seconds=0.5)
    assert time.monotonic() - began < 0.5 + LEEWAY


@pytest.mark.slow
def test_a_server_that_has_the_mail_may_take_longer(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "ANSWER_SECONDS", 60.0)
    sending.server.replies = {"ACCEPTED": slowly(b"250 2.0.0 queued\r\n", 3 * SECONDS)}
    assert sending.notifier.send(message(), timeout_seconds=SECONDS).answer == "250 2.0.0 queued"


@pytest.mark.slow
def test_a_server_that_has_the_mail_and_says_nothing_has_perhaps_accepted_it(sending: Sending) -> None:
    for doing, said in ((hangs, "said nothing of it for 0."), (closes, "closed the connection")):
        sending.server.replies = {"ACCEPTED": doing}
        with pytest.raises(SendFailed, match=said) as failed:
            sending.notifier.send(message(), timeout_seconds=SECONDS)
        assert str(failed.value).startswith(PERHAPS) is (doing is hangs)


def test_a_server_that_refuses_connections_is_tried_again() -> None:
    with Smtp() as server:
        sending = Sending(server)
    assert sending.outcome("MAIL", b"") == "retry"
