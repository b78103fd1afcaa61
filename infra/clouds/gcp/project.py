"""The project on Google Cloud: its place, the names of its parts, and what is there already."""

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from infra.clouds.cli import Command, File, ask
from infra.clouds.gcp.words import GONE
from infra.table import Row

GCLOUD = "gcloud"
OWN_FILE = ".env.gcp"
PREFIX = "bonghwa"
# The longest names that Google allows: for an account, and for a part of a host's name.
MAX_ACCOUNT_LENGTH, MAX_LABEL_LENGTH = 30, 63
APIS = (
    "artifactregistry",
    "cloudbuild",
    "cloudresourcemanager",
    "cloudscheduler",
    "cloudtasks",
    "iam",
    "run",
    "secretmanager",
    "storage",
)
# Where every project may build, by the part of the world with which a region's name begins. "Some projects may be
# restricted" to these: https://cloud.google.com/build/docs/locations.
BUILD_REGIONS = {
    "africa": "europe-west1",
    "asia": "asia-east1",
    "australia": "australia-southeast1",
    "europe": "europe-west1",
    "me": "europe-west1",
    "southamerica": "southamerica-east1",
    "us": "us-central1",
    "us-west": "us-west2",
}


def build_region_near(region: str) -> str:
    """Where the image for services in ``region`` is built."""
    parts = region.split("-")
    regions = BUILD_REGIONS.values()
    known = (BUILD_REGIONS.get(name) for name in ("-".join(parts[:2]).rstrip("0123456789"), parts[0], "us"))
    return region if region in regions else next(filter(None, known))


def name_of(row: Row) -> str:
    """The name of a function's own service, and of the account that it runs as; Cloud Run allows no underscores."""
    return f"{PREFIX}-{row.name.replace('_', '-')}"


def secret_name(setting: str) -> str:
    """The secret that holds a setting. A monitor's variable may differ from another in its case alone."""
    name = setting.lower() if setting.isupper() else setting
    return f"{PREFIX}-{name.replace('_', '-')}"


@dataclass(frozen=True)
class Place:
    """A project with its number, the region of all that runs, and the region of the builds."""

    project: str
    number: str
    region: str
    build_region: str

    def account(self, name: str) -> str:
        """The address of a service account."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    def member(self, name: str) -> str:
        """The account in a policy."""
        return f"serviceAccount:{self.account(name)}"

    def url(self, service: str = PREFIX) -> str:
        """A service's URL, known before it is deployed; it is the audience of tokens for the service."""
        return f"https://{service}-{self.number}.{self.region}.run.app"

    @property
    def bucket(self) -> str:
        """Where the source of a build is put. Buckets of all projects share one space of names."""
        return f"{PREFIX}-build-{self.number}"

    def command(self, *arguments: str | File, **more: Any) -> Command:
        """A command in this project that does not ask for confirmation."""
        return Command(GCLOUD, (*arguments, f"--project={self.project}", "--quiet"), **more)

    def delete(self, *arguments: str) -> Command:
        """A command that removes something, or finds that it is gone."""
        return self.command(*arguments, done_if=GONE)


@dataclass(frozen=True)
class Versions:
    """A secret's newest version, and those of all versions that can still be read."""

    newest: int = 0
    enabled: tuple[int, ...] = ()


@dataclass(frozen=True)
class Existing:
    """The state before a deployment: all names like ours in the project, and all enabled APIs."""

    apis: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    # What the project's policy grants to our accounts, those that are deleted among them: member and role.
    grants: frozenset[tuple[str, str]] = frozenset()
    secrets: Mapping[str, Versions] = field(default_factory=lambda: MappingProxyType({}))
    repositories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    buckets: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    # What a version with functions behind an API Gateway made.
    functions: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    gateway_apis: frozenset[str] = frozenset()
    configs: frozenset[str] = frozenset()
    gateways: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def project_number(project: str) -> str:
    """The number that belongs to a project's id. Raises CommandFailed."""
    return ask(GCLOUD, "projects", "describe", project, "--format=value(projectNumber)").strip()


def inspect(place: Place) -> Existing:
    """Ask Google for the existing parts. Raises CommandFailed."""
    apis = frozenset(_basename(line) for line in _lines(place, "services", "list", "--enabled", key="config.name"))
    location = f"--location={place.region}"
    questions = {
        "accounts": ("iam", ("iam", "service-accounts", "list"), "email"),
        "secrets": ("secretmanager", ("secrets", "list"), "name"),
        "repositories": ("artifactregistry", ("artifacts", "repositories", "list", location), "name"),
        "buckets": ("storage", ("storage", "buckets", "list", f"--filter=name={place.bucket}"), "name"),
        "services": ("run", ("run", "services", "list", f"--region={place.region}"), "metadata.name"),
        "jobs": ("cloudscheduler", ("scheduler", "jobs", "list", location), "name"),
        "queues": ("cloudtasks", ("tasks", "queues", "list", location), "name"),
        "functions": ("cloudfunctions", ("functions", "list", "--v2", f"--regions={place.region}"), "name"),
        "workflows": ("workflows", ("workflows", "list", location), "name"),
        "gateway_apis": ("apigateway", ("api-gateway", "apis", "list"), "name"),
        "configs": ("apigateway", ("api-gateway", "api-configs", "list"), "name"),
        "gateways": ("apigateway", ("api-gateway", "gateways", "list"), "name"),
    }
    # A disabled API has nothing, and to ask it is an error.
    asked = {kind: (words, key) for kind, (api, words, key) in questions.items() if f"{api}.googleapis.com" in apis}
    with ThreadPoolExecutor(4) as pool:
        works = {kind: pool.submit(_lines, place, *words, key=key) for kind, (words, key) in asked.items()}
        lines = {kind: work.result() for kind, work in works.items()}
        found = {kind: frozenset(filter(_is_ours, map(_basename, said))) for kind, said in lines.items()}
        secrets = {name: pool.submit(_versions, place, name) for name in found.pop("secrets", ())}
        tags = pool.submit(_tags, place) if PREFIX in found.get("repositories", ()) else None
        found.pop("gateways", None)
        return Existing(
            apis=apis,
            **found,
            grants=_grants(place),
            secrets={name: work.result() for name, work in secrets.items()},
            tags=tags.result() if tags else frozenset(),
            gateways=_places(lines.get("gateways", ())),
        )


def _places(names: Iterable[str]) -> dict[str, str]:
    """The region of each: ``projects/P/locations/REGION/…/NAME``."""
    return {_basename(name): name.split("/")[3] for name in names if _is_ours(_basename(name))}


def _versions(place: Place, secret: str) -> Versions:
    said = [line.split() for line in _lines(place, "secrets", "versions", "list", secret, key="name,state")]
    numbers = {int(_basename(name)): state.lower() for name, state in said}
    enabled = (number for number, state in numbers.items() if state == "enabled")
    return Versions(max(numbers, default=0), tuple(sorted(enabled)))


def _tags(place: Place) -> frozenset[str]:
    said = _lines(place, "artifacts", "docker", "images", "list", image(place), "--include-tags", key="tags")
    return frozenset(tag for line in said for tag in re.split("[,;]", line))


def _grants(place: Place) -> frozenset[tuple[str, str]]:
    words = ("projects", "get-iam-policy", place.project, "--flatten=bindings[].members")
    said = [line.split() for line in _lines(place, *words, key="bindings.members,bindings.role")]
    return frozenset((member, role) for member, role in said if _is_own_account(place, member))


def _is_own_account(place: Place, member: str) -> bool:
    # deleted:serviceAccount:NAME@…?uid=… is left in a policy when an account is deleted.
    name, _, domain = member.removeprefix("deleted:").removeprefix("serviceAccount:").partition("@")
    return _is_ours(name) and domain.partition("?")[0] == place.account("").removeprefix("@")


def image(place: Place) -> str:
    """The image's name, without a tag."""
    return f"{place.region}-docker.pkg.dev/{place.project}/{PREFIX}/functions"


def _lines(place: Place, *words: str, key: str) -> list[str]:
    answer = ask(GCLOUD, *words, f"--format=value({key})", f"--project={place.project}", "--quiet")
    return [line.strip() for line in answer.splitlines() if line.strip()]


def _basename(name: str) -> str:
    return name.rpartition("/")[2].partition("@")[0]


def _is_ours(name: str) -> bool:
    return name == PREFIX or name.startswith(f"{PREFIX}-")
