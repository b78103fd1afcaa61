"""The JSON Schema of a monitor says what the model accepts."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.policy import Policy
from shared.monitors.schema import policy_schema
from tests.shared.monitors.test_policy import ACCEPTED, URLS

SCHEMA = policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def monitor(**fields: Any) -> dict[str, Any]:
    return {"name": "Home", "url": "https://example.org", **fields}


@pytest.mark.slow
def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["required"] == ["name"]
    assert SCHEMA["additionalProperties"] is False


def test_every_field_has_its_description() -> None:
    assert MONITOR.keys() == Policy.model_fields.keys() == SCHEMA["properties"].keys()
    for name, field in SCHEMA["properties"].items():
        assert field["description"] == MONITOR[name]
    described = {name: SCHEMA["properties"][name]["anyOf"][0]["$ref"] for name in PARTS}
    for name, definition in described.items():
        fields = SCHEMA["$defs"][definition.rpartition("/")[2]]["properties"]
        assert {field: each["description"] for field, each in fields.items()} == PARTS[name]


@pytest.mark.parametrize("text", [*MONITOR.values(), *(text for part in PARTS.values() for text in part.values())])
def test_a_description_is_one_line(text: str) -> None:
    assert text.endswith(".")
    assert len(text) <= 120
    assert "\n" not in text


@pytest.mark.parametrize(("field", "written"), [(field, written) for field, written, _ in ACCEPTED])
def test_what_the_model_accepts_is_in_it(field: str, written: Any) -> None:
    VALIDATOR.validate(monitor(**{field: written}))


@pytest.mark.parametrize("url", URLS.values())
def test_every_kind_of_url_is_in_it(url: str) -> None:
    VALIDATOR.validate(monitor(url=url))


@pytest.mark.parametrize(
    "fields",
    [
        {"interval": "30 secs"},
        {"interval": True},
        {"intervall": "30s"},
        {"maxretries": 3},
        {"failure_threshold": 0},
        {"retries": "3"},
        {"accepted_status_codes": ["2xx"]},
        {"accepted_status_codes": [99]},
        {"conditions": [5]},
        {"http_version": 4},
        {"ip_version": "any"},
        {"quorum": "most"},
        {"method": "GET /"},
        {"dns": {"query_name": "a", "query_type": "ANY"}},
        {"heartbeat": {"grace": "1m"}},
        {"heartbeat": {"period": "1h", "token": "a b"}},
        {"basic_auth": {"username": "kim"}},
    ],
)
def test_what_the_model_refuses_is_not_in_it(fields: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(monitor(**fields))


def test_a_token_may_come_from_the_environment() -> None:
    VALIDATOR.validate({"name": "Backup", "heartbeat": {"period": "25h", "token": "${BACKUP_TOKEN}"}})


def test_defaults_are_shown_as_people_write_them() -> None:
    assert SCHEMA["properties"]["interval"]["default"] == "1m"
    assert SCHEMA["properties"]["accepted_status_codes"]["default"] == ["200-399"]
    assert SCHEMA["properties"]["ip_version"]["default"] == "either"
    assert "default" not in SCHEMA["properties"]["group"]
