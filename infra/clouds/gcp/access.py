"""Who may do what: an account for each function, the builds, the gateway and the schedules; and the secrets.

Each function runs as itself and reads its own secrets alone.
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
    """What the schedules show as their key. It opens nothing but the functions that only they may call.

    A job of the scheduler can be read by whoever may look at the project, so it must not hold the key itself. Made from
    that one, it need not be kept anywhere, and changes with it.
    """
    return SecretStr(hmac.digest(key.get_secret_value().encode(), b"schedules", "sha256").hex())


def secrets_of(given: Mapping[str, str], key: SecretStr) -> dict[str, SecretStr]:
    """Every secret, by setting: those that were ``given``, and the key of the scheduled functions."""
    of_schedules = f"{given['API_KEY']} {schedule_key(key).get_secret_value()}"
    return {name: SecretStr(value) for name, value in {**given, SCHEDULED_KEY: of_schedules}.items()}


def new_accounts(place: Place, existing: Existing) -> list[Command]:
    """Create the accounts that there are not yet."""
    return [
        place.command("iam", "service-accounts", "create", name, f"--display-name=Bonghwa: {name}")
        for name in account_names()
        if name not in existing.accounts
    ]


def roles(place: Place) -> list[Command]:
    """What only the whole project can allow: building, and starting a workflow."""
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
    """Store every secret that is new or another than before."""
    for setting, value in secrets.items():
        name = secret_name(setting)
        if name not in existing.secrets:
            create = ("secrets", "create", name, "--replication-policy=automatic", "--data-file=-")
            yield replace(place.command(*create), stdin=value)
        elif _stored(place, name) != value.get_secret_value():
            add = ("secrets", "versions", "add", name, "--data-file=-")
            yield replace(place.command(*add), stdin=value)


def readers(place: Place, secrets: Mapping[str, SecretStr]) -> list[Command]:
    """Let each secret be read by the functions that need it, and by nobody else that could before."""
    said = []
    for setting in secrets:
        members = [f"serviceAccount:{place.account(name_of(row))}" for row in rows() if is_for(row, setting)]
        policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": members}]}
        file = File(None, f"{secret_name(setting)}-readers.json", policy)
        said.append(place.command("secrets", "set-iam-policy", secret_name(setting), file))
    return said


def callers(place: Place) -> list[Command]:
    """Let the schedules call what is scheduled, and the gateway everything else."""
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
