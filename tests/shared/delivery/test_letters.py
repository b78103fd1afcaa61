"""The subjects of mails to subscribers: however long the names are, they say what happened, and on which page."""

import email
import email.policy
from typing import Any

import pytest

from shared.delivery.letters import announcement
from shared.notifiers.services.email.addresses import address_of
from shared.notifiers.services.email.mail import mail_of
from shared.words import Language

AT = "2026-01-08T12:00:00.000Z"
LONG, PAGE = "Payments fail for some of our customers " * 5, "The status of the shop " * 9
OUTAGE = {"name": LONG, "cause": "HTTP 503", "since": AT, "until": AT}
INCIDENT = {"title": LONG, "state": "resolved", "at": AT, "text": "", "names": []}
WINDOW = {"title": LONG, "starts_at": AT, "ends_at": AT, "names": True}


@pytest.mark.parametrize(
    ("kind", "body", "language", "said"),
    [
        ("INCIDENT", INCIDENT, "en", "Fixed"),
        ("INCIDENT", INCIDENT, "ko", "해결"),
        ("DOWN", {"outages": [OUTAGE]}, "en", "down"),
        ("UP", {"outages": [OUTAGE]}, "en", "again"),
        ("WINDOW", WINDOW, "en", "Planned"),
    ],
)
@pytest.mark.parametrize("page", [PAGE, "Shop"])
def test_a_subject_keeps_what_happened_and_the_page(
    kind: str, body: dict[str, Any], language: Language, said: str, page: str
) -> None:
    letter = announcement(kind, body, page, language, page_url="https://a.example/", end_url="https://a.example/end")
    [sender, to] = map(address_of, ("status@shop.example", "kim@visitors.example"))
    mail = email.message_from_bytes(mail_of(letter, sender, [to]), policy=email.policy.default)
    about, _, of_page = str(mail["Subject"]).rpartition(" · ")
    assert said.lower() in about.lower()
    assert about[:15] in letter.text
    assert page.startswith(of_page.removesuffix("…"))
    assert LONG.strip() in letter.text, "nothing is lost"
