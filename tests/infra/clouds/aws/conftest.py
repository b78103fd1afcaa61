"""Fixtures around one deployment on AWS, and an instance of a Lambda."""

import os
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from shared import ROOT
from shared.settings import Settings
from tests.infra.clouds.aws.life import AwsDeployer, Life, Steps, lived
from tests.support.moto_aws import Cloud
from tests.support.moto_aws.instance import KEY, Instance


@pytest.fixture(scope="session")
def life_on_aws(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The whole life of a deployment, which takes seconds: mark what uses it with ``together("aws")``."""
    folder = tmp_path_factory.mktemp("aws")
    with Cloud(folder / "bin") as cloud:
        return lived(AwsDeployer(folder, cloud))


@pytest.fixture(scope="session")
def steps(life_on_aws: Life) -> Steps:
    """Its steps."""
    return life_on_aws.steps


@pytest.fixture(scope="session")
def stack(life_on_aws: Life) -> dict[str, Any]:
    """Everything that was made for a deployment with every setting, in detail."""
    return life_on_aws.details


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Instance:
    """An instance of a Lambda that nobody has called yet, and that knows no function."""
    ours = {*dotenv_values(ROOT / ".env.example"), *(field.alias for field in Settings.model_fields.values())}
    for name in [name for name in os.environ if name in ours or name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    new = Instance(monkeypatch)
    new.set(API_KEY=KEY, API_AUTH="all", DATABASE_URL=f"sqlite:///{tmp_path / 'bonghwa.db'}")
    return new
