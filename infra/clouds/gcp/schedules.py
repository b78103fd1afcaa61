"""The schedules: Cloud Scheduler, which ticks at most once a minute, and Cloud Tasks' queue for the runs in between.

A job of the scheduler can name no point in time, so the run at the tick asks the queue itself for the later ones
(functions/check_monitors/later_runs). A function that waits would cost every second.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import SecretStr

from functions.check_monitors.later_runs.cloud_tasks import CALLER
from infra.clouds import cron
from infra.clouds.cli import Command, File
from infra.clouds.cron import Beat
from infra.clouds.gcp.project import PREFIX, Existing, Place, name_of
from infra.clouds.gcp.services import size_of
from infra.table import Row
from shared.settings import Settings

SHORTEST_SECONDS = 10


def beat_of(row: Row, settings: Settings) -> Beat:
    """When the row's function is called. Raises SettingError if Google's scheduler cannot do that."""
    return cron.beat_of(row, settings, SHORTEST_SECONDS, "Google's")


def tick_job(row: Row) -> str:
    """The job that calls the function, at the scheduler's tick."""
    return name_of(row)


def job(row: Row, beat: Beat, place: Place, existing: Existing, key: SecretStr) -> Command:
    """Create or update the function's job."""
    name, url = tick_job(row), place.url(name_of(row))
    verb, headers = ("update", "--update-headers") if name in existing.jobs else ("create", "--headers")
    return place.command(
        *("scheduler", "jobs", verb, "http", name, f"--location={place.region}"),
        f"--schedule={beat.cron}",
        "--time-zone=Etc/UTC",
        "--http-method=post",
        "--max-retry-attempts=0",
        f"--uri={url}",
        f"--attempt-deadline={size_of(row).timeout_seconds}s",
        f"--oidc-service-account-email={place.account(CALLER)}",
        f"--oidc-token-audience={url}",
        File("--flags-file", f"{name}.json", {headers: {"X-API-Key": key.get_secret_value()}}, is_secret=True),
    )


def queue_name(existing: Existing, beats: Mapping[Row, Beat], now: datetime) -> str:
    """The queue for the later runs: the one that is there, or a new one; empty if no function needs one.

    A queue that was deleted blocks its name for days, and may seem to be created again although it is not:
    https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete.
    """
    if not any(len(beat.delays) > 1 for beat in beats.values()):
        return ""
    return min(existing.queues, default=f"{PREFIX}-{now:%Y%m%d-%H%M%S-%f}")


def queue(place: Place, existing: Existing, name: str, beats: Mapping[Row, Beat]) -> Iterator[Command]:
    """Create the queue, and let the functions use it that run more often than the scheduler ticks."""
    location = f"--location={place.region}"
    if name and name not in existing.queues:
        # A run that failed is not tried again: the next one comes soon.
        yield place.command("tasks", "queues", "create", name, location, "--max-attempts=1")
    for row in (row for row, beat in beats.items() if len(beat.delays) > 1):
        member = f"--member={place.member(name_of(row))}"
        enqueuer = ("tasks", "queues", "add-iam-policy-binding", name, location, member)
        yield place.command(*enqueuer, "--role=roles/cloudtasks.enqueuer")
        # A task shows the identity of the schedules, and who makes one must be allowed to act as it.
        user = ("iam", "service-accounts", "add-iam-policy-binding", place.account(CALLER), member)
        yield place.command(*user, "--role=roles/iam.serviceAccountUser")
