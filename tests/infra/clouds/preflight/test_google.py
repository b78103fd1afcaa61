"""Questions to Google before a deployment, with the recording gcloud."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.clouds.gcp.project import APIS, BUILD_REGIONS, Existing, Place
from infra.clouds.preflight import PreflightFailed, examined
from infra.clouds.preflight.google import preflight
from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.infra.clouds.preflight import alike
from tests.support.recording_gcloud import Cloud

PLACE = Place("my-project", "123456789012", "us-central1", "us-central1")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with Cloud(tmp_path / "bin") as cloud:
        monkeypatch.setenv("PATH", str(cloud.folder))
        yield cloud


def lines(existing: Existing | None = None, region: str = PLACE.region, **settings: str) -> list[str]:
    place = Place(PLACE.project, PLACE.number, region, PLACE.build_region)
    given = {**USUAL_SETTINGS, "DATABASE_URL": "", **settings}
    existing = existing or Existing()
    is_new = not existing.tags
    return examined(preflight(place, existing, given, build_region=region, is_new=is_new))


def test_a_new_project_is_fine(cloud: Cloud) -> None:
    found = lines()
    assert [line.split()[0] for line in found[:-1]] == ["ok"] * 6
    assert found[-1] == "6 ok, 0 warning, 0 failure"
    assert any(line.endswith("$ a month for 2 monitors, before the database (infra/plan)") for line in found)
    assert f"the deployment enables {len(APIS)} of {len(APIS)}" in "\n".join(found)
    assert all(call.is_read for call in cloud.calls)


def test_a_project_without_billing_is_stopped(cloud: Cloud) -> None:
    cloud.state["billing"] = False
    with pytest.raises(PreflightFailed, match="fix: gcloud billing projects link my-project") as failed:
        lines()
    # All findings are there at once.
    assert "\nok       costs" in str(failed.value)


def test_a_monitor_that_would_not_be_watched_is_named(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    file.write_text('monitors: [{name: Shop, url: "https://127.0.0.1/", bearer_token: "${MONITOR_TOKEN}"}]')
    [line] = [line for line in lines(CONFIG_FILE=str(file)) if line.startswith("warning")]
    assert "monitor 'Shop' has ${MONITOR_TOKEN}, which is not set" in line
    assert line.endswith("fix: write it into .env.gcp or .env")
    assert not [line for line in lines(CONFIG_FILE=str(file), MONITOR_TOKEN="sesame") if line.startswith("warning")]


@pytest.mark.parametrize("policy", [{"allowedValues": ["C03xgje4y"]}, {"allValues": "DENY"}])
def test_an_organisation_that_forbids_all_users_is_named(cloud: Cloud, policy: dict[str, Any]) -> None:
    cloud.state["policy"] = policy
    [line] = [line for line in lines() if line.startswith("warning")]
    assert "iam.allowedPolicyMemberDomains forbids allUsers" in line
    assert "--no-invoker-iam-check" in line


def test_a_region_that_may_not_build_names_those_that_may(cloud: Cloud) -> None:
    [line] = [line for line in lines(region="asia-northeast3") if line.startswith("warning")]
    assert ", ".join(sorted(set(BUILD_REGIONS.values()))) in line
    # It has built there before.
    built = lines(Existing(tags=frozenset({"2026-01-0123456789ab"})), region="asia-northeast3")
    assert not [line for line in built if line.startswith("warning")]
    assert cloud.calls


def test_a_region_that_cloud_run_has_not_stops_the_deployment(cloud: Cloud) -> None:
    """Cloud Run says which it has once its API is enabled; before, the list of prices does."""
    with pytest.raises(PreflightFailed, match=r"fix: REGION=us-central1, or if it is new: gcloud services enable run"):
        lines(region="us-centrall1")
    cloud.state["apis"] = ["run.googleapis.com"]
    there = Existing(frozenset({"run.googleapis.com"}))
    with pytest.raises(PreflightFailed, match=r"us-centrall1 is none of its regions .*fix: REGION=us-central1\n"):
        lines(there, region="us-centrall1")
    cloud.breaks_at = ("run regions list", "PERMISSION_DENIED: run.locations.list", 1)
    [line] = [line for line in lines(there) if line.startswith("warning")]
    assert line.startswith("warning  Cloud Run")
    assert "could not be asked" in line


def test_what_nobody_may_ask_stops_nothing(cloud: Cloud) -> None:
    cloud.breaks_at = ("billing projects describe", "PERMISSION_DENIED: the caller does not have permission", 1)
    [line] = [line for line in lines() if line.startswith("warning")]
    assert "could not be asked: ERROR: (gcloud) PERMISSION_DENIED" in line


def test_what_the_plan_refuses_stops_the_deployment(cloud: Cloud) -> None:
    many = " ".join(f"https://service-{number}.example.com/{'x' * 60}" for number in range(400))
    with pytest.raises(PreflightFailed, match=r"TARGET_URL is .* bytes long"):
        lines(TARGET_URL=many)
    assert cloud.calls


@pytest.mark.usefixtures("cloud")
def test_a_deployment_that_notifies_nobody_is_named() -> None:
    alike.names_a_deployment_that_notifies_nobody(lines)


@pytest.mark.usefixtures("cloud")
def test_links_to_this_machine_are_warned_about() -> None:
    alike.warns_of_links_to_this_machine(lines, ".env.gcp")
