"""Mattermost: what its people see, and what nobody can make of it."""

import json
import re
from collections.abc import Iterator

import pytest

from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.reading import rendered
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["mattermost"].accepts) as listening:
        yield listening


@pytest.fixture
def mattermost(service: Service) -> NotifierKind:
    return channel_at(service.url, "mattermost")


def refusal(reason: str) -> str:
    return json.dumps({"id": f"web.incoming_webhook.{reason}.app_error", "message": "for s3cr3t0fmattermost"})


def test_an_outage_is_an_attachment(service: Service, mattermost: NotifierKind) -> None:
    mattermost.send(message("OUTAGE", links=LINKS), timeout_seconds=5)
    [sent] = service.bodies
    [attachment] = sent["attachments"]
    assert attachment["color"] == "#d92d20"
    assert rendered(attachment["title"]) == "🔴 OUTAGE Shop (https://shop.example/)"
    *lines, links = rendered(attachment["text"]).splitlines()
    assert lines == ["Cause: HTTP 503 Service Unavailable", "Since: 2025-01-08 12:00:00 UTC", "#17"]
    assert links == " · ".join(f"[{link.label}]({link.url})" for link in LINKS)
    # The lock screen's.
    assert attachment["fallback"].startswith("OUTAGE Shop (https://shop.example/) · cause: HTTP 503")


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, mattermost: NotifierKind) -> None:
    hostile = f"{HOSTILE} @all @channel <!channel> <http://x|l> &#64;all :sos: #tag ~town https://evil.example"
    mattermost.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    [sent] = service.bodies
    # Only a post's own text is looked through for links to preview.
    assert set(sent) == {"attachments"}
    [attachment] = sent["attachments"]
    for text in (attachment["title"], attachment["text"]):
        assert rendered(text)
        # Mattermost looks for these before it reads Markdown.
        assert not re.search(r"@\w|<[!@\w]|&#|://|:[a-z]+:", text)


@pytest.mark.slow
def test_what_is_too_long_is_cut_to_mattermost_s_limit(service: Service, mattermost: NotifierKind) -> None:
    long = listed(20)._replace(
        is_list=False, title="t" * 900, text="t\n" + "*" * 20_000 + "\nand 9 more · #81", links=LINKS
    )
    mattermost.send(long, timeout_seconds=5)
    [attachment] = service.bodies[0]["attachments"]
    assert len(attachment["title"]) == 500
    assert 14_000 < len(attachment["text"]) <= 16_383
    assert "\nand 9 more · #81\n" in rendered(attachment["text"])


@pytest.mark.parametrize(
    ("status", "reason", "is_permanent"),
    [(400, "invalid", True), (403, "permissions", True), (404, "channel", True), (501, "disabled", False)],
)
def test_mattermost_s_reason_is_in_the_log(
    service: Service, mattermost: NotifierKind, status: int, reason: str, is_permanent: bool
) -> None:
    service.queue = [says(status, refusal(reason))]
    with pytest.raises(SendFailed, match=rf": web\.incoming_webhook\.{reason}\.app_error$") as raised:
        mattermost.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent == is_permanent


@pytest.mark.parametrize("reason", ["channel", "channel_locked"])
def test_a_probe_asks_for_a_channel_that_cannot_be(service: Service, mattermost: NotifierKind, reason: str) -> None:
    """No channel has a blank in its name, so that nothing is posted."""
    service.queue = [says(404, refusal(reason))]
    assert mattermost.probe(5) == ("ok", "Mattermost knows the webhook", None, None)
    assert service.bodies[0]["channel"] == "no such channel"


@pytest.mark.parametrize(
    ("status", "answer", "found"),
    [
        (400, refusal("invalid"), "HTTP 400 Bad Request web.incoming_webhook.invalid.app_error"),
        (200, "ok", "HTTP 200 OK"),
        (404, "<html>", "HTTP 404 Not Found"),
    ],
)
def test_a_probe_of_another_webhook_fails(
    service: Service, mattermost: NotifierKind, status: int, answer: str, found: str
) -> None:
    service.queue = [says(status, answer)]
    result = mattermost.probe(5)
    assert (result.verdict, result.found) == ("failure", f"Mattermost responds {found}")
