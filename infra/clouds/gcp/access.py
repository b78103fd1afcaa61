"""Accounts for each function, the builds, the gateway and the schedules, with what each may do; and the secrets.

Each function runs as an account of its own, and can read only its own secrets.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pydantic import SecretStr

from infra.clouds.cli import Command, File, ask
from infra.clouds.gcp import gateway, schedules
from infra.clouds.gcp.functions import BUILDER, SCHEDULED_KEY, is_for
from infra.clouds.gcp.project import GCLOUD, Existing, Place, name_of, secret_name
from infra.table import rows

PROJECT_ROLES = {BUILDER: "roles/cloudbuild.builds.builder", schedules.CALLER: "roles/workflows.invoker"}


def account_names() -> list[str]:
    """Every service account of a deployment."""
    return [*(name_of(row) for row in rows()), BUILDER, gateway.ACCOUNT, schedules.CALLER]


def schedule_key(key: SecretStr) -> SecretStr:
    """The schedules' own key. It opens only the functions that only they may call.

    Everybody who may view the project can read a job of the scheduler, so a job must not hold the API key. Derived from
    the API key, this one need not be stored anywhere, and changes with it.
    """
    return SecretStr(hmac.digest(key.get_secret_value().encode(), b"schedules", "sha256").hex())


def secrets_of(given: Mapping[str, str], key: SecretStr) -> dict[str, SecretStr]:
    """Every secret, by setting: those that were ``given``, and the keys of the scheduled functions."""
    of_schedules = f"{given['API_KEY']} {schedule_key(key).get_secret_value()}"
    return {name: SecretStr(value) for name, value in {**given, SCHEDULED_KEY: of_schedules}.items()}


def new_accounts(place: Place, existing: Existing) -> list[Command]:
    """Create the accounts that do not exist yet."""
    return [
        place.command("iam", "service-accounts", "create", name, f"--display-name=Bonghwa: {name}")
        for name in account_names()
        if name not in existing.accounts
    ]


def roles(place: Place) -> list[Command]:
    """Permissions that only the whole project can grant: to build, and to start a workflow."""
    return [
        place.command(
            "projects",
            "add-iam-policy-binding",
            place.project,
            f"--member=serviceAccount:{place.account(name)}",
            f"--role={role}",
            "--condition=None",
        )
        for name, role in PROJECT_ROLES.items()
    ]


def write_secrets(place: Place, existing: Existing, secrets: Mapping[str, SecretStr]) -> Iterator[Command]:
    """Store every secret that is new or has changed."""
    for setting, value in secrets.items():
        name = secret_name(setting)
        if name not in existing.secrets:
            create = ("secrets", "create", name, "--replication-policy=automatic", "--data-file=-")
            yield replace(place.command(*create), stdin=value)
        elif _stored(place, name) != value.get_secret_value():
            add = ("secrets", "versions", "add", name, "--data-file=-")
            yield replace(place.command(*add), stdin=value)


def readers(place: Place, secrets: Mapping[str, SecretStr]) -> list[Command]:
    """Let the functions that need a secret read it, and nobody else any more."""
    commands = []
    for setting in secrets:
        members = [f"serviceAccount:{place.account(name_of(row))}" for row in rows() if is_for(row, setting)]
        policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": members}]}
        file = File(None, f"{secret_name(setting)}-readers.json", policy)
        commands.append(place.command("secrets", "set-iam-policy", secret_name(setting), file))
    return commands


def callers(place: Place) -> list[Command]:
    """Let the schedules call the scheduled functions, and the gateway all others."""
    return [
        place.command(
            "functions",
            "add-invoker-policy-binding",
            name_of(row),
            f"--region={place.region}",
            f"--member=serviceAccount:{place.account(gateway.ACCOUNT if row.every is None else schedules.CALLER)}",
        )
        for row in rows()
    ]


def _stored(place: Place, name: str) -> str:
    words = ("secrets", "versions", "access", "latest", f"--secret={name}")
    return ask(GCLOUD, *words, f"--project={place.project}", "--quiet")
