"""The services: which functions run in each, its size, its environment, and the secrets that it may read.

In the shape TOGETHER, one public service runs every function that people call, behind the laptop's gateway. In the
shape APART it is the gateway alone, and each of those functions is a private service of its own. A function that a
schedule calls is always a private service of its own.

The agent of the deployment has a service to report to: reports mostly wait for the store, which would cost three times
as much on the whole processor that people get; and a slow page delays no report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.clouds import function_env
from infra.clouds.cli import Command
from infra.clouds.cron import Beat
from infra.clouds.gcp.front import FORWARD_TO, SERVES
from infra.clouds.gcp.project import PREFIX, Place, name_of, secret_name
from infra.table import Row, backend, claims, rows
from shared.web.forwarded import ONLY_FORWARDED

TOGETHER, APART = "together", "apart"
REPORTS = f"{PREFIX}-reports"
# The API keys of the scheduled functions: those of all others, followed by the schedules' own.
SCHEDULED_KEY = "SCHEDULED_API_KEY"
# The gateway alone needs to know what it is called, and how much to log.
_OF_THE_GATEWAY = {"PUBLIC_URL", "LOG_LEVEL"}


@dataclass(frozen=True)
class Size:
    """An instance's resources and how many requests it takes at once, and the most instances.

    With less than one CPU, Cloud Run gives an instance one request at a time. The instances limit the store's
    connections, since each opens one, however many requests share it.
    """

    memory: str = "256Mi"
    cpu: str = "0.167"
    concurrency: int = 1
    max_instances: int = 1
    timeout_seconds: int = 60


# One whole CPU, so that requests can share it. The second instance is for a rush.
PUBLIC = Size(memory="512Mi", cpu="1", concurrency=16, max_instances=2)


@dataclass(frozen=True)
class Service:
    """One service of Cloud Run. ``target``: what functions-framework loads; ``rows``: the functions that it runs."""

    name: str
    target: str
    rows: tuple[Row, ...]
    size: Size

    @property
    def is_public(self) -> bool:
        """Whether everybody reaches it; it asks for the API key itself."""
        return self.name in (PREFIX, REPORTS)

    @property
    def has_store(self) -> bool:
        """Whether it connects to the database."""
        return any("store" in row.needs for row in self.rows)

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule calls it."""
        return any(row.every is not None for row in self.rows)


def size_of(row: Row) -> Size:
    """The size of a function that is a service of its own, as what it needs asks for.

    A second instance of most would only wait for the store. The smallest processor does for a reader; to send, a
    function loads a channel's library, and the agent has many checks at once.
    """
    size = Size()
    if "channels" in row.needs:
        size = replace(size, cpu="0.333")
    if "agent" in row.needs:
        size = replace(size, memory="512Mi", max_instances=2)
    return replace(size, timeout_seconds=300) if row.every is not None else size


def services(shape: str) -> list[Service]:
    """Every service of a shape: the one that people call, the one that the agent reports to, and the others."""
    called = tuple(row for row in rows() if row.every is None)
    alone = [row for row in rows() if row.every is not None or shape == APART]
    front = Service(PREFIX, shape, called if shape == TOGETHER else (), PUBLIC)
    reports = Service(REPORTS, TOGETHER, (backend(), claims()), replace(size_of(backend()), max_instances=2))
    return [front, reports, *(Service(name_of(row), row.name, (row,), size_of(row)) for row in alone)]


def is_for(service: Service, setting: str) -> bool:
    """Whether a service gets a setting; the scheduled functions have keys of their own."""
    if not service.rows:
        return setting in _OF_THE_GATEWAY
    if setting == SCHEDULED_KEY:
        return service.is_scheduled
    if setting == "API_KEY":
        return not service.is_scheduled
    return any(function_env.is_for(row, setting) for row in service.rows)


def deploy(
    service: Service,
    place: Place,
    image: str,
    plain: Mapping[str, str],
    secrets: Mapping[str, int],
    later: Mapping[str, str],
    socket: str = "",
) -> Command:
    """Create or update one service. ``secrets``: the version in Secret Manager of each setting that is there.

    ``later``: the agent's variables for its runs between the ticks of the scheduler. ``socket``: the flag for that of
    the database, if the service has the store.
    """
    size = service.size
    references = {
        ("API_KEY" if setting == SCHEDULED_KEY else setting): f"{secret_name(setting)}:{version}"
        for setting, version in sorted(secrets.items())
        if is_for(service, setting)
    }
    return place.command(
        "run",
        "deploy",
        service.name,
        f"--image={image}",
        f"--region={place.region}",
        f"--service-account={place.account(service.name)}",
        f"--memory={size.memory}",
        f"--cpu={size.cpu}",
        f"--concurrency={size.concurrency}",
        "--min-instances=0",
        f"--max-instances={size.max_instances}",
        f"--timeout={size.timeout_seconds}s",
        f"--set-env-vars={_pairs({**environment(service, place, plain), **later})}",
        # Without a pair, the flag would be refused.
        f"--set-secrets={_pairs(references)}" if references else "--clear-secrets",
        *([socket] if socket else []),
        # The permission to call the public one is a stage of its own, since an organization can forbid one way.
        *([] if service.is_public else ["--no-allow-unauthenticated"]),
    )


def environment(service: Service, place: Place, plain: Mapping[str, str]) -> dict[str, str]:
    """A service's environment, without its secrets."""
    variables = {setting: value for setting, value in plain.items() if is_for(service, setting)}
    variables |= {"FUNCTION_TARGET": service.target, "API_AUTH": "all"}
    if any("agent" in row.needs for row in service.rows):
        # Only /tmp can be written, and it lives no longer than the instance.
        variables |= {"BACKEND_URL": place.url(REPORTS), "SPOOL_DIR": "/tmp"}  # noqa: S108
    if service.name == REPORTS:
        variables[SERVES] = ",".join(row.name for row in service.rows)
    if service.size.concurrency > 1:
        # functions-framework's own number follows the processors of the machine.
        variables["THREADS"] = str(service.size.concurrency)
    if not service.is_public and not service.is_scheduled:
        variables[ONLY_FORWARDED] = "true"
    if not service.rows:
        variables[FORWARD_TO] = place.url(f"{PREFIX}-{{}}")
    return variables


def later_runs(beat: Beat, queue: str, place: Place) -> dict[str, str]:
    """The variables of a function that runs more often than the scheduler ticks."""
    seconds = ",".join(str(delay) for delay in beat.delays if delay)
    path = f"projects/{place.project}/locations/{place.region}/queues/{queue}"
    return {"LATER_RUNS_QUEUE": path, "LATER_RUNS_SECONDS": seconds} if seconds else {}


def _pairs(values: Mapping[str, str]) -> str:
    """A dictionary for gcloud, with a separator that occurs in none of its values."""
    separators = (",", "|", "~~", "@@@", "%%%%")
    separator = next(mark for mark in separators if not any(mark in value for value in values.values()))
    joined = separator.join(f"{name}={value}" for name, value in sorted(values.items()))
    return joined if separator == "," else f"^{separator}^{joined}"
