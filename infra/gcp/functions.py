"""The functions: how large each is, what it is told, and which secrets it may read."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.gcp.commands import Command
from infra.gcp.place import PREFIX, Place, name_of, secret_name
from infra.table import Row, rows
from shared.settings import Settings

RUNTIME = "python312"
BUILDER = f"{PREFIX}-build"
AGENT = "check_monitors"
BACKEND = "ingest_event"
WITHOUT_STORE = {AGENT, "describe_api"}
WITH_CHANNELS = {AGENT, BACKEND, "update_alert", "deliver_notifications"}
# The API key of the functions that a schedule calls: every other's, and behind them the schedules' own.
SCHEDULED_KEY = "SCHEDULED_API_KEY"

_AGENTS_OWN = {
    "TARGET_URL",
    "CHECK_INTERVAL_SECONDS",
    "CHECK_TIMEOUT_SECONDS",
    "LOCATION",
    "ALLOW_PRIVATE_TARGETS",
    "CONNECTIVITY_CHECK",
    "HEARTBEAT_URL",
}
# Said by the deployment itself, or without a meaning where there is no disk.
_NOT_TAKEN = {"API_AUTH", "BACKEND_URL", "SPOOL_DIR", "LOG_DIR"}


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
    AGENT: Size(memory="512Mi", cpu="0.333", timeout_seconds=300),
    BACKEND: Size(cpu="0.333", max_instances=5),
    # A second one would find everything leased by the first.
    "deliver_notifications": Size(cpu="0.333", max_instances=1, timeout_seconds=300),
}


def is_secret(setting: str, value: str) -> bool:
    """Whether a setting goes through Secret Manager: by its name, or since a URL in it carries a password."""
    is_named = any(word in setting for word in ("KEY", "TOKEN", "SECRET", "PASSWORD", "HEARTBEAT", "DATABASE"))
    return is_named or bool(re.search(r"://[^/\s,]*@", value))


def is_for(row: Row, setting: str) -> bool:
    """Whether a function reads a setting, so that it gets it. No function gets a secret that it does not need."""
    if setting in _NOT_TAKEN or setting.startswith("FLASK_"):
        return False
    if setting == SCHEDULED_KEY:
        return row.every is not None
    if setting == "API_KEY":
        return row.every is None
    if setting in _AGENTS_OWN:
        return row.name == AGENT
    if setting == "DATABASE_URL":
        return row.name not in WITHOUT_STORE
    # What the settings do not know is a channel's.
    return setting in _known() or row.name in WITH_CHANNELS


def deploy(row: Row, place: Place, plain: Mapping[str, str], secrets: frozenset[str]) -> Command:
    """Create or update one function. ``secrets`` are the settings that stand in Secret Manager."""
    size = SIZES.get(row.name, Size())
    # Only the agent calls another function, with a key; everything else comes through the gateway or a schedule.
    access = "--allow-unauthenticated" if row.name == BACKEND else "--no-allow-unauthenticated"
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
    if row.name == AGENT:
        backend = next(each for each in rows() if each.name == BACKEND)
        # /tmp is the only place that can be written, and is as short-lived as the instance.
        told |= {"BACKEND_URL": place.url(backend), "SPOOL_DIR": "/tmp"}  # noqa: S108
    return told


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(str(field.alias) for field in Settings.model_fields.values())


def _pairs(values: Mapping[str, str]) -> str:
    """As gcloud takes a dictionary, with a separator that stands in none of its values."""
    separator = next(each for each in (",", "|", "~~", "@@@", "%%%%") if not any(each in v for v in values.values()))
    joined = separator.join(f"{name}={value}" for name, value in sorted(values.items()))
    return joined if separator == "," else f"^{separator}^{joined}"
