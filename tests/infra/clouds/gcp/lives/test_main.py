"""``python -m infra.clouds.gcp`` by the manual, without gcloud, and when a command fails."""

import pytest

from infra.clouds.cli import TRIES, CommandFailed, Stage, run
from infra.clouds.gcp.services import TOGETHER, services
from infra.clouds.gcp.words import NOT_YET
from tests.infra.clouds.deployer import manual
from tests.infra.clouds.gcp.life import GcpDeployer, url
from tests.support.running import shown_by_curl
from tests.system.runtimes.google import PLACE


def test_without_gcloud_only_a_dry_run_works_and_the_rest_fails(deployer: GcpDeployer) -> None:
    said = deployer.run("deploy", "--dry-run", is_installed=False).said
    assert said.count("\ngcloud run deploy ") == len(services(TOGETHER))
    assert said.startswith("# gcloud is not installed")
    refused = deployer.run("deploy", is_installed=False)
    assert refused.error == "bonghwa: gcloud is not installed: see https://cloud.google.com/sdk/docs/install\n"


@pytest.mark.parametrize("where", ["run deploy bonghwa-review-alerts", "builds submit"])
def test_a_failed_deployment_says_so_and_the_next_one_continues(deployer: GcpDeployer, where: str) -> None:
    deployer.cloud.breaks_at = (where, "the connection was lost", 1)
    failed = deployer.run("deploy", "--yes")
    assert failed.returncode == 1
    assert failed.error.startswith(f"bonghwa: gcloud {where}")
    assert "the connection was lost" in failed.error
    # Nothing is built on what is missing.
    assert not failed.state.get("jobs")
    repaired = deployer.run("deploy", "--yes")
    assert repaired.returncode == 0
    assert set(repaired.state["services"]) == {service.name for service in services(TOGETHER)}
    assert len(repaired.state["jobs"]) == 4


def test_what_google_does_not_know_yet_is_tried_again(deployer: GcpDeployer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(deployer.cloud.folder))
    stage = Stage("a binding", [PLACE.command("services", "enable", "run.googleapis.com")])
    unknown = "Service account bonghwa-build@my-project.iam.gserviceaccount.com does not exist."
    deployer.cloud.breaks_at = ("services enable", unknown, TRIES - 1)
    run([stage], NOT_YET, pause_seconds=0)
    assert deployer.cloud.state["apis"] == ["run.googleapis.com"]
    for words, tries in ((unknown, TRIES), ("Permission denied", 1)):
        before = len(deployer.cloud.calls)
        deployer.cloud.breaks_at = ("services enable", words, TRIES)
        with pytest.raises(CommandFailed, match=words):
            run([stage], NOT_YET, pause_seconds=0)
        assert len(deployer.cloud.calls) - before == tries


def test_the_manual_leads_to_a_deployment_and_back(deployer: GcpDeployer) -> None:
    login, settings, deploy, question, teardown = manual("gcp")
    assert login == "gcloud auth login"
    deployer.cloud.home = "us-central1"
    (deployer.project / ".env.gcp").write_text(settings)
    for line in (deploy, teardown):
        done = deployer.make(line)
        assert done.returncode == 0, done.error
        is_there = {name: bool(done.state[name]) for name in ("services", "jobs", "tags", "secrets")}
        assert set(is_there.values()) == {line == deploy}
        if line == deploy:
            assert f"{url()}/".replace("asia-northeast3", "us-central1") in done.said
            # The key that the manual shows is the one that was stored.
            [key] = done.state["secrets"]["bonghwa-api-key"]
            assert shown_by_curl(question, deployer.project)[:2] == ["-H", f"X-API-Key: {key}"]
