"""A mail as it travels: what is in it, and what nobody can put into it."""

import pytest

from shared.models.message import Message
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.services.email.channel import FROM, TO, sent, texts_of
from tests.support.stand_ins.smtp import Smtp


def test_a_mail_says_what_is_known_as_text_and_as_a_page(server: Smtp) -> None:
    mail = sent(server, message(links=LINKS))
    assert mail["Subject"] == "OUTAGE Shop (https://shop.example/)"
    assert (mail["From"], mail["To"]) == (FROM, TO)
    text, page = texts_of(mail)
    assert text.splitlines()[:4] == [
        "OUTAGE Shop (https://shop.example/)",
        "",
        "Cause: HTTP 503 Service Unavailable",
        "Since: 2025-01-08 12:00:00 UTC",
    ]
    assert "\n#17\n\nAcknowledge: https://b.example/act/a-token\n" in text
    assert all(f'href="{link.url}"' in page for link in LINKS)
    assert mail.get_content_type() == "multipart/alternative"


def test_a_mail_in_korean_is_read_as_it_was_written(server: Smtp) -> None:
    mail = sent(
        server, message("RECOVERY", language="ko", subject="주문 결제 서버 " * 12), **{"from": "봉화 <a@b.example>"}
    )
    assert mail["Subject"].startswith("복구 주문 결제 서버 주문")
    assert mail["From"].addresses[0].display_name == "봉화"
    assert all("복구 주문 결제 서버" in text for text in texts_of(mail))


@pytest.mark.slow
def test_each_line_fits_and_is_ascii(server: Smtp) -> None:
    hostile = message(subject=HOSTILE + "긴 이름" * 60, cause="x" * 3_000, cause_data=None, links=LINKS)
    sent(server, hostile, to=[f"a-colleague-{number}@example.com" for number in range(40)])
    lines = server.mails[0].data.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert all(line.isascii() for line in lines)


def test_a_copy_has_the_same_id_and_an_alert_is_one_thread(server: Smtp) -> None:
    outage, copy, recovery = (sent(server, about) for about in (message(), message(attempts=2), message("RECOVERY")))
    assert outage["Message-ID"] == copy["Message-ID"] == "<notification-17-1736337600@example.com>"
    for mail in (outage, copy, recovery):
        assert mail["References"] == mail["In-Reply-To"] == "<alert-7.1736337660@example.com>"
    assert outage["Auto-Submitted"] == "auto-generated"
    assert outage["Date"].datetime.utcoffset().total_seconds() == 0


def test_a_number_that_begins_again_is_another_mail(server: Smtp) -> None:
    """After a new start with an empty database; mail programs hide a mail whose id they have seen."""
    about = message()
    assert about.notification
    later = about.notification._replace(created_at=about.notification.created_at.replace(year=2026))
    ids = {sent(server, each)["Message-ID"] for each in (about, about._replace(notification=later))}
    assert len(ids) == 2


def test_a_list_is_another_mail_than_its_first_notification(server: Smtp) -> None:
    """The first one may have gone alone before, and the answer to it was lost."""
    alone = listed(3)._replace(is_list=False)
    found = [sent(server, each)["Message-ID"] for each in (alone, listed(3), listed(3))]
    assert found[0] != found[1] == found[2]


def test_a_list_belongs_to_no_single_alert(server: Smtp) -> None:
    mail = sent(server, listed(30))
    assert mail["Subject"] == "OUTAGE: 30 monitors"
    assert mail["References"] is None
    text = texts_of(mail)[0]
    assert text.count("\nShop ") == 20
    assert "and 10 more · #31–#40" in text


def test_a_test_message_has_an_id_of_its_own(server: Smtp) -> None:
    about = Message.of_text("TEST Bonghwa can reach this channel · 2025-01-08 12:00:00 UTC")
    first, second = (sent(server, about) for _ in range(2))
    assert first["Subject"] == "TEST Bonghwa can reach this channel"
    assert first["Message-ID"] != second["Message-ID"]


def test_the_words_of_a_template_are_the_mail_s(server: Smtp) -> None:
    mail = sent(server, message()._replace(title="Shop!", template=".\n..\n.dotted\n끝"))
    assert mail["Subject"] == "Shop!"
    assert texts_of(mail)[0] == "Shop!\n\n.\n..\n.dotted\n끝\n#17"


def test_a_sign_of_several_stays_whole_in_the_subject(server: Smtp) -> None:
    mail = sent(server, message(subject="Shop 👩‍🚒 ❤️\u200b!"))
    assert mail["Subject"].startswith("OUTAGE Shop 👩‍🚒 ❤️ ! (")


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "a\r\nBcc: eve@x.example\r\n\r\n.\r\nMAIL FROM:<eve@x.example>",
        "=?utf-8?q?a=0D=0ABcc:_eve@x.example?=",
        "a\u2028Bcc: eve\x00\x0b\x1b[2J\x85b",
        "lone \udcff half",
    ],
)
def test_nobody_adds_a_header_or_ends_the_mail(server: Smtp, text: str) -> None:
    about = message(subject="x", cause="x", cause_data=None)
    mail = sent(server, about._replace(title=text, template=text))
    usual = {"from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"}
    assert {name.lower() for name in mail} == {*usual, "x-auto-response-suppress", "mime-version", "content-type"}
    assert len(mail["Subject"].splitlines()) == 1
    assert mail["Subject"].split()[0] == text.split()[0].split("\u2028")[0]
    assert [len(server.mails), server.mails[0].recipients] == [1, (TO,)]
    assert len(list(mail.iter_parts())) == 2
