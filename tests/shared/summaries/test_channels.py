"""How channels show a summary: a mail as a page, Slack as a headline and lines, Telegram and the console as lines."""

import json
from email import message_from_bytes, policy
from urllib.parse import unquote_plus

import pytest

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers.services.email.addresses import address_of
from shared.notifiers.services.email.mail import mail_of
from shared.words import Language
from tests.shared.notifiers.kinds import HTTP
from tests.shared.summaries.test_messages import ENGLISH, message
from tests.support.stand_ins import BotApi
from tests.support.stand_ins.service import Service, says

FACTS = [fact.label for fact in message().facts]


def test_a_mail_shows_each_fact_by_itself() -> None:
    mail = message_from_bytes(
        mail_of(message(), address_of("a@b.example"), [address_of("c@d.example")]), policy=policy.default
    )
    assert mail["Subject"] == "SUMMARY last week, 16–22 Nov"
    text, page = (str(part.get_content()) for part in mail.iter_parts())
    assert text.replace("\r", "").splitlines()[:3] == [
        "SUMMARY last week, 16–22 Nov",
        "",
        "Availability: 99.98 % of 12 monitors",
    ]
    assert text.rstrip().endswith("\n#17")
    assert all(f">{label}</p>" in page for label in FACTS)
    assert "<a href" not in page


def test_a_mail_in_korean_has_its_word_first() -> None:
    mail = mail_of(message("ko"), address_of("a@b.example"), [address_of("c@d.example")])
    assert message_from_bytes(mail, policy=policy.default)["Subject"] == "요약 지난주, 11월 16일–22일"


def test_slack_shows_a_headline_and_lines_without_buttons() -> None:
    with Service(says(200, "ok")) as service:
        send("slack", {"webhook_url": f"{service.url}/services/T000/B000/XXXX"}, message())
        [sent] = service.bodies
    header, section = (block["text"]["text"] for block in sent["blocks"])
    assert header == "🔵 SUMMARY last week, 16–22 Nov"
    assert section.splitlines()[:2] == [
        "Availability: 99.98 % of 12 monitors",
        "Least available: Shop 99.51 %, API 99.99 %",
    ]
    assert section.endswith("\n#17")


def test_telegram_shows_lines_without_buttons(bot_api: BotApi) -> None:
    send("telegram", {"bot_token": "1:a", "chat_id": 1, "api_url": bot_api.url}, message())
    assert bot_api.messages == [ENGLISH.replace(" · #", "\n#")]
    assert "reply_markup" not in bot_api.calls[0].fields


def test_the_console_prints_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configured({})["console"].send(message(), timeout_seconds=5)
    assert ENGLISH in capsys.readouterr().out


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", sorted(HTTP.keys() - {"pagerduty", "apprise"}))
def test_every_kind_says_what_it_is_and_its_number(kind: str, language: Language) -> None:
    http = HTTP[kind]
    with Service(http.accepts) as service:
        send(kind, http.at(service.url), message(language))
        [request] = service.requests
    body = request.body.decode()
    said = json.dumps(json.loads(body), ensure_ascii=False) if body.startswith("{") else unquote_plus(body)
    word = "SUMMARY" if language == "en" else "요약"
    assert word in said
    assert "#17" in said
    assert "Shop" in said


def send(kind: str, settings: dict[str, object], about: Message) -> None:
    channels = configured({"CHANNELS": json.dumps({"ops": {"kind": kind, **settings}})})
    channels["ops"].send(about, timeout_seconds=5)
