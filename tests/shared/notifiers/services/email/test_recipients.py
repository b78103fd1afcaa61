"""Several recipients of a mail: some are refused for now, or the server takes fewer of them than there are."""

import pytest

from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.email.channel import TO, channel
from tests.support.stand_ins.smtp import Connection, Doing, Smtp

pytestmark = pytest.mark.slow

LEE = "lee@example.com"
EVERYBODY = [f"colleague-{number}@example.com" for number in range(25)]
# Greylisting; a mailbox that is full, with the code that also means too many recipients; and that code alone.
FOR_NOW = [b"450 4.7.1 greylisted\r\n", b"452 4.2.2 full\r\n", b"452 too much\r\n", b"421 4.3.0 busy\r\n"]


@pytest.mark.parametrize("refusal", FOR_NOW)
def test_nobody_waits_for_another_who_is_refused_for_now(server: Smtp, refusal: bytes) -> None:
    server.refused = {LEE: refusal}
    answer = channel(server.url, to=[TO, LEE]).send(message(), timeout_seconds=5).answer
    assert answer == f"250 2.0.0 queued as 4F1B; refused: {LEE} ({refusal[:3].decode()})"
    assert [mail.recipients for mail in server.mails] == [(TO,)]


def test_everybody_gets_one_mail_of_a_server_that_takes_few(server: Smtp) -> None:
    server.most_recipients = 10
    ops = channel(server.url, to=EVERYBODY)
    answer = ops.send(message(), timeout_seconds=5).answer
    assert answer == "; ".join(["250 2.0.0 queued as 4F1B"] * 3)
    assert sorted(name for mail in server.mails for name in mail.recipients) == sorted(EVERYBODY)
    assert len({mail.data for mail in server.mails}) == 1
    assert ops.probe(5).found == "the mail server takes mail from alerts@example.com to all 25 addresses"
    assert len(server.mails) == 3


def test_a_server_that_takes_no_second_connection_keeps_the_mail_from_nobody_else(server: Smtp) -> None:
    server.most_recipients = 23
    server.replies["GREETING"] = only_the_first()
    answer = channel(server.url, to=EVERYBODY).send(message(), timeout_seconds=5).answer
    assert answer.endswith("; refused: colleague-23@example.com (452), colleague-24@example.com (452)")
    assert [len(mail.recipients) for mail in server.mails] == [23]


def test_a_second_connection_that_hangs_keeps_the_mail_from_nobody_else(server: Smtp) -> None:
    server.most_recipients = 23
    server.replies["GREETING"] = only_the_first(then=Connection.hang)
    ops = channel(server.url, to=EVERYBODY)
    answer = ops.send(message(), timeout_seconds=1).answer
    assert answer.endswith("; refused: colleague-23@example.com (452), colleague-24@example.com (452)")
    assert [len(mail.recipients) for mail in server.mails] == [23]


def test_a_probe_says_who_would_get_no_mail(server: Smtp) -> None:
    server.most_recipients = 24
    server.replies["GREETING"] = only_the_first(then=Connection.hang)
    result = channel(server.url, to=EVERYBODY).probe(1)
    assert (result.verdict, result.found) == ("warning", "the mail server refuses colleague-24@example.com (452)")
    assert server.offered == []


def test_a_second_mail_that_is_refused_makes_no_copy_of_the_first(server: Smtp) -> None:
    server.most_recipients = 24
    taken: list[bytes] = [b"250 2.0.0 queued\r\n", b"451 4.3.0 later\r\n"]
    server.replies["ACCEPTED"] = lambda connection: connection.write(taken.pop(0))
    answer = channel(server.url, to=EVERYBODY).send(message(), timeout_seconds=5).answer
    assert answer == (
        "250 2.0.0 queued; refused: colleague-24@example.com (the mail server refused the mail: 451 4.3.0 later)"
    )


def refuse(connection: Connection) -> None:
    connection.write(b"554 5.7.0 one at a time\r\n")


def only_the_first(then: Doing = refuse) -> Doing:
    """Greet one client, and do something else to those that come later."""
    greetings = [b"220 mail.example ESMTP\r\n"]

    def doing(connection: Connection) -> None:
        if greetings:
            connection.write(greetings.pop())
        else:
            then(connection)

    return doing
