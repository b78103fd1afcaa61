"""A function with several routes behind the public URL."""

from pathlib import Path

import pytest

from tests.infra.clouds.gcp.life import GcpDeployer, only
from tests.support import notes
from tests.support.recording_gcloud import Cloud
from tests.support.running import copy_project

pytestmark = pytest.mark.system


def test_a_new_function_runs_in_the_public_service(tmp_path: Path) -> None:
    """Its row in the table is all that the deployment needs to know."""
    project = copy_project(tmp_path / "project")
    notes.add_to(project)
    with Cloud(tmp_path / "bin") as cloud:
        deploy_both_shapes(GcpDeployer(project, cloud))


def deploy_both_shapes(deployer: GcpDeployer) -> None:
    step = deployer.run("deploy", "--yes")
    assert (step.returncode, step.error) == (0, "")
    deployed = {call.words[2] for call in only(step.calls, "run", "deploy")}
    assert "bonghwa" in deployed
    assert "bonghwa-keep-notes" not in deployed
    apart = deployer.run("deploy", "--yes", "--shape=apart")
    assert (apart.returncode, apart.error) == (0, "")
    [made] = only(apart.calls, "run", "deploy", "bonghwa-keep-notes")
    assert "API_KEY=bonghwa-api-key:1" in made.flags["--set-secrets"].split(",")
    assert "--no-allow-unauthenticated" in made.flags
