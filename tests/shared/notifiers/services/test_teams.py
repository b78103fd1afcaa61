"""Teams: what its people see, what nobody can make of it, and which answers mean that a workflow took it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.reading import seen
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["teams"].accepts) as listening:
        yield listening


@pytest.fixture
def teams(service: Service) -> NotifierKind:
    return channel_at(service.url, "teams")


def card(service: Service) -> dict[str, Any]:
    [sent] = service.bodies
    [attachment] = sent["attachments"]
    assert (sent["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    found: dict[str, Any] = attachment["content"]
    return found


def lines(service: Service) -> list[str]:
    """The texts of the card. No block is one that Teams reads Markdown in."""
    [box, *blocks] = card(service)["body"]
    texts = []
    for block in [*box["items"], *blocks]:
        [run] = block["inlines"]
        assert (block["type"], run["type"]) == ("RichTextBlock", "TextRun")
        texts.append(run["text"])
    return texts


def test_an_outage_is_a_card(service: Service, teams: NotifierKind) -> None:
    teams.send(message("OUTAGE"), timeout_seconds=5)
    assert card(service)["body"][0]["style"] == "attention"
    assert [seen(line) for line in lines(service)] == [
        "🔴 OUTAGE Shop (https://shop.example/)",
        "Cause: HTTP 503 Service Unavailable",
        "Since: 2025-01-08 12:00:00 UTC",
        "#17",
    ]


def test_links_become_buttons(service: Service, teams: NotifierKind) -> None:
    teams.send(message(links=LINKS), timeout_seconds=5)
    assert card(service)["actions"] == [
        {"type": "Action.OpenUrl", "title": link.label, "url": link.url} for link in LINKS
    ]


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, teams: NotifierKind) -> None:
    hostile = f"{HOSTILE} <at>kim</at> {{{{DATE(2025-01-08T12:00:00Z)}}}} https://evil.example"
    teams.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    assert not any(begin in line for line in lines(service) for begin in ("<at", "{{", "://", "@e"))
    # A mention needs entities.
    assert card(service)["msteams"] == {"width": "Full"}


@pytest.mark.parametrize("text", ["장애" * 9_000, "🔥" * 9_000, "x\n" * 9_000, "🔥\n" * 9_000, "<" * 9_000])
def test_what_is_too_long_stays_below_28_kilobytes(service: Service, teams: NotifierKind, text: str) -> None:
    long = listed(20)._replace(is_list=False, title="🔥" * 900, text=f"t\n{text}\nand 9 more · #81", links=LINKS)
    teams.send(long, timeout_seconds=5)
    assert len(service.requests[0].body) < 28 * 1024
    assert lines(service)[-1] == "and 9 more · #81"
    assert len(lines(service)) <= 51


def test_a_list_has_all_its_lines(service: Service, teams: NotifierKind) -> None:
    teams.send(listed(30), timeout_seconds=5)
    assert len(lines(service)) == 1 + 20 + 1


@pytest.mark.parametrize("answer", [says(202), says(200), says(204), says(200, "1"), says(200, '{"done": true}')])
def test_a_workflow_took_it(service: Service, teams: NotifierKind, answer: Any) -> None:
    service.queue = [answer]
    assert teams.send(message(), timeout_seconds=5)


def test_a_success_that_tells_of_a_failure_is_none(service: Service, teams: NotifierKind) -> None:
    words = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with …"
    service.queue = [says(200, words)]
    with pytest.raises(SendFailed) as raised:
        teams.send(message(), timeout_seconds=5)
    assert not raised.value.is_permanent


def error(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": "… sig=s3cr3t-of-teams …"}})


def test_power_automate_s_reason_is_in_the_log(service: Service, teams: NotifierKind) -> None:
    service.queue = [says(401, error("DirectApiAuthorizationRequired"))]
    with pytest.raises(SendFailed, match=r"^HTTP 401 Unauthorized: DirectApiAuthorizationRequired$") as raised:
        teams.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent


def test_a_probe_starts_no_run(service: Service, teams: NotifierKind) -> None:
    service.queue = [says(400, error("TriggerRequestMethodNotValid")), says(404, error("WorkflowNotFound"))]
    known, unknown = teams.probe(5), teams.probe(5)
    assert (known.verdict, unknown.verdict) == ("ok", "warning")
    assert "only a message shows whether Teams takes it" in known.found
    assert unknown.found == (
        "Power Automate responds HTTP 404 Not Found WorkflowNotFound to a request that starts nothing"
    )
    assert {(request.method, request.body) for request in service.requests} == {("GET", b"")}
