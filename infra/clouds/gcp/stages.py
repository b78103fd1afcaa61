"""The stages of a deployment and of its removal, made from the table and from what is there."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from pydantic import SecretStr

from infra.clouds.cli import Command, Stage
from infra.clouds.cron import Beat
from infra.clouds.function_env import is_hidden
from infra.clouds.gcp import access, database, image, older, schedules, services
from infra.clouds.gcp.project import APIS, OWN_FILE, Existing, Place, secret_name
from infra.clouds.gcp.services import Service
from infra.clouds.settings import checked, refuse_missing_libraries
from infra.table import Row, rows
from shared.settings import Settings


def deployment(
    place: Place,
    existing: Existing,
    given: Mapping[str, str],
    shape: str,
    now: datetime,
    sql: database.Instance | None = None,
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
    plain, secrets = _parted(existing, {"PUBLIC_URL": place.url(), **given}, settings)  # messages link to it
    read, made = access.versions(place, existing, secrets), services.services(shape)
    tag, queue = image.tag(now), schedules.queue_name(existing, beats, now)
    name, key = image.name(place, tag), access.schedule_key(settings.key)
    deployed = [
        services.deploy(each, place, name, plain, read, _later(each, beats, queue, place), _socket(each, place, sql))
        for each in made
    ]
    jobs = [schedules.job(row, beat, place, existing, key) for row, beat in beats.items()]
    return [
        *_bases(place, existing, made, sql),
        Stage("where the image is kept", list(image.storage(place, existing))),
        *_secrets(place, existing, made, secrets),
        Stage("the queue between the schedule's ticks", list(schedules.queue(place, existing, queue, beats))),
        Stage("the image", list(image.build(place, existing, tag)), usual_seconds=240),
        Stage("functions of an older version", list(older.functions(place, existing)), is_parallel=True),
        Stage("services", deployed, is_parallel=True, usual_seconds=60),
        Stage("who calls which service", list(access.callers(place, made)), is_parallel=True, usual_seconds=20),
        Stage("schedules", jobs, usual_seconds=20),
        Stage("what is no longer needed", list(_leftovers(place, existing, made, beats, queue, read, sql))),
    ]


def settings_of(given: Mapping[str, str]) -> Settings:
    """The settings, if functions there can run with them. Raises SettingError."""
    refuse_missing_libraries(given, OWN_FILE)
    return checked(given, OWN_FILE)


def removal(place: Place, existing: Existing) -> list[Stage]:
    """Remove everything that a deployment made, but not the project, its APIs and the database.

    If services of ours run in another region too, what they share with these stays.
    """
    existing = existing.of_the_region() if existing.elsewhere else existing
    return [
        Stage(
            "schedules",
            [
                *_delete_jobs(place, existing.jobs),
                *older.workflows(place, existing),
                *_delete_queues(place, existing.queues),
            ],
        ),
        Stage("the public URL of an older version", list(older.gateway(place, existing))),
        Stage("functions of an older version", list(older.functions(place, existing)), is_parallel=True),
        Stage("services", list(_delete_services(place, existing.services - existing.functions)), is_parallel=True),
        Stage("the image", list(image.removal(place, existing))),
        Stage("secrets", list(_delete_secrets(place, existing.secrets))),
        Stage("roles", access.old_grants(place, existing)),
        Stage("accounts", _delete_accounts(place, existing, frozenset()), is_parallel=True),
    ]


def _bases(place: Place, existing: Existing, made: list[Service], sql: database.Instance | None) -> Iterator[Stage]:
    """The basis: the APIs, the database if the deployment makes it, the accounts and their roles."""
    apis = (f"{api}.googleapis.com" for api in APIS)
    yield Stage("enable the APIs", [place.command("services", "enable", *apis)], usual_seconds=30)
    if sql:
        yield from database.creation(place, sql)
    yield Stage("accounts", access.new_accounts(place, existing, made), is_parallel=True, usual_seconds=20)
    yield Stage("roles", access.roles(place))
    if sql:
        yield database.clients(place, _with_store(made))


def _parted(
    existing: Existing, given: Mapping[str, str], settings: Settings
) -> tuple[dict[str, str], Mapping[str, SecretStr]]:
    """The settings that anybody may see, and the secrets.

    A setting that has been a secret stays one. gcloud changes plain variables before it takes secrets away, and refuses
    a plain one of the same name: every deployment would stop at the services.
    """
    hidden = {
        name: value for name, value in given.items() if is_hidden(name, value) or secret_name(name) in existing.secrets
    }
    plain = {name: value for name, value in given.items() if name not in hidden}
    return plain, access.secrets_of(hidden, settings.keys)


def _secrets(
    place: Place, existing: Existing, made: list[Service], secrets: Mapping[str, SecretStr]
) -> Iterator[Stage]:
    yield Stage("secrets", list(access.write_secrets(place, existing, secrets)), usual_seconds=20)
    yield Stage("who reads which secret", access.readers(place, secrets, made), is_parallel=True, usual_seconds=10)


def _socket(service: Service, place: Place, sql: database.Instance | None) -> str:
    return database.flag(place, sql) if sql and service.has_store else ""


def _with_store(made: Iterable[Service]) -> list[str]:
    return [service.name for service in made if service.has_store]


def _later(service: Service, beats: Mapping[Row, Beat], queue: str, place: Place) -> dict[str, str]:
    found = [services.later_runs(beats[row], queue, place) for row in service.rows if row in beats]
    return found[0] if found else {}


def _leftovers(
    place: Place,
    existing: Existing,
    made: list[Service],
    beats: Mapping[Row, Beat],
    queue: str,
    read: Mapping[str, int],
    sql: database.Instance | None,
) -> Iterator[Command]:
    yield from access.old_versions(place, existing, read)
    yield from _delete_jobs(place, existing.jobs - {schedules.tick_job(row) for row in beats})
    yield from _delete_queues(place, existing.queues - {queue})
    yield from older.workflows(place, existing)
    yield from older.gateway(place, existing)
    yield from _delete_services(place, existing.services - existing.functions - {each.name for each in made})
    yield from _delete_secrets(place, existing.secrets.keys() - {secret_name(setting) for setting in read})
    kept = access.account_names(made)
    grants = [*access.PROJECT_ROLES.items(), *((name, database.CLIENT) for name in _with_store(made) if sql)]
    yield from access.old_grants(place, existing, grants)
    yield from _delete_accounts(place, existing, frozenset(kept))


def _delete_jobs(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.delete("scheduler", "jobs", "delete", name, f"--location={place.region}")


def _delete_queues(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.delete("tasks", "queues", "delete", name, f"--location={place.region}")


def _delete_services(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.delete("run", "services", "delete", name, f"--region={place.region}")


def _delete_secrets(place: Place, names: Iterable[str]) -> Iterator[Command]:
    for name in sorted(names):
        yield place.delete("secrets", "delete", name)


def _delete_accounts(place: Place, existing: Existing, kept: frozenset[str]) -> list[Command]:
    gone = existing.accounts & access.known_account_names() - kept
    return [place.delete("iam", "service-accounts", "delete", place.account(name)) for name in sorted(gone)]
