"""The full form of a message in Telegram, in which only Bonghwa makes markup."""

from datetime import timedelta
from typing import Any

import pytest

from shared.channels import configured
from shared.messages import message_about, update_about
from shared.messages.templates import rendered
from shared.models import AlertStatus
from shared.models.message import Circumstances, Message
from shared.notifiers import NotifierKind
from tests.shared.notifiers.messages import HOSTILE, LINKS, NOON, alert, listed, message, notification
from tests.support.stand_ins import BotApi
from tests.support.stand_ins.telegram_html import shown

TELEGRAM = {"TELEGRAM_BOT_TOKEN": "123456:ABC-DEF_ghi", "TELEGRAM_CHAT_ID": "-100123"}
KNOWN = Circumstances("Web", 3, 503, 214.4, NOON - timedelta(seconds=30), 2)


@pytest.fixture
def telegram(bot_api: BotApi) -> NotifierKind:
    return configured(TELEGRAM | {"TELEGRAM_API_URL": bot_api.url})["telegram"]


def raw(bot_api: BotApi) -> str:
    """The text of the last message as it was sent."""
    assert bot_api.calls[-1].fields["parse_mode"] == "HTML"
    return bot_api.calls[-1].fields["text"]


def sent(bot_api: BotApi, telegram: NotifierKind, about: Message) -> str:
    telegram.send(about, timeout_seconds=5)
    return bot_api.messages[-1]


def test_an_outage_is_a_bold_title_and_a_line_for_each_fact(bot_api: BotApi, telegram: NotifierKind) -> None:
    about = message_about([(alert(), notification())], "en", circumstances=KNOWN)
    assert sent(bot_api, telegram, about).splitlines() == [
        "OUTAGE Web / Shop (https://shop.example/)",
        "Cause: HTTP 503 Service Unavailable",
        "Since: 2025-01-08 12:00:00 UTC",
        "Seen by: 3 of 3 checks, HTTP 503 after 214 ms",
        "Last good check: 2025-01-08 11:59:30 UTC",
        "Also failing: 2 other monitors",
        "#17",
    ]
    assert raw(bot_api).startswith("<b>OUTAGE Web / Shop (https:")
    assert "is_disabled" in bot_api.calls[-1].fields["link_preview_options"]


def test_a_recovery_says_who_had_it(bot_api: BotApi, telegram: NotifierKind) -> None:
    over = alert(
        status=AlertStatus.RESOLVED,
        resolved_at=NOON + timedelta(minutes=5),
        acknowledged_at=NOON + timedelta(minutes=2),
        acknowledged_by="kim",
    )
    about = message_about([(over, notification("RECOVERY"))], "ko", circumstances=Circumstances(availability=0.9995))
    assert sent(bot_api, telegram, about).splitlines() == [
        "복구 Shop (https://shop.example/)",
        "원인: HTTP 503 Service Unavailable",
        "시작: 2025-01-08 12:00:00 UTC",
        "지속 시간: 5분",
        "확인한 사람: kim, 2025-01-08 12:02:00 UTC",
        "이번 달 가동률: 99.95 %",
        "#17",
    ]


def test_a_reminder_does_not_read_as_if_it_were_over(bot_api: BotApi, telegram: NotifierKind) -> None:
    assert "\nSo far: 5 min\n" in sent(bot_api, telegram, message("REMINDER"))


def test_an_edit_says_first_who_has_it(bot_api: BotApi, telegram: NotifierKind) -> None:
    telegram.send(message(), timeout_seconds=5)
    taken = alert(status=AlertStatus.ACK, acknowledged_at=NOON + timedelta(minutes=2), acknowledged_by="<b>kim</b>")
    about = update_about(taken, notification("UPDATE", id=18), notification(), "en")
    telegram.update(about, "1", timeout_seconds=5)
    text, _ = bot_api.shown["-100123", 1]
    assert text.splitlines()[:2] == [
        "OUTAGE Shop (https://shop.example/)",
        "Now: «<b>kim</b>» has it since 2025-01-08 12:02:00 UTC",
    ]
    assert text.endswith("\n#17")
    assert bot_api.edits[0].fields["parse_mode"] == "HTML"


@pytest.mark.parametrize("field", ["subject", "cause"])
def test_nothing_that_others_wrote_is_markup_a_mention_or_a_link(
    bot_api: BotApi, telegram: NotifierKind, field: str
) -> None:
    hostile = (
        f'{HOSTILE} </b> &lt; &#64; <a href="https://evil.example">Open</a> @kim https://evil.example www.evil.example'
    )
    text = sent(bot_api, telegram, message(**dict[str, Any]({field: hostile, "cause_data": None})))
    assert " ".join(hostile.split()) in text, "people read what was written"
    told = shown(raw(bot_api), "HTML")
    assert not [sign for sign in ("@everyone", "@kim", "https://evil", "www.evil") if sign in told]
    assert raw(bot_api).count("<") == 2, "the title's own two tags"


def test_without_buttons_links_stand_above_the_number(bot_api: BotApi, telegram: NotifierKind) -> None:
    assert sent(bot_api, telegram, message(links=LINKS)).splitlines()[-2:] == [
        "Acknowledge · Silence 1 h · Open",
        "#17",
    ]
    assert f'<a href="{LINKS[0].url}">Acknowledge</a>' in raw(bot_api)


def test_what_a_button_does_is_no_link_too(
    bot_api: BotApi, telegram: NotifierKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "a-secret")
    assert "Acknowledge" not in sent(bot_api, telegram, message(links=LINKS))
    assert [button["text"] for button in bot_api.calls[-1].buttons] == ["Acknowledge", "Silence 1 h", "Open"]


@pytest.mark.parametrize("letter", ["x", "<", "😀"])
def test_a_long_message_keeps_its_title_its_links_and_its_number(
    bot_api: BotApi, telegram: NotifierKind, letter: str
) -> None:
    about = message(links=LINKS)._replace(title=f"OUTAGE {letter * 5000}", template=letter * 9000)
    lines = sent(bot_api, telegram, about).splitlines()
    assert lines[0].startswith("OUTAGE ")
    assert lines[1].endswith("…")
    assert lines[2:] == ["Acknowledge · Silence 1 h · Open", "#17"]
    assert len(shown(raw(bot_api), "HTML").encode("utf-16-le")) // 2 in (4095, 4096), "no more is cut than has to be"


def test_the_operators_own_words_keep_their_lines(bot_api: BotApi, telegram: NotifierKind) -> None:
    own = rendered(message(), title="{{ kind }} {{ monitor }}!", text="a\n<b>{{ cause }}", channel="ops")
    assert sent(bot_api, telegram, own) == "OUTAGE Shop!\na\n<b>HTTP 503 Service Unavailable\n#17"


@pytest.mark.parametrize(
    "about", [listed(3), Message.of_text("TEST <b>Bonghwa</b> & @kim · now")], ids=["list", "test"]
)
def test_what_has_no_full_form_reads_as_it_is(bot_api: BotApi, telegram: NotifierKind, about: Message) -> None:
    assert sent(bot_api, telegram, about) == about.text
    assert "parse_mode" not in bot_api.calls[-1].fields


@pytest.mark.parametrize("times", [1, 45])
def test_a_list_mentions_nobody_and_keeps_each_id(bot_api: BotApi, telegram: NotifierKind, times: int) -> None:
    about = listed(20)
    lines = about.text.splitlines()
    text = sent(
        bot_api,
        telegram,
        about._replace(text="\n".join([lines[0], *("@kim" * times + line[-6:] for line in lines[1:])])),
    )
    assert [line.rpartition("#")[2] for line in text.splitlines()[1:]] == [str(id_) for id_ in range(11, 31)]
    assert "@kim" not in bot_api.calls[-1].fields["text"]
