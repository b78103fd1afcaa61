"""The place of a deployment, the names of its parts, and what is there already."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.clouds.cli import Command, File, ask
from infra.table import Row

GCLOUD = "gcloud"
OWN_FILE = ".env.gcp"
PREFIX = "bonghwa"
# The longest name that Google allows for an account.
MAX_ACCOUNT_LENGTH = 30
# Google's words for "what you made or allowed just now is not known everywhere yet": trying again helps.
NOT_YET = ("does not exist", "may not exist", "has not been used in project")
APIS = (
    "apigateway",
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "iam",
    "run",
    "secretmanager",
    "servicecontrol",
    "servicemanagement",
    "workflowexecutions",
    "workflows",
)


def name_of(row: Row) -> str:
    """The name of the function and of the account that it runs as; Cloud Run allows no underscores."""
    return f"{PREFIX}-{row.name.replace('_', '-')}"


def secret_name(setting: str) -> str:
    """The secret that holds a setting."""
    return f"{PREFIX}-{setting.lower().replace('_', '-')}"


@dataclass(frozen=True)
class Place:
    """A project with its number, the functions' region, and the gateway's, which exists in fewer regions."""

    project: str
    number: str
    region: str
    gateway_region: str

    def account(self, name: str) -> str:
        """The address of a service account."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    def url(self, row: Row) -> str:
        """The function's URL, known before the function is deployed; it is the audience of tokens for the function."""
        return f"https://{name_of(row)}-{self.number}.{self.region}.run.app"

    def command(self, *arguments: str | File) -> Command:
        """A command in this project that does not ask for confirmation."""
        return Command(GCLOUD, (*arguments, f"--project={self.project}", "--quiet"))


@dataclass(frozen=True)
class Existing:
    """The state before a deployment: all names like ours in the project, and all enabled APIs."""

    apis: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    gateway_apis: frozenset[str] = frozenset()
    configs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()


def project_number(project: str) -> str:
    """The number that belongs to a project's id. Raises CommandFailed."""
    return ask(GCLOUD, "projects", "describe", project, "--format=value(projectNumber)").strip()


def inspect(place: Place) -> Existing:
    """Ask Google for the existing parts. Raises CommandFailed."""
    apis = _names(place, "services", "list", "--enabled", key="config.name")
    has = {api: f"{api}.googleapis.com" in apis for api in APIS}
    region, gateway = f"--location={place.region}", f"--location={place.gateway_region}"
    questions = {
        "accounts": ("iam", ("iam", "service-accounts", "list"), "email"),
        "secrets": ("secretmanager", ("secrets", "list"), "name"),
        "functions": ("cloudfunctions", ("functions", "list", "--v2", f"--regions={place.region}"), "name"),
        "jobs": ("cloudscheduler", ("scheduler", "jobs", "list", region), "name"),
        "workflows": ("workflows", ("workflows", "list", region), "name"),
        "gateway_apis": ("apigateway", ("api-gateway", "apis", "list"), "name"),
        "configs": ("apigateway", ("api-gateway", "api-configs", "list"), "name"),
        "gateways": ("apigateway", ("api-gateway", "gateways", "list", gateway), "name"),
    }
    with ThreadPoolExecutor(4) as pool:
        # A disabled API has nothing, and to ask it is an error.
        works = {
            kind: pool.submit(_names, place, *words, key=key)
            for kind, (api, words, key) in questions.items()
            if has[api]
        }
        found = {kind: frozenset(filter(_is_ours, work.result())) for kind, work in works.items()}
    return Existing(apis=apis, **found)


def _names(place: Place, *words: str, key: str) -> frozenset[str]:
    answer = ask(GCLOUD, *words, f"--format=value({key})", f"--project={place.project}", "--quiet")
    return frozenset(line.rpartition("/")[2].partition("@")[0] for line in answer.split())


def _is_ours(name: str) -> bool:
    return name == PREFIX or name.startswith(f"{PREFIX}-")
