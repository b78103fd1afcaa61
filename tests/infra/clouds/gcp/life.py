"""A deployment on Google Cloud from its beginning to its end, with the recording gcloud."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.clouds.gcp import access
from tests.infra.clouds.deployer import USUAL_SETTINGS, Deployer, Step
from tests.support.recording_gcloud import NUMBER, Call, Cloud
from tests.system.runtimes.google import PLACE

Steps = dict[str, Step[Call]]
# The key that the schedules show, which follows from the first API key.
SCHEDULE_KEY = access.schedule_key(SecretStr("a-key-of-the-cloud-alone")).get_secret_value()
CHANGED = {
    "CHECK_INTERVAL_SECONDS": "60",
    "DATABASE_URL": "postgresql://kim:pass-of-the-other@db.example/b",
    "HEARTBEAT_URL": "",
}
OTHERS = {"functions": "their-function", "secrets": "their-secret", "jobs": "bonghwas-other", "accounts": "theirs"}


class GcpDeployer(Deployer[Call]):
    """``python -m infra.clouds.gcp``, with the recording gcloud as the only program."""

    module = "infra.clouds.gcp"

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        super().__init__(folder, cloud.calls)
        self.cloud = cloud

    def run(
        self, *arguments: str, settings: Mapping[str, str] | None = None, typed: str = "", is_installed: bool = True
    ) -> Step[Call]:
        """Run it to its end. ``settings`` replace or add some of the usual ones."""
        environ = {"PATH": str(self.cloud.folder) if is_installed else "", **USUAL_SETTINGS, **(settings or {})}
        return self.execute([*arguments, "--project=my-project", f"--region={PLACE.region}"], environ, typed)

    def make(self, line: str) -> Step[Call]:
        """Run what make runs for a line of the manual, without any setting in the environment, and agree to it."""
        return self.execute(self.arguments_of(line), {"PATH": str(self.cloud.folder)}, typed="y\n")

    def state(self) -> dict[str, Any]:
        """Everything that exists in the cloud."""
        return copy.deepcopy(self.cloud.state)


def lived(deployer: GcpDeployer) -> Steps:
    """Deploy, update with and without a change, and take it all away."""
    state = deployer.cloud.state
    for kind, name in OTHERS.items():
        state[kind] = {name: ["theirs"]}
    steps = {
        "refused": deployer.run("deploy", typed="n\n"),
        "planned": deployer.run("deploy", "--dry-run"),
        "deployed": deployer.run("deploy", typed="y\n"),
        "again": deployer.run("deploy", "--yes"),
    }
    # An older version has left a function that is gone since, and another state of the gateway.
    state["functions"]["bonghwa-of-old"] = []
    state["configs"] = {"bonghwa-000000000000": []}
    state["gateways"]["bonghwa"] = ["--api-config=bonghwa-000000000000"]
    return steps | {
        "changes planned": deployer.run("deploy", "--dry-run", settings=CHANGED),
        "changed": deployer.run("deploy", "--yes", settings=CHANGED),
        "end refused": deployer.run("teardown"),
        "ended": deployer.run("teardown", typed="y\n"),
        "nothing left": deployer.run("teardown"),
    }


def only(calls: list[Call], *words: str) -> list[Call]:
    """The calls that begin with these words."""
    return [call for call in calls if call.words[: len(words)] == list(words)]


def url(name: str) -> str:
    """The URL that Google gives to a function."""
    return f"https://bonghwa-{name.replace('_', '-')}-{NUMBER}.asia-northeast3.run.app"
