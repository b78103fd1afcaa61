"""PagerDuty: one alert is one incident, which opens, is acknowledged and ends there as it does here."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.channels import configured
from shared.models import AlertKind, AlertStatus
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, listed, message
from tests.support.stand_ins.service import Doing, Service, says

KEY = "e93facc04764012d7bfb002500d5d1a6"
INCIDENT = "bonghwa-4f1c-alert-7"
TAKEN = says(202, f'{{"status": "success", "message": "Event processed", "dedup_key": "{INCIDENT}"}}')


def refuses(*errors: str) -> Doing:
    """Respond with errors as PagerDuty writes them."""
    refusal = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return says(400, json.dumps(refusal))


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(TAKEN) as listening:
        yield listening


def pagerduty(service: Service, **fields: Any) -> NotifierKind:
    described = {"kind": "pagerduty", "api_url": service.url, "routing_key": KEY, **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def told(kind: str = "OUTAGE", **fields: Any) -> Message:
    """A message about the alert 7 of the installation 4f1c."""
    return message(kind, **fields)._replace(installation="4f1c")


def test_an_outage_opens_an_incident(service: Service) -> None:
    accepted = pagerduty(service).send(told(links=LINKS)._replace(group="Web"), timeout_seconds=5)
    assert accepted == ("HTTP 202", INCIDENT)
    [request], [sent] = service.requests, service.bodies
    assert (request.method, request.path) == ("POST", "/v2/enqueue")
    details = sent["payload"].pop("custom_details")["details"]
    assert details.endswith("\n#17")
    summary = sent["payload"].pop("summary")
    assert summary.startswith("OUTAGE Shop (https://shop.example/) · cause: HTTP 503")
    assert sent == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": INCIDENT,
        "client": "Bonghwa",
        "links": [{"href": link.url, "text": link.label} for link in LINKS],
        "payload": {
            "source": "Shop",
            "severity": "critical",
            "timestamp": "2025-01-08T12:05:00.000Z",
            "group": "Web",
            "class": "OUTAGE",
        },
    }


def test_an_incident_goes_the_way_of_its_alert(service: Service) -> None:
    """It opens, is repeated, acknowledged, ends, and opens again with the alert that is reopened."""
    channel = pagerduty(service)
    channel.send(told(), timeout_seconds=5)
    channel.send(told(attempts=2), timeout_seconds=5)
    channel.send(told("REMINDER"), timeout_seconds=5)
    channel.update(told(status=AlertStatus.ACK), INCIDENT, timeout_seconds=5)
    channel.send(told("RECOVERY"), timeout_seconds=5)
    channel.send(told(), timeout_seconds=5)
    assert [(sent["event_action"], sent["dedup_key"]) for sent in service.bodies] == [
        ("trigger", INCIDENT),
        ("trigger", INCIDENT),
        ("trigger", INCIDENT),
        ("acknowledge", INCIDENT),
        ("resolve", INCIDENT),
        ("trigger", INCIDENT),
    ]
    assert service.bodies[4] == {"routing_key": KEY, "event_action": "resolve", "dedup_key": INCIDENT}


def test_a_late_reminder_opens_no_incident_again(service: Service) -> None:
    pagerduty(service).send(told("REMINDER", status=AlertStatus.RESOLVED), timeout_seconds=5)
    assert service.bodies[0]["event_action"] == "resolve"


@pytest.mark.parametrize(("status", "action"), [("ACK", "acknowledge"), ("RESOLVED", "resolve")])
def test_an_update_says_what_has_become_of_the_alert(service: Service, status: str, action: str) -> None:
    channel = pagerduty(service)
    assert channel.edits
    assert channel.update(told(status=AlertStatus(status)), INCIDENT, timeout_seconds=5).message_id == INCIDENT
    assert service.bodies == [{"routing_key": KEY, "event_action": action, "dedup_key": INCIDENT}]


def test_an_update_of_an_open_alert_has_nothing_to_say(service: Service) -> None:
    pagerduty(service).update(told(), INCIDENT, timeout_seconds=5)
    assert service.requests == []


@pytest.mark.parametrize(
    ("kind", "asked", "severity"),
    [
        (AlertKind.OUTAGE, None, "critical"),
        (AlertKind.OUTAGE, "error", "error"),
        (AlertKind.DEGRADED, "error", "warning"),
        (AlertKind.CERTIFICATE_EXPIRING, None, "warning"),
    ],
)
def test_a_monitor_that_still_works_is_a_warning(
    service: Service, kind: AlertKind, asked: str | None, severity: str
) -> None:
    fields = {} if asked is None else {"severity": asked}
    about = told()
    assert about.alert
    changed = about._replace(alert=about.alert._replace(kind=kind))
    pagerduty(service, **fields).send(changed, timeout_seconds=5)
    assert service.bodies[0]["payload"]["severity"] == severity


def test_each_message_without_an_alert_is_an_incident_of_its_own(service: Service) -> None:
    pagerduty(service).send(Message.of_text("TEST Bonghwa can reach this channel"), timeout_seconds=5)
    [sent] = service.bodies
    assert "dedup_key" not in sent
    assert (sent["payload"]["source"], sent["payload"]["severity"]) == ("Bonghwa", "critical")


def test_two_installations_do_not_share_an_incident(service: Service) -> None:
    for installation in ("4f1c", "77aa", ""):
        pagerduty(service).send(told()._replace(installation=installation), timeout_seconds=5)
    assert [sent["dedup_key"] for sent in service.bodies] == [INCIDENT, "bonghwa-77aa-alert-7", "bonghwa-alert-7"]


def test_it_gets_every_message_by_itself_and_no_list(service: Service) -> None:
    channel = pagerduty(service)
    assert channel.pace is None
    with pytest.raises(SendFailed) as raised:
        channel.send(listed(3), timeout_seconds=5)
    assert (raised.value.is_permanent, service.requests) == (True, [])


def test_a_long_summary_is_cut(service: Service) -> None:
    pagerduty(service).send(told()._replace(text="x" * 2_000), timeout_seconds=5)
    assert len(service.bodies[0]["payload"]["summary"]) == 1_024


def test_pagerduty_s_words_are_in_the_log_without_the_key(service: Service) -> None:
    service.queue = [refuses(f"'{KEY}' is an invalid routing key")]
    with pytest.raises(SendFailed) as raised:
        pagerduty(service).send(told(), timeout_seconds=5)
    expected = "HTTP 400 Bad Request: Event object is invalid: '(hidden)' is an invalid routing key"
    assert (str(raised.value), raised.value.is_permanent) == (expected, True)


@pytest.mark.parametrize("fields", [{"routing_key": "e+23 rsch"}, {"severity": "fatal"}])
def test_settings_that_do_not_fit_are_refused(service: Service, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as refused:
        pagerduty(service, **fields)
    assert "e+23" not in str(refused.value)


def test_a_probe_sends_no_event_that_opens_anything(service: Service) -> None:
    service.queue = [refuses("'event_action' is missing or blank"), refuses("Length of 'routing_key' is incorrect")]
    channel = pagerduty(service)
    probed = channel.probe(5)
    assert (probed.verdict, "only an event shows" in probed.found) == ("ok", True)
    assert channel.probe(5).verdict == "failure"
    assert service.bodies == [{"routing_key": KEY}, {"routing_key": KEY}]


def test_a_kind_that_cannot_edit_says_so(service: Service) -> None:
    described = {"kind": "gotify", "server_url": service.url, "token": "t"}
    channel = configured({"CHANNELS": json.dumps({"ops": described})})["ops"]
    assert not channel.edits
    with pytest.raises(SendFailed, match="a message of this kind of channel cannot be edited") as raised:
        channel.update(told(), "1", timeout_seconds=5)
    assert raised.value.is_permanent


def test_every_message_opens_an_incident() -> None:
    described = {"kind": "pagerduty", "routing_key": KEY, "only": ["OUTAGE", "RECOVERY"]}
    assert configured({"CHANNELS": json.dumps({"ops": described})})["ops"].common.route.opens_incidents
