"""The JSON Schema of the file: committed, true to the models, and of use to an editor."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra.configuration.file import FileErrors, read
from infra.configuration.outline import SECTIONS
from infra.configuration.reading.nodes import data_of
from infra.configuration.reading.yaml_text import parse
from infra.configuration.schema import FILE, schema
from shared import ROOT
from shared.monitors.policy import Policy
from shared.notifiers import kinds
from tests.infra.command_line import infra

WHOLE = schema()


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def data(text: str) -> Any:
    root, _ = parse(text)
    assert root is not None
    return data_of(root)


def test_the_committed_schema_is_what_the_models_say() -> None:
    expected = "python -m infra schema > infra/configuration/bonghwa.schema.json"
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema(), expected


@pytest.mark.slow
def test_the_command_prints_it() -> None:
    done = infra("schema")
    assert json.loads(done.stdout) == schema()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_it_is_a_schema_of_2020_12(validator: Draft202012Validator) -> None:
    assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(validator.schema)


def test_every_section_field_and_kind_is_in_it() -> None:
    found = schema()
    assert set(found["properties"]) == set(SECTIONS)
    assert set(found["$defs"]["Monitor"]["properties"]) == set(Policy.model_fields)
    assert {form["properties"]["kind"]["const"] for form in found["$defs"]["Channel"]["anyOf"]} == set(kinds())
    texts = [field for part in found["$defs"].values() for field in part.get("properties", {}).values()]
    assert all("description" in field or "$ref" in field for field in texts)


def test_the_console_can_be_switched_off(validator: Draft202012Validator) -> None:
    assert validator.is_valid(data("channels: {console: off}"))
    assert validator.is_valid(data("channels: {console: false}"))
    assert not validator.is_valid(data("channels: {ops: off}"))


def test_the_example_names_the_schema_and_fits_it(validator: Draft202012Validator) -> None:
    text = (ROOT / "bonghwa.example.yaml").read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={FILE.relative_to(ROOT).as_posix()}"
    assert [error.message for error in validator.iter_errors(data(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "monitors:\nchannels:\n",
        "x-anything: [1]\n_more: {a: b}\n",
        "groups: {Web: }\nstatus_pages: {inner: }\n",
        "windows: [{kind: silence, monitors: API, weekly: Mon, at: '02:30', duration: 90}]\n",
        "monitors: [{name: API, url: 'http://a.example', tags: one, channels: [ops], ip_version: either}]\n",
        "defaults: {failure-threshold: 3, channels: }\ngroups: {Web: {interval: , maxretries: 2}}\n",
        "monitors: [{name: 1, dns: {query-name: a.example, query-type: MX}, url: 'dns://192.0.2.1'}]\n",
        "monitors: [{name: 1, url: , heartbeat: {period: 25h, grace: 1h}}]\n",
        "windows: [{kind: silence, title: 2030, monitors: [404], every: day, at: '02:30', duration: 90}]\n",
        "status_page: {title: 2030, groups: [404]}\ntemplates: {title: 5}\n",
    ],
)
def test_what_the_reader_takes_fits(validator: Draft202012Validator, text: str) -> None:
    assert [error.message for error in validator.iter_errors(data(text))] == []


# Fields as people write them, by our own names and by those of other tools.
WRITTEN = {
    "tags": ["", "[2030, true]", "5", "a"],
    "description": ["5", "true", ""],
    "group": ["5", "Web"],
    "interval": ["", "30", "5m"],
    "failure_threshold": ["", "3"],
    "failure-threshold": ["3"],
    "success-threshold": ["2"],
    "minimum-reminder-interval": ["5m", "0"],
    "resend_interval": ["3"],
    "maxretries": ["2"],
    "upsideDown": ["true"],
    "accepted_statuscodes": ['["200-299", "401"]', "'[\"200\"]'"],
    "accepted_status_codes": ["", "[200, 3 ]", "200-299"],
    "headers": ["{x: 1, y: true, z: 1.5}", ""],
    "keyword": ["5", ""],
    "basic-auth": ["{username: 5, password: 6}"],
    "bearer_token": ["5", ""],
    "oauth2": ["{token-url: 'http://t.example', client-id: 1, client_secret: 2}"],
    "ip_family": ["ipv4"],
    "ip-version": ["4", "either"],
    "method": ["", "post"],
    "verify_tls": ["", "false"],
    "insecure": ["true"],
    "max_body": [""],
    "conditions": ["", "'[STATUS] == 200'"],
    "locations": ["", "[1]"],
    "enabled": [""],
    "depends_on": [""],
}


@pytest.mark.slow
@given(
    st.sets(st.sampled_from([(name, text) for name, texts in WRITTEN.items() for text in texts]), max_size=5),
    st.sampled_from(
        ["monitors: [{{name: 1, url: 'http://a.example', {}}}]\n", "defaults: {{{}}}\n", "groups: {{G: {{{}}}}}\n"]
    ),
)
def test_whatever_the_reader_takes_fits(fields: set[tuple[str, str]], form: str) -> None:
    text = form.format(", ".join(f"{name}: {value}" for name, value in sorted(fields)))
    if form.startswith("groups"):
        text += "monitors: [{name: a, group: G, url: 'http://a.example'}]\n"
    with TemporaryDirectory() as folder:
        file = Path(folder, "bonghwa.yaml")
        file.write_text(text, encoding="utf-8")
        try:
            read(file, {})
        except FileErrors:
            return
    assert [error.message for error in Draft202012Validator(WHOLE).iter_errors(data(text))] == [], text


@pytest.mark.parametrize(
    "text",
    [
        "monitor: []\n",
        "monitors: {a: 1}\n",
        "monitors: [{url: 'http://a.example'}]\n",
        "monitors: [{name: API, url: 'http://a.example', intervall: 5m}]\n",
        "monitors: [{name: API, url: 'http://a.example', interval: soon}]\n",
        "monitors: [{name: API, url: 'http://a.example', retry-interval: soon}]\n",
        "monitors: [{name: API, url: 5}]\n",
        "monitors: [{name: , url: 'http://a.example'}]\n",
        "monitors: [{name: API, url: 'dns://192.0.2.1', dns: {query_type: A}}]\n",
        "defaults: {name: API}\n",
        "channels: {ops: {kind: slack}}\n",
        "channels: {ops: {kind: slack, webhook_url: a, chat_id: 1}}\n",
        "channels: {ops: {kind: slak, webhook_url: a}}\n",
        "windows: [{kind: silence, all: true, at: '25:00', every: day, duration: 1h}]\n",
        "escalations: {night: [{channels: [ops]}]}\n",
    ],
)
def test_what_the_reader_refuses_is_underlined(validator: Draft202012Validator, text: str) -> None:
    assert list(validator.iter_errors(data(text)))
