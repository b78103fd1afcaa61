"""The events of healthy checks are not validated one by one: each is what validation would have made of it."""

from typing import Any

import pytest

from functions.check_monitors.probes.checks import check_all
from functions.check_monitors.probes.event_of_check import Times, phases, success_of
from shared.models import Event
from shared.monitors.policy import Policy
from shared.settings import Settings
from tests.support.servers.raw_servers import OK, RawServers, says


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "a\0b" + "n" * 150, "group": "Web"},
        {"conditions": ["[STATUS] == 200"], "interval": "5m"},
        {"upside_down": True, "accepted_status_codes": ["500"]},
    ],
)
def test_a_success_is_what_validation_would_make_of_it(serve: RawServers, fields: dict[str, Any]) -> None:
    settings = Settings.from_env({"LOCATION": "seoul"})
    url = f"http://user:secret@127.0.0.1:{serve(says(OK))}/"
    policy = Policy.model_validate({"name": "web", "url": url, **{k: v for k, v in fields.items() if k != "name"}})
    policy = policy.model_copy(update={"name": fields.get("name", "web")})
    [first], [second] = check_all([(0.0, policy)], settings), check_all([(0.0, policy)], settings)
    for event in (first, second):
        assert event.is_success, event.error_message
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert "secret" not in event.target_url
        assert (event.location, event.interval_seconds) == ("seoul", policy.interval)
    assert first.event_id != second.event_id
    assert first.timestamp <= second.timestamp


def test_a_name_that_no_report_can_have_is_cut() -> None:
    url = "https://x.example/" + "가" * 1000
    event = success_of(url, url, Settings.from_env({}), 30.0)
    assert event.target_url == url
    assert event.monitor == "https://x.example/" + "가" * 676


def test_what_one_check_has_measured_is_not_in_the_next_event() -> None:
    settings = Settings.from_env({})
    times = Times(dns=1000, connected=2000, ready=4000, first_byte=7000, total=9000, tls=4000)
    one = success_of("https://x.example/", "x", settings, 30.0, status_code=204, ip="::1", **phases(times, True))
    assert (one.dns_ms, one.connect_ms, one.tls_ms, one.first_byte_ms, one.response_time_ms) == (1, 1, 2, 3, 9)
    other = success_of("https://x.example/", "x", settings, 30.0)
    assert (other.status_code, other.ip, other.dns_ms, other.response_time_ms) == (None, None, None, None)
    assert other.model_fields_set >= {"target_url", "monitor", "timestamp", "is_success"}
