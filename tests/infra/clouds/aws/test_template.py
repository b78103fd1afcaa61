"""The committed template, against the table and AWS's own rules."""

import importlib
import json
from typing import Any

import pytest

from functions.maintain_store.main import SECONDS_IN_CLOUD
from infra.clouds.aws import functions, handler, parameter_store, template
from infra.clouds.aws.target import id_of
from infra.clouds.gcp import services as gcp
from infra.table import agent, rows
from shared.settings import Settings
from tests.support.moto_aws import translated
from tests.support.moto_aws.templates import read_for_sam

pytestmark = pytest.mark.together("aws")


@pytest.fixture(scope="module")
def translation() -> dict[str, Any]:
    """The committed template as AWS translates it."""
    return translated(read_for_sam(template.FILE.read_text()))


def test_the_template_is_what_the_table_makes(translation: dict[str, Any]) -> None:
    assert template.FILE.read_text() == template.text(), "python -m infra.clouds.aws template writes it"
    assert read_for_sam(template.FILE.read_text()) == template.document()
    # CloudFormation refuses a longer one.
    assert len(template.text()) < 1_000_000


def findings(text: str) -> list[Any]:
    from cfnlint.api import ManualArgs, lint

    return list(lint(text, config=ManualArgs(regions=["us-east-1"])))


def test_cfn_lint_finds_nothing(translation: dict[str, Any]) -> None:
    assert findings(json.dumps(translation)) == []


@pytest.mark.nightly
def test_cfn_lint_finds_nothing_in_what_is_written() -> None:
    """It takes as long again, and seldom finds what the other does not.

    The translator refuses what it does not know in SAM's own resources, and cfn-lint knows more of what it makes of
    them: an action that does not exist, or a time limit that Lambda does not have.
    """
    assert findings(template.FILE.read_text()) == []


def of_kind(translation: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in translation["Resources"].items() if each["Type"] == kind}


def test_there_is_a_lambda_for_each_row_and_no_other(translation: dict[str, Any]) -> None:
    found = of_kind(translation, "AWS::Lambda::Function")
    assert set(found) == {id_of(row) for row in rows()}
    for row in rows():
        each = found[id_of(row)]
        assert each["Environment"]["Variables"]["FUNCTION_TARGET"] == row.name
        assert each["Architectures"] == ["arm64"]
        assert each["Runtime"] == {"Ref": "Runtime"}
        module, _, name = each["Handler"].rpartition(".")
        assert getattr(importlib.import_module(module), name) is handler.handler
        limit = functions.API_SECONDS if row.every is None else 900
        assert each["Timeout"] <= limit
    runtimes = translation["Parameters"]["Runtime"]["AllowedValues"]
    assert all(tuple(map(int, each.removeprefix("python").split("."))) >= (3, 12) for each in runtimes)
    longest = next(each.le for each in Settings.model_fields["check_timeout_seconds"].metadata if hasattr(each, "le"))
    assert found[id_of(agent())]["Timeout"] > 2 * longest, "a run of the agent has time for its longest check"


def test_a_cloud_lets_the_upkeep_end(translation: dict[str, Any]) -> None:
    row = next(row for row in rows() if row.name == "maintain_store")
    # Before it, an instance reads its secrets and connects to the database, and its last step may take longer.
    needed = SECONDS_IN_CLOUD + parameter_store.READ_SECONDS + 10
    assert of_kind(translation, "AWS::Lambda::Function")[id_of(row)]["Timeout"] > needed
    assert gcp.size_of(row).timeout_seconds > needed


def test_only_half_minutes_need_what_is_made_for_them(translation: dict[str, Any]) -> None:
    conditional = {name for name, each in translation["Resources"].items() if each.get("Condition")}
    assert conditional == {f"CheckMonitors{each}" for each in ("Queue", "Source")}
    queue = of_kind(translation, "AWS::SQS::Queue")["CheckMonitorsQueue"]
    assert queue["VisibilityTimeout"] >= functions.size_of(agent()).timeout_seconds, "what Lambda asks of a queue"
    assert queue["MessageRetentionPeriod"] > queue["VisibilityTimeout"]
