"""The fields that every kind of channel has, in CHANNELS; the console that is off; and 30 channels at a cold start."""

import json
import subprocess
import sys
from datetime import time, timedelta
from typing import Any, get_args

import pytest

from shared import ROOT
from shared.channels import COMMON, configured, of_json
from shared.channels.fields import Common, Kind
from shared.models import NotificationKind
from shared.models.channel import Preferences, QuietHours, Route
from shared.notifiers import routes_of
from shared.settings import SettingError
from tests.test_architecture import HEAVY

OPS = {"kind": "telegram", "bot_token": "123456:ABC-DEF_ghi", "chat_id": 1}
NIGHT = {"from": "22:00", "to": "07:00", "time_zone": "Asia/Seoul"}


def of(**fields: Any) -> dict[str, str]:
    return {"CHANNELS": json.dumps({"ops": {**OPS, **fields}})}


def test_the_names_of_the_fields_are_those_of_the_model() -> None:
    assert tuple(Common.model_fields) == COMMON


def test_a_channel_may_name_every_kind_but_edits() -> None:
    assert {*get_args(Kind)} == {*NotificationKind} - {NotificationKind.UPDATE}


def test_a_channel_has_what_its_fields_say() -> None:
    fields = {
        "title": "a",
        "text": "b",
        "language": "ko",
        "only": ["OUTAGE", "DRILL"],
        "quiet_hours": NIGHT,
        "delay": "5m",
    }
    hours = QuietHours(time(22), time(7), "Asia/Seoul")
    route = Route("telegram", frozenset({"OUTAGE", "DRILL"}), hours, timedelta(minutes=5))
    channels = configured(of(**fields))
    assert channels["ops"].common == Preferences("a", "b", "ko", route)
    assert channels["console"].common == Preferences(route=Route("console"))
    assert routes_of(channels) == {"console": Route("console"), "ops": route}


def test_a_field_that_is_null_is_not_given() -> None:
    assert configured(of(**dict.fromkeys(COMMON)))["ops"].common == Preferences(route=Route("telegram"))


def test_without_a_zone_quiet_hours_are_in_utc() -> None:
    hours = {"from": "22:00", "to": "07:00"}
    assert configured(of(quiet_hours=hours))["ops"].common.route.quiet_hours == QuietHours(time(22), time(7), "UTC")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"delay": "soon"}, ".delay is 'soon': expected a duration such as 30s or 5m"),
        ({"delay": 0.5}, ".delay is '0.5': expected a duration of 1s or more"),
        ({"only": "OUTAGE"}, ".only is 'OUTAGE': expected a list"),
        ({"only": []}, ".only is '[]': expected at least 1 in the list"),
        ({"only": ["OUTAGE", "RECOVRY"]}, ".only.1 is 'RECOVRY': expected OUTAGE, RECOVERY, REMINDER, "),
        ({"language": "fr"}, ".language is 'fr': expected en or ko"),
        ({"title": ""}, ".title is '': expected text that is not empty"),
        ({"text": 5}, ".text is '5': expected text"),
        ({"quiet_hours": "night"}, ".quiet_hours is 'night': expected a mapping, keys and values"),
        ({"quiet_hours": {"from": "22:00"}}, ".quiet_hours.to is not set: expected a time of the day such as"),
        ({"quiet_hours": {**NIGHT, "from": "22"}}, ".quiet_hours.from is '22': expected a time of the day such as"),
        ({"quiet_hours": {**NIGHT, "to": "22:00"}}, ".quiet_hours is '{"),
        ({"quiet_hours": {**NIGHT, "time_zone": "Seoul"}}, ".quiet_hours.time_zone is 'Seoul': expected the name of a"),
        (
            {"quiet_hours": {**NIGHT, "time_zon": "x"}},
            ".quiet_hours.time_zon is '(hidden)': expected a setting of quiet_hours, perhaps time_zone",
        ),
        ({"dealy": "5m"}, ".dealy is '(hidden)': expected a setting of telegram, perhaps delay"),
    ],
    ids=str,
)
def test_a_malformed_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as raised:
        configured(of(**fields))
    assert str(raised.value).startswith(f"CHANNELS.ops{message}")


def test_quiet_hours_that_end_when_they_begin_say_what_is_expected() -> None:
    with pytest.raises(SettingError, match=r": expected another time in to than in from$"):
        configured(of(quiet_hours={**NIGHT, "to": "22:00"}))


# --- the console --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", ["off", False])
def test_the_console_can_be_switched_off(off: object) -> None:
    environ = {"CHANNELS": json.dumps({"console": off, "ops": OPS})}
    assert list(configured(environ)) == list(of_json(environ)) == ["ops"]
    assert configured({"CHANNELS": json.dumps({"console": off})}) == {}


@pytest.mark.parametrize("other", ["on", "OFF", True, None, 0, {}])
def test_nothing_else_switches_the_console_off(other: object) -> None:
    with pytest.raises(SettingError, match=r"^CHANNELS key is 'console': expected another name"):
        configured({"CHANNELS": json.dumps({"console": other})})


def test_no_other_channel_is_switched_off() -> None:
    with pytest.raises(SettingError, match=r"^CHANNELS\.ops is '\(hidden\)': expected a URL such as slack"):
        configured({"CHANNELS": json.dumps({"ops": "off"})})


# --- a cold start -------------------------------------------------------------------------------------------------

COLD = """
import json, sys, time
import functions_framework
import main
main.ingest_event
from shared.channels import configured
from shared.notifiers import routes_of
before, began = set(sys.modules), time.process_time()
configured({"CHANNELS": sys.argv[1]})
of_one = time.process_time() - began
began = time.process_time()
channels = configured({"CHANNELS": sys.argv[2]})
of_thirty = time.process_time() - began
began = time.process_time()
assert configured({"CHANNELS": sys.argv[2]}) == channels
routes_of(channels)
print(json.dumps([len(channels), sorted(set(sys.modules) - before), of_one, of_thirty, time.process_time() - began]))
"""


@pytest.mark.slow
def test_thirty_channels_cost_a_cold_start_nothing() -> None:
    """No library of a kind is loaded, nor what the fields of every kind need; and 30 take no longer than the first."""
    topic = {"kind": "sns", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts"}
    described = {f"c{number}": topic if number % 3 == 0 else OPS for number in range(30)}
    arguments = [json.dumps({"ops": OPS, "topic": topic}), json.dumps(described)]
    command = [sys.executable, "-c", COLD, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    count, loaded, of_one, of_thirty, again = json.loads(done.stdout)
    assert count == 31
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
    assert not [name for name in loaded if name.startswith(("shared.channels.fields", "shared.monitors"))]
    # By the processor's time: others may keep it busy. Each channel is parsed in microseconds.
    assert of_thirty < max(of_one, 0.02)
    assert again < 0.005
