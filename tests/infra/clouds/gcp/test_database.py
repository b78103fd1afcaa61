"""``WITH_DATABASE=1`` on Google Cloud: a database in Cloud SQL, found again, kept, and deleted by its name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.clouds.gcp import database
from infra.clouds.gcp.services import TOGETHER, services
from tests.infra.clouds.deployer import USUAL_SECRETS, Step
from tests.infra.clouds.gcp.life import GcpDeployer, only
from tests.support import leaks
from tests.support.recording_gcloud import Call, Cloud
from tests.support.stand_ins.clouds import cloud_sql
from tests.system.runtimes.google import PLACE

pytestmark = pytest.mark.together("gcp-database")
NONE = {"DATABASE_URL": ""}
WITH_STORE = {service.name for service in services(TOGETHER) if service.has_store}
MINE = "bonghwa-database-0a1b2c"


def deploy(deployer: GcpDeployer, *more: str, typed: str = "") -> Step[Call]:
    return deployer.run("deploy", "--with-database", *more, settings=NONE, typed=typed)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory, cloud_project: Path) -> dict[str, Step[Call]]:
    """Deploy with a database, again, take all away but it, deploy anew, and take it away too."""
    folder = tmp_path_factory.mktemp("gcp-database")
    with Cloud(folder / "bin") as cloud:
        deployer = GcpDeployer(cloud_project, cloud)
        steps = {
            "planned": deploy(deployer, "--dry-run"),
            "deployed": deploy(deployer, typed="y\n"),
            "again": deploy(deployer, "--yes"),
            "ended without": deployer.run("teardown", typed="y\n"),
            "back": deploy(deployer, "--yes"),
        }
        [name] = steps["back"].state["sql"]
        return steps | {
            "end without its name": deployer.run("teardown", "--with-database", typed="y\nbonghwa\n"),
            "ended": deployer.run("teardown", "--with-database", typed=f"y\n{name}\n"),
            "nothing left": deployer.run("teardown", "--with-database"),
            "anew": deploy(deployer, "--yes"),
        }


@pytest.fixture
def empty(tmp_path: Path, cloud_project: Path) -> Iterator[GcpDeployer]:
    with Cloud(tmp_path / "bin") as cloud:
        yield GcpDeployer(cloud_project, cloud)


def the(state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    [(name, instance)] = state["sql"].items()
    return name, instance


def url(step: Step[Call]) -> str:
    return str(step.state["secrets"]["bonghwa-database-url"][-1])


def test_the_store_gets_a_database_of_its_own(steps: dict[str, Step[Call]]) -> None:
    deployed = steps["deployed"]
    assert (deployed.returncode, deployed.error) == (0, "")
    name, instance = the(deployed.state)
    assert re.fullmatch("bonghwa-database-[0-9a-f]{6}", name)
    where = f"my-project:{PLACE.region}:{name}"
    password = instance["users"]["bonghwa"]
    assert re.fullmatch("[A-Za-z0-9_-]{43}", password)
    assert "bonghwa" in instance["databases"]
    assert url(deployed) == f"postgresql://bonghwa:{password}@/bonghwa?host=/cloudsql/{where}"
    assert deployed.state["sockets"] == dict.fromkeys(WITH_STORE, where)
    clients = {member for member, role in deployed.state["grants"] if role == "roles/cloudsql.client"}
    assert clients == {f"serviceAccount:{PLACE.account(each)}" for each in WITH_STORE}


def test_the_instance_is_small_grows_and_lets_no_network_in(steps: dict[str, Step[Call]]) -> None:
    [made] = only(steps["deployed"].calls, "sql", "instances", "create")
    flags = made.flags
    assert (flags["--edition"], flags["--tier"], flags["--database-version"]) == (
        "enterprise",
        "db-f1-micro",
        "POSTGRES_17",
    )
    assert {"--storage-auto-increase", "--backup", "--deletion-protection"} <= set(flags)
    assert not {"--authorized-networks", "--root-password"} & set(flags)
    assert flags["--timeout"] == "unlimited"


def test_it_says_what_the_database_costs_before_it_asks(steps: dict[str, Step[Call]]) -> None:
    name, _ = the(steps["deployed"].state)
    said = steps["deployed"].said.partition("Go on?")[0]
    assert f"sql instances create {name}" in said
    assert f"The database {name} costs some 9.37 dollars a month" in said


def test_a_second_run_keeps_the_database_and_its_password(steps: dict[str, Step[Call]]) -> None:
    again = steps["again"]
    assert again.returncode == 0
    assert not [call.words for call in only(again.calls, "sql") if not call.is_read]
    assert again.state["sql"] == steps["deployed"].state["sql"]
    assert again.state["secrets"] == steps["deployed"].state["secrets"]
    assert again.state["grants"] == steps["deployed"].state["grants"]


def test_a_removal_keeps_the_database_and_its_secret(steps: dict[str, Step[Call]]) -> None:
    ended = steps["ended without"]
    name, _ = the(ended.state)
    assert f"so does the database {name}" in ended.said
    assert ended.state["sql"] == steps["deployed"].state["sql"]
    assert list(ended.state["secrets"]) == ["bonghwa-database-url"]
    assert ended.state["grants"] == []
    assert steps["back"].state["sql"] == steps["deployed"].state["sql"]
    assert url(steps["back"]) == url(steps["deployed"])


def test_the_database_is_deleted_only_by_its_name(steps: dict[str, Step[Call]]) -> None:
    refused, ended = steps["end without its name"], steps["ended"]
    assert (refused.returncode, refused.error) == (1, "nothing was changed\n")
    assert refused.state == steps["back"].state
    assert (ended.returncode, ended.error) == (0, "")
    assert not {kind for kind in ("sql", "secrets", "services", "accounts", "grants") if ended.state.get(kind)}
    [deletion] = only(ended.calls, "sql", "instances", "delete")
    assert "--enable-final-backup" in deletion.flags
    assert steps["nothing left"].said.startswith("There is nothing of Bonghwa")


def test_a_deleted_databases_name_is_not_used_again(steps: dict[str, Step[Call]]) -> None:
    assert (steps["anew"].returncode, steps["anew"].error) == (0, "")
    name, _ = the(steps["anew"].state)
    assert [name] != list(steps["back"].state["sql"])
    assert url(steps["anew"]) != url(steps["back"])


def test_no_password_is_on_a_command_line_or_on_the_screen(steps: dict[str, Step[Call]]) -> None:
    passwords = {the(step.state)[1]["users"]["bonghwa"] for step in steps.values() if step.state.get("sql")}
    assert len(passwords) == 2
    for step in steps.values():
        said = "\n".join([step.said, step.error, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), {"DATABASE": passwords})
    assert passwords & set(json.dumps([call.files for call in steps["deployed"].calls]).split('"'))


def test_a_dry_run_prints_what_a_run_does(steps: dict[str, Step[Call]]) -> None:
    assert all(call.is_read for call in steps["planned"].calls)
    printed = [line for line in steps["planned"].said.splitlines() if line.startswith("gcloud sql ")]
    done = [call for call in only(steps["deployed"].calls, "sql") if not call.is_read]
    assert [line.split()[1:4] for line in printed] == [call.words[:3] for call in done]
    # Each run would choose another name.
    assert "bonghwa-password.json: (a secret)" in steps["planned"].said


@pytest.mark.parametrize(
    "where", ["sql instances create", "sql databases create", "sql users create", "secrets create"]
)
def test_what_failed_is_finished_by_the_next_run(empty: GcpDeployer, where: str) -> None:
    empty.cloud.breaks_at = (where, "the connection was lost", 1)
    assert deploy(empty, "--yes").returncode == 1
    done = deploy(empty, "--yes")
    assert (done.returncode, done.error) == (0, "")
    _, instance = the(done.state)
    assert f":{instance['users']['bonghwa']}@/" in url(done)


def test_a_run_waits_for_an_instance_that_is_being_made(empty: GcpDeployer) -> None:
    empty.cloud.state["apis"] = [database.API, "secretmanager.googleapis.com"]
    made = {"state": cloud_sql.MAKING, "region": PLACE.region, "protected": True, "databases": {}, "users": {}}
    # Somebody else's, and one of ours in another region, are left alone.
    other = {**made, "state": cloud_sql.READY}
    empty.cloud.state["sql"] = {MINE: made, "bonghwa-prod": other, f"{MINE[:-1]}d": {**other, "region": "us-east1"}}
    done = deploy(empty, "--yes")
    assert (done.returncode, done.error) == (0, "")
    assert [call.words for call in only(done.calls, "sql", "operations", "wait")] == [
        ["sql", "operations", "wait", f"of-{MINE}"]
    ]
    assert not only(done.calls, "sql", "instances", "create")
    assert done.state["sql"][MINE]["users"]["bonghwa"] in url(done)
    assert done.state["sql"]["bonghwa-prod"] == other


def test_a_lost_secret_means_a_new_password(empty: GcpDeployer) -> None:
    before = deploy(empty, "--yes")
    del empty.cloud.state["secrets"]["bonghwa-database-url"]
    after = deploy(empty, "--yes")
    (_, old), (_, new) = the(before.state), the(after.state)
    assert old["users"]["bonghwa"] != new["users"]["bonghwa"]
    assert new["users"]["bonghwa"] in url(after)


def test_an_instance_that_is_out_of_order_is_left_alone(empty: GcpDeployer) -> None:
    empty.cloud.state["apis"] = [database.API]
    empty.cloud.state["sql"] = {MINE: {"state": "SUSPENDED", "region": PLACE.region}}
    refused = deploy(empty, "--yes")
    assert refused.error.startswith(f"bonghwa: the database {MINE} is SUSPENDED: https://console.cloud.google.com/sql/")
    assert all(call.is_read for call in refused.calls)


def test_two_databases_of_ours_are_refused(empty: GcpDeployer) -> None:
    empty.cloud.state["apis"] = [database.API]
    one = {"state": cloud_sql.READY, "region": PLACE.region}
    empty.cloud.state["sql"] = {MINE: one, f"{MINE[:-1]}d": one}
    refused = deploy(empty, "--yes")
    assert refused.error.startswith(f"bonghwa: there are several databases: {MINE}, ")


@pytest.mark.parametrize("command", ["deploy", "teardown"])
def test_make_hands_the_wish_on(empty: GcpDeployer, command: str) -> None:
    line = f"make {command}-gcp PROJECT=my-project REGION=us-central1"
    assert empty.arguments_of(f"{line} WITH_DATABASE=1") == [*empty.arguments_of(line), "--with-database"]


def test_a_database_of_ones_own_and_a_made_one_are_refused(empty: GcpDeployer) -> None:
    refused = empty.run("deploy", "--with-database", "--yes")
    assert refused.returncode == 1
    assert refused.error.startswith("bonghwa: DATABASE_URL")
    assert "WITH_DATABASE=1" in refused.error
    assert "pass-of-the-database" in USUAL_SECRETS["DATABASE_URL"]
    assert "pass-of-the-database" not in refused.error
    assert not refused.calls


@pytest.mark.parametrize("host", ["/cloudsql/", "%2Fcloudsql%2F"])
def test_the_databases_own_url_needs_the_deployment_that_makes_its_socket(empty: GcpDeployer, host: str) -> None:
    """Without WITH_DATABASE=1 the services would lose the socket and the role, and reach nothing."""
    deploy(empty, "--yes")
    url = f"postgresql://bonghwa:pass-of-the-socket@/bonghwa?host={host}my-project:{PLACE.region}:{MINE}"
    refused = empty.run("deploy", "--yes", settings={"DATABASE_URL": url})
    assert refused.error.startswith(
        "bonghwa: DATABASE_URL is 'a socket of Cloud SQL': expected an empty one in .env.gcp"
    )
    assert "WITH_DATABASE=1" in refused.error
    assert "pass-of-the-socket" not in refused.error
    assert not refused.calls


def test_a_database_that_is_used_no_more_is_said_to_cost(empty: GcpDeployer) -> None:
    name, _ = the(deploy(empty, "--yes").state)
    said = empty.run("deploy", typed="n\n").said.partition("Go on?")[0]
    assert f"The Cloud SQL instance {name} in {PLACE.region} stays, and costs some 9.37 dollars a month." in said
