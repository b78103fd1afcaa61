"""Accounts for each service, the builds and the schedules, with what each may do; and the secrets.

Each service runs as an account of its own, and can read only its own secrets.
"""

import functools
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from pydantic import SecretStr

from functions.check_monitors.later_runs.cloud_tasks import CALLER
from infra.clouds.cli import Command, File, Otherwise, ask
from infra.clouds.gcp.image import BUILDER_ACCOUNT
from infra.clouds.gcp.project import GCLOUD, PREFIX, Existing, Place, Versions, name_of, secret_name
from infra.clouds.gcp.services import REPORTS, SCHEDULED_KEY, Service, is_for
from infra.clouds.gcp.words import NO_ALL_USERS
from infra.table import rows

PROJECT_ROLES = {BUILDER_ACCOUNT: "roles/cloudbuild.builds.builder"}
# How many versions of a secret stay: the one that is read, and the one before, for the revisions before.
KEPT_VERSIONS = 2


def account_names(services: Iterable[Service]) -> list[str]:
    """Every service account of a deployment with these services."""
    return [*(service.name for service in services), BUILDER_ACCOUNT, CALLER]


def known_account_names() -> set[str]:
    """Every service account that a deployment has ever made, in any shape."""
    return {PREFIX, REPORTS, *(name_of(row) for row in rows()), f"{PREFIX}-gateway", BUILDER_ACCOUNT, CALLER}


def schedule_key(key: SecretStr) -> SecretStr:
    """The schedules' own key. It opens only the functions that only they may call.

    Everybody who may view the project can read a job of the scheduler, so a job must not hold the API key. Derived from
    the API key, this one need not be stored anywhere, and changes with it.
    """
    return SecretStr(hmac.digest(key.get_secret_value().encode(), b"schedules", "sha256").hex())


def secrets_of(given: Mapping[str, str], keys: Iterable[SecretStr]) -> dict[str, SecretStr]:
    """Every secret, by setting: those that were ``given``, and the keys of the scheduled functions.

    Each API key has a key of the schedules: a job shows the former one until the deployment comes to the schedules.
    """
    of_schedules = " ".join([given["API_KEY"], *(schedule_key(key).get_secret_value() for key in keys)])
    return {name: SecretStr(value) for name, value in {**given, SCHEDULED_KEY: of_schedules}.items()}


def new_accounts(place: Place, existing: Existing, services: Iterable[Service]) -> list[Command]:
    """Create the accounts that do not exist yet."""
    return [
        place.command("iam", "service-accounts", "create", name, f"--display-name=Bonghwa: {name}")
        for name in account_names(services)
        if name not in existing.accounts
    ]


def roles(place: Place) -> list[Command]:
    """Permissions that only the whole project can grant: to build."""
    return [
        _project_binding(place, "add", place.member(name), role, place.command) for name, role in PROJECT_ROLES.items()
    ]


def write_secrets(place: Place, existing: Existing, secrets: Mapping[str, SecretStr]) -> Iterator[Command]:
    """Store every secret that is new or has changed."""
    for setting, value in secrets.items():
        name = secret_name(setting)
        if name not in existing.secrets:
            yield place.command("secrets", "create", name, "--replication-policy=automatic")
        if _is_new(place, existing, name, value):
            yield replace(place.command("secrets", "versions", "add", name, "--data-file=-"), stdin=value)


def versions(place: Place, existing: Existing, secrets: Mapping[str, SecretStr]) -> dict[str, int]:
    """The version of each secret that the services read once ``write_secrets`` is done.

    Google numbers a secret's versions one after the other, those that were destroyed too.
    """
    known = {setting: existing.secrets.get(secret_name(setting), Versions()) for setting in secrets}
    return {
        setting: known[setting].newest + 1
        if _is_new(place, existing, secret_name(setting), value)
        else known[setting].enabled[-1]
        for setting, value in secrets.items()
    }


def old_versions(place: Place, existing: Existing, read: Mapping[str, int]) -> Iterator[Command]:
    """Destroy the versions that no service reads any more, nor did before this deployment."""
    for setting, version in read.items():
        name = secret_name(setting)
        known = existing.secrets.get(name, Versions())
        for old in sorted({*known.enabled, version})[:-KEPT_VERSIONS]:
            yield place.command(
                "secrets", "versions", "destroy", str(old), f"--secret={name}", done_if=("DESTROYED", "NOT_FOUND")
            )


def readers(place: Place, secrets: Iterable[str], services: Iterable[Service]) -> list[Command]:
    """Let the services that need a secret read it, and nobody else any more."""
    commands = []
    for setting in secrets:
        members = [place.member(service.name) for service in services if is_for(service, setting)]
        policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": members}]}
        file = File(None, f"{secret_name(setting)}-readers.json", policy)
        commands.append(place.command("secrets", "set-iam-policy", secret_name(setting), file))
    return commands


def callers(place: Place, services: Iterable[Service]) -> Iterator[Command]:
    """Let the schedules call the scheduled functions, the gateway all others, and everybody what is public."""
    for service in services:
        if service.is_public:
            yield _invoker(place, service, "allUsers", Otherwise(NO_ALL_USERS, _UNCHECKED, _unchecked(place, service)))
        else:
            yield _invoker(place, service, place.member(CALLER if service.is_scheduled else PREFIX))


def old_grants(place: Place, existing: Existing, kept: Iterable[tuple[str, str]] = ()) -> list[Command]:
    """Take away what the project grants to accounts of ours. ``kept``: the accounts and roles that stay."""
    wanted = {(place.member(name), role) for name, role in kept}
    return [
        _project_binding(place, "remove", member, role, place.delete)
        for member, role in sorted(existing.grants - wanted)
    ]


def _project_binding(place: Place, verb: str, member: str, role: str, command: Callable[..., Command]) -> Command:
    flags = (f"--member={member}", f"--role={role}", "--condition=None")
    return command("projects", f"{verb}-iam-policy-binding", place.project, *flags)


_UNCHECKED = "the organization forbids allUsers, so the check of callers is switched off, for what is public alone"


def _unchecked(place: Place, service: Service) -> Command:
    words = ("run", "services", "update", service.name, f"--region={place.region}", "--no-invoker-iam-check")
    return place.command(*words)


def _invoker(place: Place, service: Service, member: str, otherwise: Otherwise | None = None) -> Command:
    words = ("run", "services", "add-iam-policy-binding", service.name, f"--region={place.region}")
    return place.command(*words, f"--member={member}", "--role=roles/run.invoker", otherwise=otherwise)


def _is_new(place: Place, existing: Existing, name: str, value: SecretStr) -> bool:
    enabled = existing.secrets.get(name, Versions()).enabled
    return not enabled or _stored(place, name, enabled[-1]) != value.get_secret_value()


@functools.cache
def _stored(place: Place, name: str, version: int) -> str:
    # Asked for twice in a run. A version never changes.
    words = ("secrets", "versions", "access", str(version), f"--secret={name}")
    return ask(GCLOUD, *words, f"--project={place.project}", "--quiet")
