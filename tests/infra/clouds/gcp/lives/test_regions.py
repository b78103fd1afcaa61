"""A deployment on Google Cloud and a command for another region: nothing that it needs is taken from it."""

import copy
from typing import Any

import pytest

from tests.infra.clouds.deployer import Step
from tests.infra.clouds.gcp.life import GcpDeployer
from tests.support.recording_gcloud import Call

THERE = "us-central1"
REMOVAL = "make teardown-gcp PROJECT=my-project REGION={}"
# Things of the whole project.
SHARED = ("secrets", "accounts", "grants", "buckets", "readers")


@pytest.fixture
def running(deployer: GcpDeployer) -> GcpDeployer:
    """It is deployed in the usual region."""
    done = deployer.run("deploy", "--yes")
    assert (done.returncode, done.error) == (0, "")
    return deployer


def of_region(state: dict[str, Any], region: str) -> dict[str, Any]:
    """The things in a region that is not the usual one."""
    return {kind: things for kind, things in filled(state).items() if kind.endswith(f" of {region}")}


def filled(state: dict[str, Any]) -> dict[str, Any]:
    return {kind: things for kind, things in state.items() if things}


def refused(running: GcpDeployer, command: str, *more: str) -> Step[Call]:
    before = copy.deepcopy(filled(running.cloud.state))
    done = running.run(command, "--yes", *more, region=THERE)
    assert done.returncode == 1
    assert filled(done.state) == before
    assert all(call.is_read for call in done.calls)
    return done


def test_a_teardown_of_another_region_names_the_one_it_runs_in(running: GcpDeployer) -> None:
    error = refused(running, "teardown").error
    assert error.startswith("bonghwa: Bonghwa runs in asia-northeast3: there is nothing of it in us-central1: ")
    assert REMOVAL.format("asia-northeast3") in error


def test_a_deployment_to_another_region_makes_no_second_system(running: GcpDeployer) -> None:
    error = refused(running, "deploy").error
    assert error.startswith("bonghwa: Bonghwa runs in asia-northeast3: REGION=asia-northeast3 updates it there.")
    assert f"To move it to us-central1, first remove it there, which keeps the database: {REMOVAL[:17]}" in error
    # As it says.
    assert running.run("teardown", "--yes").returncode == 0
    assert running.run("deploy", "--yes", region=THERE).returncode == 0


def test_of_two_systems_one_can_be_removed_alone(running: GcpDeployer) -> None:
    """An older version has made a second one, which uses the secrets and the accounts of the first."""
    state = running.cloud.state
    first = copy.deepcopy(state)
    for kind in ("services", "jobs", "queues", "repositories", "tags", "callers"):
        state[f"{kind} of {THERE}"] = copy.deepcopy(state[kind])
    assert "there is one in us-central1 too. Remove one first" in refused(running, "deploy").error
    ended = running.run("teardown", "--yes", region=THERE)
    assert (ended.returncode, ended.error) == (0, "")
    assert "Bonghwa runs in asia-northeast3 too: what both share stays" in ended.said
    assert not of_region(ended.state, THERE)
    assert {kind: ended.state[kind] for kind in (*SHARED, "services", "jobs")} == {
        kind: first[kind] for kind in (*SHARED, "services", "jobs")
    }


def test_images_that_were_left_elsewhere_are_named(running: GcpDeployer) -> None:
    running.cloud.state[f"repositories of {THERE}"] = {"bonghwa": []}
    ended = running.run("teardown", "--yes")
    assert "A repository of images is in us-central1: a teardown with REGION=us-central1 removes it." in ended.said
    assert not of_region(running.run("teardown", "--yes", region=THERE).state, THERE)


def test_a_database_in_another_region_is_found(deployer: GcpDeployer) -> None:
    """Deployed with one of its own, removed without it: another region makes no second one, and keeps its secret."""
    none = {"DATABASE_URL": ""}
    assert deployer.run("deploy", "--with-database", "--yes", settings=none).returncode == 0
    assert deployer.run("teardown", "--yes").returncode == 0
    [name] = deployer.cloud.state["sql"]
    second = deployer.run("deploy", "--with-database", "--yes", settings=none, region=THERE)
    assert second.error.startswith(f"bonghwa: the database {name} is in asia-northeast3, not in us-central1: ")
    assert "REGION=asia-northeast3 uses it" in second.error
    assert "There is nothing of Bonghwa in my-project, us-central1" in deployer.run("teardown", region=THERE).said
    ended = deployer.run("teardown", "--with-database", region=THERE, typed=f"y\n{name}\n")
    assert (ended.returncode, ended.error) == (0, "")
    assert not ended.state["sql"]
    assert "bonghwa-database-url" not in ended.state["secrets"]


def test_a_mistyped_region_stops_before_anything_is_made(deployer: GcpDeployer) -> None:
    refused = deployer.run("deploy", "--yes", region="us-centrall1")
    assert "us-centrall1 is none of its regions · expected one such as us-central1" in refused.error
    assert "fix: REGION=us-central1, or if it is new: gcloud services enable run.googleapis.com" in refused.error
    assert all(call.is_read for call in refused.calls)


def test_where_something_runs_google_says_that_there_is_no_such_region(running: GcpDeployer) -> None:
    refused = running.run("deploy", "--yes", region="us-centrall1")
    assert "Permission denied on 'locations/us-centrall1'" in refused.error
    assert "\nthere is no such region, or this project may not use it: REGION= takes one of https://" in refused.error
    assert all(call.is_read for call in refused.calls)


@pytest.mark.parametrize("region", ["US-central1", "us central1", "us-central1 ", "us", ""])
def test_a_region_that_can_be_none_is_refused(deployer: GcpDeployer, region: str) -> None:
    refused = deployer.run("teardown", region=region)
    assert refused.returncode == 2
    assert f"argument --region: {region!r} is not a region" in refused.error
    assert not refused.calls
