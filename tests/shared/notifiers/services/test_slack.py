"""Slack: what its people see, and what nobody can make of it."""

import json
from collections.abc import Iterator

import pytest

from shared.channels import configured
from shared.models.message import Link, Message
from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.messages import HOSTILE, LINKS, message
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(says(200, "ok")) as listening:
        yield listening


@pytest.fixture
def slack(service: Service) -> NotifierKind:
    described = {"kind": "slack", "webhook_url": f"{service.url}/services/T000/B000/XXXX"}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def test_an_outage_has_a_headline_and_what_is_known(service: Service, slack: NotifierKind) -> None:
    slack.send(message("OUTAGE"), timeout_seconds=5)
    [sent] = service.bodies
    header, section = (block["text"] for block in sent["blocks"])
    assert header == {"type": "plain_text", "text": "🔴 OUTAGE Shop (https://shop.example/)", "emoji": False}
    assert section["text"].splitlines()[:2] == [
        "Cause: HTTP 503 Service Unavailable",
        "Since: 2025-01-08 12:00:00 UTC",
    ]
    assert section["text"].endswith("\n#17")
    assert sent["text"].startswith("OUTAGE Shop (https://shop.example/) · cause: HTTP 503")


def test_links_are_text_since_slack_warns_of_buttons(service: Service, slack: NotifierKind) -> None:
    slack.send(message(links=LINKS), timeout_seconds=5)
    *others, last = service.bodies[0]["blocks"]
    assert {block["type"] for block in others} == {"header", "section"}
    written = " · ".join(f"<{link.url}|{link.label}>" for link in LINKS)
    assert last == {"type": "section", "text": {"type": "mrkdwn", "text": written, "verbatim": True}}


def test_a_link_stays_one_whatever_stands_in_it(service: Service, slack: NotifierKind) -> None:
    slack.send(message(links=(Link("open", "A & B", "https://b.example/?a=1&b=<x|y>"),)), timeout_seconds=5)
    last = service.bodies[0]["blocks"][-1]
    assert last["text"]["text"] == "<https://b.example/?a=1&amp;b=%3Cx%7Cy%3E|A &amp; B>"
    slack.send(message(links=(Link("open", "Open", "https://b.example/" + "x" * 3_000),)), timeout_seconds=5)
    assert len(service.bodies[1]["blocks"]) == 2


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, slack: NotifierKind) -> None:
    slack.send(message(subject=HOSTILE, cause=HOSTILE, cause_data=None), timeout_seconds=5)
    [sent] = service.bodies
    assert {block["text"]["type"] for block in sent["blocks"]} == {"plain_text"}
    # Only this one is read as markup.
    assert "<" not in sent["text"]
    assert "&lt;!here&gt;" in sent["text"]
    assert not sent["unfurl_links"]


def test_what_is_too_long_is_cut_to_slack_s_limits(service: Service, slack: NotifierKind) -> None:
    slack.send(Message("t\n" + "x" * 9_000, "t" * 500), timeout_seconds=5)
    header, section = (block["text"]["text"] for block in service.bodies[0]["blocks"])
    assert (len(header), len(section)) == (150, 3_000)


@pytest.mark.parametrize(
    ("status", "words", "is_permanent"),
    [
        (400, "invalid_payload", True),
        (403, "action_prohibited", True),
        (404, "no_service", True),
        (410, "channel_is_archived", True),
        (500, "rollup_error", False),
    ],
)
def test_slack_s_words_are_in_the_log(
    service: Service, slack: NotifierKind, status: int, words: str, is_permanent: bool
) -> None:
    service.queue = [says(status, words)]
    with pytest.raises(SendFailed, match=words) as raised:
        slack.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent == is_permanent


def test_a_probe_posts_nothing_that_slack_would_show(service: Service, slack: NotifierKind) -> None:
    service.queue = [says(400, "no_text"), says(404, "no_service")]
    assert slack.probe(5).verdict == "ok"
    gone = slack.probe(5)
    assert (gone.verdict, gone.found) == ("failure", "Slack responds HTTP 404 Not Found no_service")
    assert service.bodies == [{}, {}]
