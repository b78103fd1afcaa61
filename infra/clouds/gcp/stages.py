"""The stages of a deployment and of its removal, made from the table and from what is there."""

from collections.abc import Iterator, Mapping

from infra.clouds.cli import Command, Stage
from infra.clouds.cron import Beat
from infra.clouds.gcp import access, database, functions, gateway, schedules
from infra.clouds.gcp.project import APIS, OWN_FILE, PREFIX, Existing, Place, name_of, secret_name
from infra.clouds.settings import checked, refuse_missing_libraries
from infra.table import Row, rows
from shared.settings import Settings
from shared.settings.secrets import is_secret


def deployment(
    place: Place, existing: Existing, given: Mapping[str, str], sql: database.Instance | None = None
) -> list[Stage]:
    """Create what is missing, update what is there, remove what is no longer needed.

    ``given``: every setting by its variable; ``sql``: the database, if the deployment makes it. Reads the secrets that
    are stored already, so that it can leave equal ones alone.

    Raises:
        SettingError: functions there cannot run with a setting.
        CommandFailed: a stored secret cannot be read.
    """
    settings = settings_of(given)
    beats = {row: schedules.beat_of(row, settings) for row in rows() if row.every is not None}
    plain = {name: value for name, value in given.items() if not is_secret(name, value)}
    hidden = {name: value for name, value in given.items() if is_secret(name, value)}
    secrets = access.secrets_of(hidden, settings.key)
    with_store = [name_of(row) for row in rows() if "store" in row.needs]
    return [
        _enable(place),
        *(database.creation(place, sql) if sql else ()),
        Stage("accounts", access.new_accounts(place, existing), is_parallel=True, usual_seconds=20),
        Stage("roles", access.roles(place)),
        *([database.clients(place, with_store)] if sql else ()),
        Stage("secrets", list(access.write_secrets(place, existing, secrets)), usual_seconds=20),
        Stage("who reads which secret", access.readers(place, secrets), is_parallel=True, usual_seconds=10),
        Stage(
            "functions",
            [functions.deploy(row, place, plain, frozenset(secrets)) for row in rows()],
            is_parallel=True,
            usual_seconds=600,
        ),
        *([database.sockets(place, sql, with_store)] if sql else ()),
        Stage("who calls which function", access.callers(place), is_parallel=True, usual_seconds=30),
        Stage("the public URL", list(gateway.commands(place, existing)), usual_seconds=240),
        Stage("schedules", list(_schedules(place, existing, beats, settings)), usual_seconds=30),
        Stage("what is no longer needed", list(_leftovers(place, existing, beats, frozenset(secrets)))),
    ]


def settings_of(given: Mapping[str, str]) -> Settings:
    """The settings, if functions there can run with them. Raises SettingError."""
    refuse_missing_libraries(given, OWN_FILE)
    return checked(given, OWN_FILE)


def removal(place: Place, existing: Existing) -> list[Stage]:
    """Remove everything that a deployment made, but not the project, its APIs and the database."""
    bound = [(name, role) for name, role in access.PROJECT_ROLES.items() if name in existing.accounts]
    return [
        Stage("schedules", [*_delete_jobs(place, existing.jobs), *_delete_workflows(place, existing.workflows)]),
        Stage("the public URL", list(_delete_gateway(place, existing))),
        Stage("functions", list(_delete_functions(place, existing.functions)), is_parallel=True),
        Stage("secrets", list(_delete_secrets(place, existing.secrets))),
        Stage(
            "roles",
            [
                place.command(
                    "projects",
                    "remove-iam-policy-binding",
                    place.project,
                    f"--member=serviceAccount:{place.account(name)}",
                    f"--role={role}",
                    "--condition=None",
                )
                for name, role in bound
            ],
        ),
        Stage(
            "accounts",
            [
                place.command("iam", "service-accounts", "delete", place.account(name))
                for name in sorted(existing.accounts & set(access.account_names()))
            ],
            is_parallel=True,
        ),
    ]


def _enable(place: Place) -> Stage:
    apis = (f"{api}.googleapis.com" for api in APIS)
    return Stage("enable the APIs", [place.command("services", "enable", *apis)], usual_seconds=30)


def _schedules(place: Place, existing: Existing, beats: Mapping[Row, Beat], settings: Settings) -> Iterator[Command]:
    key = access.schedule_key(settings.key)
    for row, beat in beats.items():
        if len(beat.delays) > 1:
            yield schedules.workflow(row, place, key)
        yield from schedules.jobs(row, beat, place, existing, key)


def _leftovers(
    place: Place, existing: Existing, beats: Mapping[Row, Beat], secrets: frozenset[str]
) -> Iterator[Command]:
    jobs = {name for row, beat in beats.items() for name in schedules.job_names(row, beat)}
    yield from _delete_jobs(place, existing.jobs - jobs)
    workflows = {name_of(row) for row, beat in beats.items() if len(beat.delays) > 1}
    yield from _delete_workflows(place, existing.workflows - workflows)
    yield from _delete_functions(place, existing.functions - {name_of(row) for row in rows()})
    yield from _delete_secrets(place, existing.secrets - {secret_name(setting) for setting in secrets})


def _delete_jobs(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.command("scheduler", "jobs", "delete", name, f"--location={place.region}")


def _delete_workflows(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.command("workflows", "delete", name, f"--location={place.region}")


def _delete_functions(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.command("functions", "delete", name, f"--region={place.region}")


def _delete_secrets(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.command("secrets", "delete", name)


def _delete_gateway(place: Place, existing: Existing) -> Iterator[Command]:
    # In this order, since each is used by the one before.
    if PREFIX in existing.gateways:
        location = f"--location={place.gateway_region}"
        yield place.command("api-gateway", "gateways", "delete", PREFIX, location)
    for name in sorted(existing.configs):
        yield place.command("api-gateway", "api-configs", "delete", name, f"--api={PREFIX}")
    if PREFIX in existing.gateway_apis:
        yield place.command("api-gateway", "apis", "delete", PREFIX)
