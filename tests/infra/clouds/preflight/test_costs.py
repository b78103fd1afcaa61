"""The plan's words before a deployment: an unusual load is a warning and no false refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.clouds.preflight.costs import examine_costs
from infra.clouds.settings import checked
from infra.doctor.findings import Finding, Verdict
from infra.plan import show
from infra.plan.plans import PLATFORMS, plan_for
from tests.infra.plan.planned import CLOUDS

GIVEN = {"API_KEY": "a-key-of-sixteen-letters", "DATABASE_URL": "postgresql://kim:pass@db.example/bonghwa"}
HOOK = {"kind": "slack", "webhook_url": "https://hooks.example/x"}


def with_file(folder: Path, **content: Any) -> dict[str, str]:
    file = folder / "bonghwa.yaml"
    file.write_text(json.dumps(content))
    return {**GIVEN, "CONFIG_FILE": str(file)}


def warnings(platform: str, given: dict[str, str]) -> list[Finding]:
    found = list(examine_costs(platform, given, "us-central1", {}))
    assert not [finding for finding in found if finding.verdict is Verdict.FAILURE], found
    return [finding for finding in found if finding.verdict is Verdict.WARNING]


@pytest.mark.parametrize("platform", CLOUDS)
@pytest.mark.parametrize(
    "content",
    [
        {"monitors": [{"name": "Backup", "heartbeat": {"period": "1d"}}]},
        {"monitors": [{"name": "Far", "url": "https://a.example/", "locations": ["busan"]}]},
        {"channels": {"ops": HOOK}},
        {},
    ],
)
def test_a_file_without_anything_to_check_can_be_deployed(
    tmp_path: Path, platform: str, content: dict[str, Any]
) -> None:
    given = with_file(tmp_path, **content)
    assert checked(given, ".env.gcp").target_urls == ()
    assert [each for each in warnings(platform, given) if "nothing is checked there" in each.found]


@pytest.mark.parametrize("platform", CLOUDS)
def test_an_agent_that_runs_seldom_limits_monitors_that_are_made_later(tmp_path: Path, platform: str) -> None:
    given = with_file(tmp_path, monitors=[{"name": "Slow", "url": "https://127.0.0.1/", "interval": "5m"}])
    [warning] = warnings(platform, given)
    assert warning.found == "the agent runs every 300 s"
    assert "on the dashboard" in str(warning.expected)
    assert not warnings(platform, {**given, "CHECK_INTERVAL_SECONDS": "30"})
    assert not warnings(platform, {**given, "TARGET_URL": "https://127.0.0.2/"})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_targets_and_a_file_there_is_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr("shared.settings.settings.ROOT", tmp_path)
    found = plan_for(platform, {})
    assert (found.load.monitors, found.load.checks, found.refusals) == (0, 0, ())
    assert "at worst" not in show.text(found)
    assert "nothing is checked there" in show.text(found)
    assert show.as_json(found)["worst_delay_seconds"] is None
    assert plan_for(platform, {}, monitors=10).load.monitors == 10
