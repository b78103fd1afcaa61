"""The functions: how large each is, what it is told, and which secrets it may read."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.clouds import function_env
from infra.clouds.cli import Command
from infra.clouds.gcp.project import PREFIX, Place, name_of, secret_name
from infra.table import Row, backend

RUNTIME = "python312"
BUILDER = f"{PREFIX}-build"
# The API key of the functions that a schedule calls: every other's, and behind them the schedules' own.
SCHEDULED_KEY = "SCHEDULED_API_KEY"


@dataclass(frozen=True)
class Size:
    """What an instance has, and how many there are at most; under one CPU it takes one request at a time.

    The instances bound the store's connections, one each.
    """

    memory: str = "256Mi"
    cpu: str = "0.167"
    max_instances: int = 2
    timeout_seconds: int = 60


SIZES = {
    # It waits for others nearly all of its time; the memory is for many checks side by side.
    "check_monitors": Size(memory="512Mi", cpu="0.333", timeout_seconds=300),
    "ingest_event": Size(cpu="0.333", max_instances=5),
    # A second one would find everything leased by the first.
    "deliver_notifications": Size(cpu="0.333", max_instances=1, timeout_seconds=300),
    "review_alerts": Size(max_instances=1),
}


def is_for(row: Row, setting: str) -> bool:
    """Whether a function reads a setting; a schedule's functions have keys of their own."""
    if setting == SCHEDULED_KEY:
        return row.every is not None
    if setting == "API_KEY":
        return row.every is None
    return function_env.is_for(row, setting)


def deploy(row: Row, place: Place, plain: Mapping[str, str], secrets: frozenset[str]) -> Command:
    """Create or update one function. ``secrets`` are the settings that stand in Secret Manager."""
    size = SIZES.get(row.name, Size())
    # Only the agent calls another function, with a key; everything else comes through the gateway or a schedule.
    access = "--allow-unauthenticated" if row == backend() else "--no-allow-unauthenticated"
    told = {
        ("API_KEY" if setting == SCHEDULED_KEY else setting): f"{secret_name(setting)}:latest"
        for setting in sorted(secrets)
        if is_for(row, setting)
    }
    return place.command(
        "functions",
        "deploy",
        name_of(row),
        "--gen2",
        f"--region={place.region}",
        f"--runtime={RUNTIME}",
        "--source=.",
        f"--entry-point={row.name}",
        "--trigger-http",
        access,
        f"--service-account={place.account(name_of(row))}",
        f"--build-service-account=projects/{place.project}/serviceAccounts/{place.account(BUILDER)}",
        f"--memory={size.memory}",
        f"--cpu={size.cpu}",
        "--concurrency=1",
        "--min-instances=0",
        f"--max-instances={size.max_instances}",
        f"--timeout={size.timeout_seconds}s",
        f"--set-env-vars={_pairs(environment(row, place, plain))}",
        f"--set-secrets={_pairs(told)}",
    )


def environment(row: Row, place: Place, plain: Mapping[str, str]) -> dict[str, str]:
    """What a function finds in its environment beside its secrets."""
    told = {setting: value for setting, value in plain.items() if is_for(row, setting)}
    told["API_AUTH"] = "all"
    if "agent" in row.needs:
        # /tmp is the only place that can be written, and is as short-lived as the instance.
        told |= {"BACKEND_URL": place.url(backend()), "SPOOL_DIR": "/tmp"}  # noqa: S108
    return told


def _pairs(values: Mapping[str, str]) -> str:
    """As gcloud takes a dictionary, with a separator that stands in none of its values."""
    separator = next(each for each in (",", "|", "~~", "@@@", "%%%%") if not any(each in v for v in values.values()))
    joined = separator.join(f"{name}={value}" for name, value in sorted(values.items()))
    return joined if separator == "," else f"^{separator}^{joined}"
