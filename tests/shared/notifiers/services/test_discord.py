"""Discord: what its people see, what nobody can make of it, and a message that changes."""

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.models.channel import Pace
from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.reading import rendered
from tests.support.stand_ins.service import Service, says

PATH = "/api/webhooks/123/s3cr3t-of-discord"


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["discord"].accepts) as listening:
        yield listening


@pytest.fixture
def discord(service: Service) -> NotifierKind:
    return channel_at(service.url, "discord")


def refusal(words: str, code: int) -> str:
    return json.dumps({"message": words, "code": code})


def test_an_outage_is_a_red_box(service: Service, discord: NotifierKind) -> None:
    accepted = discord.send(message("OUTAGE"), timeout_seconds=5)
    [sent] = service.bodies
    [embed] = sent["embeds"]
    assert embed["color"] == 0xD92D20
    assert rendered(embed["title"]) == "🔴 OUTAGE Shop (https://shop.example/)"
    assert rendered(embed["description"]) == (
        "Cause: HTTP 503 Service Unavailable\nSince: 2025-01-08 12:00:00 UTC\n#17"
    )
    # Only then Discord says that it posted the message, and under which number.
    assert service.requests[0].path == f"{PATH}?wait=true"
    assert accepted.message_id == "1171"


def test_a_recovery_is_green(service: Service, discord: NotifierKind) -> None:
    discord.send(message("RECOVERY"), timeout_seconds=5)
    [embed] = service.bodies[0]["embeds"]
    assert embed["color"] == 0x17B26A
    assert embed["title"].startswith("🟢 RECOVERY Shop")


def test_links_stand_below(service: Service, discord: NotifierKind) -> None:
    discord.send(message(links=LINKS), timeout_seconds=5)
    [embed] = service.bodies[0]["embeds"]
    expected = " · ".join(f"[{link.label}]({link.url})" for link in LINKS)
    assert rendered(embed["description"]).splitlines()[-1] == expected


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, discord: NotifierKind) -> None:
    hostile = f"{HOSTILE} <@&1> <#2> <t:1700000000:R> :sos: ||s|| # h - l https://evil.example"
    discord.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    [sent] = service.bodies
    [embed] = sent["embeds"]
    assert sent["allowed_mentions"] == {"parse": []}
    assert set(sent) == {"embeds", "allowed_mentions"}
    for text in (embed["title"], embed["description"]):
        assert "](" not in rendered(text).replace("[l](http://x)", "")
        assert not re.search(r"(?<!\\)[*_~`|<>\[\]()#:@-]", text)


def test_what_is_too_long_is_cut_to_discord_s_limits(service: Service, discord: NotifierKind) -> None:
    long = listed(20)._replace(
        is_list=False, title="t" * 500, text="t\n" + "*x" * 4_000 + "\nand 9 more · #81", links=LINKS
    )
    discord.send(long, timeout_seconds=5)
    [embed] = service.bodies[0]["embeds"]
    assert len(embed["title"]) == 256
    assert 3_500 < len(embed["description"]) <= 4_096
    shown = rendered(embed["description"])
    assert "\nand 9 more · #81\n" in shown
    assert shown.endswith(f"[Open]({LINKS[2].url})")


@pytest.mark.parametrize(
    ("status", "answer", "is_permanent", "said"),
    [
        (404, refusal("Unknown Webhook", 10015), True, "Unknown Webhook (10015)"),
        (401, refusal("Invalid Webhook Token", 50027), True, "Invalid Webhook Token (50027)"),
        (400, refusal("Invalid Form Body", 50035), True, "Invalid Form Body (50035)"),
        (429, '{"message": "You are being rate limited.", "retry_after": 0.65}', False, "You are being rate limited."),
    ],
)
def test_discord_s_words_are_in_the_log(
    service: Service, discord: NotifierKind, status: int, answer: str, is_permanent: bool, said: str
) -> None:
    service.queue = [says(status, answer)]
    with pytest.raises(SendFailed, match=re.escape(said)) as raised:
        discord.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent == is_permanent
    assert raised.value.retry_after == (0.65 if status == 429 else None)


@pytest.mark.slow
def test_an_answer_that_quotes_the_address_is_not_in_the_log(service: Service, discord: NotifierKind) -> None:
    service.queue = [says(404, refusal(f"no {PATH}", 0))]
    with pytest.raises(SendFailed, match=r"^HTTP 404 Not Found$"):
        discord.send(message(), timeout_seconds=5)


def test_a_thread_is_named_in_each_request(service: Service) -> None:
    discord = channel_at(service.url, "discord", thread_id=456)
    discord.send(message(), timeout_seconds=5)
    discord.update(message(), "1171", timeout_seconds=5)
    queries = [parse_qs(urlsplit(request.path).query) for request in service.requests]
    assert queries == [{"wait": ["true"], "thread_id": ["456"]}, {"thread_id": ["456"]}]


@pytest.mark.parametrize("thread", ["general", "-1", True, "1/../2", "１"])
def test_a_thread_is_a_number(service: Service, thread: object) -> None:
    with pytest.raises(Exception, match=r"CHANNELS\.ops\.thread_id"):
        channel_at(service.url, "discord", thread_id=thread)


def test_a_message_is_changed_where_it_stands(service: Service, discord: NotifierKind) -> None:
    assert type(discord).edits
    accepted = discord.update(message("RECOVERY"), "1171", timeout_seconds=5)
    [request] = service.requests
    assert (request.method, request.path) == ("PATCH", f"{PATH}/messages/1171")
    [embed] = service.bodies[0]["embeds"]
    assert embed["title"].startswith("🟢 RECOVERY")
    assert accepted.message_id == "1171"


def test_a_message_that_was_deleted_cannot_be_changed(service: Service, discord: NotifierKind) -> None:
    service.queue = [says(404, refusal("Unknown Message", 10008))]
    with pytest.raises(SendFailed, match=r"Unknown Message \(10008\)") as raised:
        discord.update(message(), "1171", timeout_seconds=5)
    assert raised.value.is_permanent


def test_a_message_s_number_leads_nowhere_else(service: Service, discord: NotifierKind) -> None:
    discord.update(message(), "../../1?x#", timeout_seconds=5)
    assert service.requests[0].path == f"{PATH}/messages/..%2F..%2F1%3Fx%23"


def test_a_kind_that_changes_nothing_says_so(service: Service) -> None:
    slack = channel_at(service.url, "slack")
    assert not type(slack).edits
    with pytest.raises(SendFailed, match="a message of this kind of channel cannot be edited") as raised:
        slack.update(message(), "1", timeout_seconds=5)
    assert raised.value.is_permanent
    assert service.requests == []


def test_discord_and_slack_have_paces_of_their_own(service: Service, discord: NotifierKind) -> None:
    assert discord.pace == Pace(5, 2.0)
    assert channel_at(service.url, "slack").pace == Pace(1, 1.0)


def test_a_probe_asks_who_the_webhook_is(service: Service, discord: NotifierKind) -> None:
    known = json.dumps({"id": "123", "name": "Captain", "token": "s3cr3t-of-discord"})
    service.queue = [says(200, known), says(200, known), says(404, refusal("Unknown Webhook", 10015))]
    assert discord.probe(5) == ("ok", "Discord knows the webhook 'Captain'", None, None)
    in_thread = channel_at(service.url, "discord", thread_id="456").probe(5)
    assert in_thread.found == "Discord knows the webhook 'Captain'; only a message shows whether it has the thread"
    gone = discord.probe(5)
    assert (gone.verdict, gone.found) == ("failure", "Discord responds HTTP 404 Not Found Unknown Webhook (10015)")
    assert {(request.method, request.body) for request in service.requests} == {("GET", b"")}
