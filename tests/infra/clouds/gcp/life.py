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
# The keys of the schedules, one for each API key. They show the first.
SCHEDULE_KEY, FORMER_SCHEDULE_KEY = (
    access.schedule_key(SecretStr(key)).get_secret_value() for key in USUAL_SETTINGS["API_KEY"].split(",")
)
CHANGED = {
    "CHECK_INTERVAL_SECONDS": "60",
    "DATABASE_URL": "postgresql://kim:pass-of-the-other@db.example/b",
    "HEARTBEAT_URL": "",
}
# Things of somebody else, although their names begin like ours.
OTHERS = {
    "services": "bonghwa-landing",
    "secrets": "bonghwa-github-token",
    "jobs": "bonghwa-nightly-report",
    "accounts": "bonghwa-ci",
}
# The remains of a version with functions behind an API Gateway.
OF_OLD: dict[str, dict[str, Any]] = {
    "functions": {"bonghwa-check-monitors": [], "bonghwa-get-alert": []},
    "services": {"bonghwa-check-monitors": [], "bonghwa-get-alert": []},
    "workflows": {"bonghwa-check-monitors": []},
    "jobs": {"bonghwa-check-monitors-30s": []},
    "gateways": {"bonghwa": ["--api-config=bonghwa-000000000000"]},
    "configs": {"bonghwa-000000000000": []},
    "gateway_apis": {"bonghwa": []},
    "accounts": {"bonghwa-gateway": [], "bonghwa-ingest-event": []},
}
OLD_APIS = (
    *("apigateway", "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler"),
    *("iam", "run", "secretmanager", "workflows"),
)


class GcpDeployer(Deployer[Call]):
    """``python -m infra.clouds.gcp``, with the recording gcloud as the only program."""

    module = "infra.clouds.gcp"

    def __init__(self, project: Path, cloud: Cloud) -> None:
        super().__init__(project, cloud.calls)
        self.cloud = cloud

    def run(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        typed: str = "",
        is_installed: bool = True,
        region: str = PLACE.region,
    ) -> Step[Call]:
        """Run it to its end. ``settings`` replace or add some of the usual ones."""
        environ = {"PATH": str(self.cloud.folder) if is_installed else "", **USUAL_SETTINGS, **(settings or {})}
        return self.execute([*arguments, "--project=my-project", f"--region={region}"], environ, typed)

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
    leave_old_things(deployer.cloud)
    return steps | {
        "changes planned": deployer.run("deploy", "--dry-run", settings=CHANGED),
        "changed": deployer.run("deploy", "--yes", settings=CHANGED),
        "end refused": deployer.run("teardown"),
        "ended": deployer.run("teardown", typed="y\n"),
        "nothing left": deployer.run("teardown"),
    }


def leave_old_things(cloud: Cloud) -> None:
    """Put what a version with functions has made beside what is there."""
    for kind, things in copy.deepcopy(OF_OLD).items():
        cloud.things(kind).update(things)
    cloud.state["apis"] = sorted({*cloud.state["apis"], *(f"{api}.googleapis.com" for api in OLD_APIS)})
    invoker = "serviceAccount:bonghwa-invoker@my-project.iam.gserviceaccount.com"
    cloud.state["grants"].append([invoker, "roles/workflows.invoker"])


def only(calls: list[Call], *words: str) -> list[Call]:
    """The calls that begin with these words."""
    return [call for call in calls if call.words[: len(words)] == list(words)]


def url(name: str = "") -> str:
    """The URL that Google gives to the public service, or to that of a function."""
    service = f"bonghwa-{name.replace('_', '-')}" if name else "bonghwa"
    return f"https://{service}-{NUMBER}.asia-northeast3.run.app"
