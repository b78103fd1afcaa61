"""The project on Google Cloud: its place, the names of its parts, and what is there already."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from infra.clouds.cli import Command, File
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
# The regions in which every project may build, by the first word of a region's name. "Some projects may be restricted"
# to these: https://cloud.google.com/build/docs/locations.
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
    """The region in which the image for services in ``region`` is built."""
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
        """The bucket of a build's source. Buckets of all projects share one space of names."""
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
    """The state before a deployment: all names like ours in the region, and in what all regions share; and all APIs.

    ``elsewhere``: the other regions in which services of ours are, and ``images_elsewhere`` those with a repository.
    """

    apis: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    # The grants of the project's policy to our accounts, also to deleted ones: member and role.
    grants: frozenset[tuple[str, str]] = frozenset()
    secrets: Mapping[str, Versions] = field(default_factory=lambda: MappingProxyType({}))
    repositories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    buckets: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    # The things of a version with functions behind an API Gateway.
    functions: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    gateway_apis: frozenset[str] = frozenset()
    configs: frozenset[str] = frozenset()
    gateways: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    elsewhere: frozenset[str] = frozenset()
    images_elsewhere: frozenset[str] = frozenset()

    def of_the_region(self) -> "Existing":
        """The same without what is also for services in other regions."""
        none = frozenset[str]()
        kept = replace(self, accounts=none, grants=frozenset(), secrets={}, buckets=none)
        return replace(kept, gateway_apis=none, configs=none, gateways={})


def image(place: Place) -> str:
    """The image's name, without a tag."""
    return f"{place.region}-docker.pkg.dev/{place.project}/{PREFIX}/functions"
