"""The schedules: Cloud Scheduler, which ticks at most once a minute, and a workflow for the runs in between.

A workflow that sleeps costs its two steps, and nothing for the time. A function that waits costs every second. Cloud
Tasks would be free, but expects a point in time instead of a delay, and a job of the scheduler cannot compute one.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from infra.clouds import cron
from infra.clouds.cli import Command, File
from infra.clouds.cron import Beat
from infra.clouds.gcp.functions import SIZES
from infra.clouds.gcp.project import PREFIX, Existing, Place, name_of
from infra.table import Row
from shared.settings import Settings

CALLER = f"{PREFIX}-invoker"
SHORTEST_SECONDS = 10


def beat_of(row: Row, settings: Settings) -> Beat:
    """When the row's function is called. Raises SettingError if Google's scheduler cannot do that."""
    return cron.beat_of(row, settings, SHORTEST_SECONDS, "Google's")


def job_names(row: Row, beat: Beat) -> list[str]:
    """The jobs of a function: the one at the tick has its name, the others also name the seconds of their delay."""
    return [f"{tick_job(row)}-{delay}s" if delay else tick_job(row) for delay in beat.delays]


def tick_job(row: Row) -> str:
    """The job that calls the function itself, at the scheduler's tick."""
    return name_of(row)


def jobs(row: Row, beat: Beat, place: Place, existing: Existing, key: SecretStr) -> Iterator[Command]:
    """Create or update the function's jobs."""
    for name, delay in zip(job_names(row, beat), beat.delays, strict=True):
        is_new = name not in existing.jobs
        verb, headers = ("create", "--headers") if is_new else ("update", "--update-headers")
        common = [
            *("scheduler", "jobs", verb, "http", name, f"--location={place.region}"),
            f"--schedule={beat.cron}",
            "--time-zone=Etc/UTC",
            "--http-method=post",
            "--max-retry-attempts=0",
        ]
        if delay:
            workflow = f"projects/{place.project}/locations/{place.region}/workflows/{name_of(row)}"
            yield place.command(
                *common,
                f"--uri=https://workflowexecutions.googleapis.com/v1/{workflow}/executions",
                f"--message-body={json.dumps({'argument': json.dumps({'seconds': delay})})}",
                f"{headers}=Content-Type=application/json",
                f"--oauth-service-account-email={place.account(CALLER)}",
            )
        else:
            content = {headers: {"X-API-Key": key.get_secret_value()}}
            yield place.command(
                *common,
                f"--uri={place.url(row)}",
                f"--attempt-deadline={SIZES[row.name].timeout_seconds}s",
                f"--oidc-service-account-email={place.account(CALLER)}",
                f"--oidc-token-audience={place.url(row)}",
                File("--flags-file", f"{name}.json", content, is_secret=True),
            )


def workflow(row: Row, place: Place, key: SecretStr) -> Command:
    """Create or update the workflow that sleeps and then calls the function."""
    file = File("--source", f"{name_of(row)}.json", definition(row, place, key), is_secret=True)
    return place.command(
        "workflows",
        "deploy",
        name_of(row),
        f"--location={place.region}",
        file,
        f"--service-account={place.account(CALLER)}",
    )


def definition(row: Row, place: Place, key: SecretStr) -> dict[str, Any]:
    """The workflow itself."""
    call = {
        "url": place.url(row),
        "headers": {"X-API-Key": key.get_secret_value()},
        "auth": {"type": "OIDC", "audience": place.url(row)},
        "timeout": SIZES[row.name].timeout_seconds,
    }
    return {
        "main": {
            "params": ["args"],
            "steps": [
                {"wait": {"call": "sys.sleep", "args": {"seconds": "${args.seconds}"}}},
                {"call_function": {"call": "http.post", "args": call}},
            ],
        }
    }
