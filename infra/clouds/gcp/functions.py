"""The functions: the size of each, its environment, and the secrets that it may read."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.clouds import function_env
from infra.clouds.cli import Command
from infra.clouds.gcp.project import PREFIX, Place, name_of, secret_name
from infra.table import Row, backend, claims

RUNTIME = "python312"
BUILDER = f"{PREFIX}-build"
# The API keys of the scheduled functions: those of all others, followed by the schedules' own.
SCHEDULED_KEY = "SCHEDULED_API_KEY"


@dataclass(frozen=True)
class Size:
    """An instance's resources, and the most instances; with less than one CPU, an instance takes one request at a time.

    The instances limit the store's connections, since each opens one.
    """

    memory: str = "256Mi"
    cpu: str = "0.167"
    max_instances: int = 2
    timeout_seconds: int = 60


SIZES = {
    # It spends nearly all of its time waiting; the memory is for many checks at once.
    "check_monitors": Size(memory="512Mi", cpu="0.333", timeout_seconds=300),
    "ingest_event": Size(cpu="0.333", max_instances=3),
    # Jobs ping at the same minute, and the first failure loads a channel's library. A ping takes milliseconds, so that
    # they can wait for each other; the store has no connection to spare for a second instance.
    "receive_heartbeat": Size(cpu="0.333", max_instances=1),
    # A second instance would find everything leased by the first.
    "deliver_notifications": Size(cpu="0.333", max_instances=1, timeout_seconds=300),
    "review_alerts": Size(max_instances=1),
    "list_alerts": Size(max_instances=1),
    "list_notification_logs": Size(max_instances=1),
    "manage_monitors": Size(max_instances=1),
    "claim_checks": Size(max_instances=1),
    "manage_windows": Size(max_instances=1),
    "show_history": Size(max_instances=1),
    "maintain_store": Size(max_instances=1),
    "health": Size(max_instances=1),
    "get_alert": Size(max_instances=1),
    "update_alert": Size(max_instances=1),
    "follow_link": Size(max_instances=1),
    # It makes a page once in ten seconds; whoever else asks costs it a millisecond.
    "status_page": Size(max_instances=1),
    "metrics": Size(max_instances=1),
    "manage_incidents": Size(max_instances=1),
    # An open page asks every ten seconds, and the list of all monitors takes a while.
    "dashboard": Size(cpu="0.333", max_instances=1),
    "receive_telegram": Size(max_instances=1),
}


def is_for(row: Row, setting: str) -> bool:
    """Whether a function gets a setting; the scheduled functions have keys of their own."""
    if setting == SCHEDULED_KEY:
        return row.every is not None
    if setting == "API_KEY":
        return row.every is None
    return function_env.is_for(row, setting)


def deploy(row: Row, place: Place, plain: Mapping[str, str], secrets: frozenset[str]) -> Command:
    """Create or update one function. ``secrets``: the settings that are in Secret Manager."""
    size = SIZES.get(row.name, Size())
    # The agent calls these two itself, with a key; all other calls come through the gateway or from a schedule.
    access = "--allow-unauthenticated" if row in (backend(), claims()) else "--no-allow-unauthenticated"
    references = {
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
        f"--set-secrets={_pairs(references)}",
    )


def environment(row: Row, place: Place, plain: Mapping[str, str]) -> dict[str, str]:
    """A function's environment, without its secrets."""
    variables = {setting: value for setting, value in plain.items() if is_for(row, setting)}
    variables["API_AUTH"] = "all"
    if "agent" in row.needs:
        # Only /tmp can be written, and it lives no longer than the instance.
        variables |= {"BACKEND_URL": place.url(backend()), "SPOOL_DIR": "/tmp"}  # noqa: S108
        # Each function has an address of its own.
        variables["CLAIM_URL"] = f"{place.url(claims())}/checks/claim"
    return variables


def _pairs(values: Mapping[str, str]) -> str:
    """A dictionary for gcloud, with a separator that occurs in none of its values."""
    separators = (",", "|", "~~", "@@@", "%%%%")
    separator = next(mark for mark in separators if not any(mark in value for value in values.values()))
    joined = separator.join(f"{name}={value}" for name, value in sorted(values.items()))
    return joined if separator == "," else f"^{separator}^{joined}"
