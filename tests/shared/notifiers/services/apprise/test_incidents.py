"""Incident services through Apprise: an alert is one incident, whose key its messages share."""

import json
from typing import Any

import pytest

from shared.models import AlertStatus
from shared.models.message import Message
from shared.notifiers import SendFailed
from shared.notifiers.services.apprise.schemas import INCIDENT_KEYS
from tests.shared.notifiers.messages import listed, message
from tests.shared.notifiers.services.apprise.bridged import NEEDS_APPRISE, SIGNAL, at, channel
from tests.support.stand_ins.service import Service

pytestmark = pytest.mark.slow

KEY = "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6"
# A URL of each service, the field of the key, and how the ends of incidents differ from their beginnings.
SERVICES = {
    "firehydrant://fhb-s3cr3t": ("idempotency_key", "status", "OPEN", "CLOSED"),
    "goalert://HOST/bcbbc6c9-93cb-42f3-8f2a-2c5b2b3d8c11": ("dedup", "action", None, "close"),
    "ilert://il1api12345678901234567890": ("alertKey", "eventType", "ALERT", "RESOLVE"),
    "incidentio://01JABCDEFGHJKMNPQRSTVWXYZ1/s3cr3t": ("deduplication_key", "status", "firing", "resolved"),
    f"opsimate://{KEY}@HOST": ("id", "status", "firing", "resolved"),
    "pagertree://int_0123456789?action=map": ("id", "event_type", "create", "resolve"),
    "signl4://s3cr3t?action=map": ("X-S4-ExternalID", "X-S4-Status", None, "resolved"),
    f"splunk://routing@{KEY}": ("entity_id", "message_type", "CRITICAL", "RECOVERY"),
    f"squadcast://{KEY}": ("event_id", "status", "trigger", "resolve"),
    f"victorops://routing@{KEY}": ("entity_id", "message_type", "CRITICAL", "RECOVERY"),
}
ILERT = next(url for url in SERVICES if url.startswith("ilert"))


def about(kind: str = "OUTAGE", alert_id: int = 7, **fields: Any) -> Message:
    return message(kind, id=alert_id, **fields)._replace(installation="1a2b")


def test_every_service_of_incidents_is_tried() -> None:
    tried = {url.partition("://")[0] for url in SERVICES}
    assert tried == {schema for schema in INCIDENT_KEYS if schema not in ("goalerts", "opsimates")}


@NEEDS_APPRISE
@pytest.mark.parametrize("url", SERVICES)
def test_a_recovery_ends_the_incident_of_its_outage(service: Service, url: str) -> None:
    """It ended nothing, and the next outage joined what was still open."""
    key, way, opens, ends = SERVICES[url]
    notifier = at(url, service)
    for each in (about(), about("REMINDER"), about("RECOVERY"), about(alert_id=8, subject="Mail"), about(alert_id=9)):
        assert notifier.send(each, timeout_seconds=5).message_id == f"bonghwa-1a2b-alert-{each.alert and each.alert.id}"
    assert [(sent[key], sent.get(way)) for sent in service.bodies] == [
        ("bonghwa-1a2b-alert-7", opens),
        ("bonghwa-1a2b-alert-7", opens),
        ("bonghwa-1a2b-alert-7", ends),
        ("bonghwa-1a2b-alert-8", opens),
        ("bonghwa-1a2b-alert-9", opens),
    ]


@NEEDS_APPRISE
def test_a_message_without_an_alert_has_no_alerts_key(service: Service) -> None:
    notifier = at(ILERT, service)
    notifier.send(about(), timeout_seconds=5)
    notifier.send(Message.of_text("TEST Bonghwa can reach this channel"), timeout_seconds=5)
    assert "alert" not in service.bodies[1]["alertKey"]


@NEEDS_APPRISE
@pytest.mark.parametrize(
    ("url", "key"),
    [
        (f"{ILERT}?dedup=shop", "shop"),
        (f"splunk://routing@{KEY}/shop", "shop"),
        ("pagertree://int_0123456789?action=map&tid=shop", "shop"),
    ],
)
def test_a_key_in_the_url_is_kept(service: Service, url: str, key: str) -> None:
    sent = at(url, service).send(about(), timeout_seconds=5)
    assert key in service.bodies[0].values()
    assert sent.message_id is None, "an edit would end what other alerts have joined"


@NEEDS_APPRISE
@pytest.mark.parametrize(
    "url", [f"{ILERT}?action=trigger", f"{ILERT}?Action=t", "pagertree://int_0123456789", "signl4://s3cr3t"]
)
def test_messages_stay_apart_if_each_opens_an_incident(service: Service, url: str) -> None:
    notifier = at(url, service)
    assert not notifier.opens_incidents
    assert notifier.send(about(), timeout_seconds=5).message_id is None
    assert "bonghwa-1a2b" not in json.dumps(service.bodies)


@NEEDS_APPRISE
def test_an_edit_ends_an_incident_that_is_over(service: Service) -> None:
    notifier = at(ILERT, service)
    key = notifier.send(about(), timeout_seconds=5).message_id
    assert key is not None
    acknowledged = notifier.update(about(status=AlertStatus.ACK), key, timeout_seconds=5)
    assert (acknowledged.message_id, len(service.bodies)) == (key, 1)
    over = about(status=AlertStatus.RESOLVED)
    notifier.update(over._replace(edited=over.notification), key, timeout_seconds=5)
    assert [(sent["eventType"], sent["alertKey"]) for sent in service.bodies] == [("ALERT", key), ("RESOLVE", key)]


@NEEDS_APPRISE
def test_a_late_reminder_opens_no_incident_again(service: Service) -> None:
    at(ILERT, service).send(about("REMINDER", status=AlertStatus.RESOLVED), timeout_seconds=5)
    assert service.bodies[0]["eventType"] == "RESOLVE"


def test_an_incident_is_about_one_alert() -> None:
    assert channel(ILERT).pace is None
    assert channel(ILERT).common.route.opens_incidents
    assert channel(SIGNAL).pace is not None
    assert not channel(SIGNAL).common.route.opens_incidents
    with pytest.raises(SendFailed, match="several alerts"):
        channel(ILERT).send(listed(3), timeout_seconds=5)
