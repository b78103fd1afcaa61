"""The plan as people and programs get it."""

import argparse
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.commands.plan import add_arguments
from infra.plan import show
from infra.plan.measured import measured
from infra.plan.plans import PLATFORMS, price_list, reference
from shared import ROOT
from tests.infra.command_line import infra
from tests.infra.plan.planned import at_list_price, dollars, plan
from tests.support.running import copy_project


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_manuals_table_is_what_the_command_computes(readme: str) -> None:
    text = (ROOT / "infra/plan" / readme).read_text(encoding="utf-8")
    stated = re.findall(r"(?m)^\| [\d,]+ \| `(?:local|gcp|aws)` \|.*$", text)
    assert stated == [show.table_row(each) for each in reference()], "make them with `python -m infra plan --table`"
    assert f"{price_list()['looked_up']}" in text
    assert measured().measured_on in text


def test_a_plan_says_all_of_it_to_a_person() -> None:
    of = plan("gcp", 100)
    text = show.text(of)
    assert text.startswith("Google Cloud Run, us-central1: 100 monitors every 30 s\n")
    for each in [*of.bill, *of.database]:
        assert each.price.unit in text
    for term in of.delay:
        assert term.what in text
    assert f"{dollars(of):,.2f}" in text
    assert f"{at_list_price(of):,.2f}" in text
    assumed = show.assumptions()
    assert str(price_list()["looked_up"]) in assumed
    assert measured().machine in assumed


def run_plan(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    project = folder / "project"
    if not project.exists():
        copy_project(project)
    (project / ".env").write_text("TARGET_URL=https://a.example/ https://b.example/\nCHECK_INTERVAL_SECONDS=60\n")
    return infra("plan", *arguments, environ=variables, project=project)


def test_a_region_that_can_be_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert [parser.parse_args(["--region", each]).region for each in ("asia-northeast3", "eu-west-1")]
    for region in ("Asia-Northeast3", "asia northeast3", "seoul"):
        with pytest.raises(SystemExit):
            parser.parse_args(["--region", region])
        assert f"argument --region: {region!r} is not a region: expected one such as" in capsys.readouterr().err


@pytest.mark.system
def test_the_command_plans_what_is_configured_or_says_why_not(tmp_path: Path) -> None:
    done = run_plan(tmp_path, "--json", DATABASE_URL="sqlite:///b.db")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert [each["platform"] for each in found] == list(PLATFORMS)
    assert all((each["monitors"], each["interval_seconds"]) == (2, 60.0) for each in found)
    assert all(each["price_list_looked_up"] == str(price_list()["looked_up"]) for each in found)
    refused = run_plan(tmp_path, "--platform=aws", "--interval=20", "--monitors=10")
    assert refused.returncode == 1
    assert "cannot do that: CHECK_INTERVAL_SECONDS is '20'" in refused.stdout
