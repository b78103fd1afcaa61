"""The JSON Schema of the file: committed, true to the models, and of use to an editor."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.configuration.outline import SECTIONS
from infra.configuration.reading.nodes import data_of
from infra.configuration.reading.yaml_text import parse
from infra.configuration.schema import FILE, schema
from shared import ROOT
from shared.monitors.policy import Policy
from shared.notifiers import kinds
from tests.infra.command_line import infra


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
    ],
)
def test_what_the_reader_takes_fits(validator: Draft202012Validator, text: str) -> None:
    assert [error.message for error in validator.iter_errors(data(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "monitor: []\n",
        "monitors: {a: 1}\n",
        "monitors: [{url: 'http://a.example'}]\n",
        "monitors: [{name: API, url: 'http://a.example', intervall: 5m}]\n",
        "monitors: [{name: API, url: 'http://a.example', interval: soon}]\n",
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
