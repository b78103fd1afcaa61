"""Fixtures around a deployment on Google Cloud."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.clouds.deployer import Step
from tests.infra.clouds.gcp.life import GcpDeployer, Steps, lived
from tests.support.recording_gcloud import Call, Cloud


@pytest.fixture
def deployer(tmp_path: Path, cloud_project: Path) -> Iterator[GcpDeployer]:
    """Nothing is deployed yet."""
    with Cloud(tmp_path / "bin") as cloud:
        yield GcpDeployer(cloud_project, cloud)


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory, cloud_project: Path) -> Steps:
    """The steps of a deployment's whole life, which takes seconds: mark what uses it with ``together("gcp")``."""
    folder = tmp_path_factory.mktemp("gcp")
    with Cloud(folder / "bin") as cloud:
        return lived(GcpDeployer(cloud_project, cloud))


@pytest.fixture(scope="session")
def deployed(steps: Steps) -> Step[Call]:
    """The step that deployed everything."""
    step = steps["deployed"]
    assert (step.returncode, step.error) == (0, "")
    return step
