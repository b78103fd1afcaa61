"""Cloud SQL: the PostgreSQL of a deployment that brings no database of its own (``WITH_DATABASE=1``).

Its address is public, since a private one would need a network and services that are attached to it. Yet it lets no
network in: only Google's own connector reaches it, which Cloud Run has built in as a Unix socket, and which asks for
an account with the role of a client.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from infra.clouds.cli import Command, CommandFailed, File, Stage, ask
from infra.clouds.gcp.project import GCLOUD, OWN_FILE, PREFIX, Existing, Place, Versions, secret_name
from shared.settings import SettingError

API = "sqladmin.googleapis.com"
CLIENT = "roles/cloudsql.client"
VERSION = "POSTGRES_17"
# The smallest one. The edition must be named with it: what is new is otherwise of one that has no such size.
TIER, EDITION = "db-f1-micro", "enterprise"
STORAGE_GB = 10
# Ten to thirty minutes.
USUAL_SECONDS = 1200
# Google keeps a last backup for so long, and then deletes it by itself.
LAST_BACKUP_DAYS = 30
USER = DATABASE = PREFIX
# Google's words for an instance that is still at something else.
NOT_YET = ("not in an appropriate state", "another operation was already in progress")
_OURS = re.compile(rf"{PREFIX}-database-[0-9a-f]{{6}}")
_READY, _MAKING = "RUNNABLE", "PENDING_CREATE"
_CONSOLE = "https://console.cloud.google.com/sql/instances"


class Found(NamedTuple):
    """An instance that is there."""

    region: str
    state: str


@dataclass(frozen=True)
class Instance:
    """The instance of a deployment, which may not exist yet: then its ``state`` is empty.

    ``operations``: what Google is still doing with it. ``is_stored``: whether its URL is in Secret Manager already.
    """

    name: str
    url: SecretStr
    state: str = ""
    operations: tuple[str, ...] = ()
    has_database: bool = False
    has_user: bool = False
    is_stored: bool = False


def found(place: Place, existing: Existing) -> dict[str, Found]:
    """Each instance of ours in any region, by its name. Raises CommandFailed."""
    if API not in existing.apis:
        return {}
    answer = _ask(place, "sql", "instances", "list", "--format=value(name,region,state)")
    lines = (line.split() for line in answer.splitlines())
    return {name: Found(*rest) for name, *rest in lines if _OURS.fullmatch(name)}


def refuse_socket(given: Mapping[str, str]) -> None:
    """Raise SettingError if DATABASE_URL names a socket, which only a deployment with its own database makes."""
    if "/cloudsql/" in unquote(given.get("DATABASE_URL", "")):
        expected = (
            f"an empty one in {OWN_FILE} with WITH_DATABASE=1, which makes that socket, or a database with a host"
        )
        raise SettingError("DATABASE_URL", "a socket of Cloud SQL", expected)


def inspect(place: Place, existing: Existing) -> Instance:
    """The instance that a deployment uses: the one that is there, or a new one.

    Raises:
        CommandFailed: there are several, one is in another region or out of order, or Google does not respond.
    """
    everywhere = found(place, existing)
    here = {name: each.state for name, each in everywhere.items() if each.region == place.region}
    if len(here) > 1:
        raise CommandFailed(f"there are several databases: {', '.join(sorted(here))}: delete those without your data")
    if everywhere and not here:
        name, there = min((name, each.region) for name, each in everywhere.items())
        fix = f"REGION={there} uses it, and without WITH_DATABASE=1 the deployment takes one of your own"
        raise CommandFailed(f"the database {name} is in {there}, not in {place.region}: {fix}")
    for name, state in here.items():
        if state not in (_READY, _MAKING):
            raise CommandFailed(f"the database {name} is {state}: {_CONSOLE}?project={place.project} may say why")
        stored = _stored(place, existing, name)
        is_ready = state == _READY
        return Instance(
            name,
            stored or _new_url(place, name),
            state,
            operations=() if is_ready else _pending(place, name),
            has_database=is_ready and DATABASE in _names(place, "databases", name),
            has_user=is_ready and USER in _names(place, "users", name),
            is_stored=stored is not None,
        )
    # A name that had an instance cannot be used again for a week.
    name = f"{PREFIX}-database-{secrets.token_hex(3)}"
    return Instance(name, _new_url(place, name))


def creation(place: Place, instance: Instance) -> list[Stage]:
    """Make what is missing of the database. The password goes to gcloud in a file."""
    stages = []
    if not instance.state:
        stages = [Stage("a database", list(_create(place, instance.name)), usual_seconds=USUAL_SECONDS)]
    elif instance.operations:
        wait = place.command("sql", "operations", "wait", *instance.operations, "--timeout=unlimited")
        stages = [Stage("the database, at which Google is still working", [wait], usual_seconds=USUAL_SECONDS)]
    return [*stages, Stage("what the store needs in it", list(_fill(place, instance)))]


def clients(place: Place, names: Iterable[str]) -> Stage:
    """Let the accounts with these names connect."""
    members = [place.member(name) for name in names]
    words = ("projects", "add-iam-policy-binding", place.project)
    flags = (f"--role={CLIENT}", "--condition=None")
    commands = [place.command(*words, f"--member={member}", *flags) for member in members]
    return Stage("who may connect to the database", commands)


def flag(place: Place, instance: Instance) -> str:
    """The flag that gives a service of Cloud Run the database's socket."""
    return f"--set-cloudsql-instances={_connection(place, instance.name)}"


def removal(place: Place, name: str) -> Stage:
    """Delete the instance. Google keeps a last backup for LAST_BACKUP_DAYS."""
    backup = ("--enable-final-backup", f"--final-backup-retention-days={LAST_BACKUP_DAYS}")
    return Stage(
        "the database",
        [
            place.command("sql", "instances", "patch", name, "--no-deletion-protection"),
            place.command("sql", "instances", "delete", name, *backup),
        ],
    )


def _create(place: Place, name: str) -> Iterator[Command]:
    yield place.command("services", "enable", API)
    yield place.command(
        *("sql", "instances", "create", name),
        f"--database-version={VERSION}",
        f"--edition={EDITION}",
        f"--tier={TIER}",
        f"--region={place.region}",
        "--availability-type=zonal",
        "--assign-ip",
        "--ssl-mode=ENCRYPTED_ONLY",
        # Cloud Run's connector knows no other authority: https://cloud.google.com/sql/docs/postgres/connect-run
        "--server-ca-mode=GOOGLE_MANAGED_INTERNAL_CA",
        "--storage-type=SSD",
        f"--storage-size={STORAGE_GB}GB",
        "--storage-auto-increase",
        "--backup",
        "--backup-start-time=03:00",
        "--deletion-protection",
        # By default gcloud gives up after an hour, and Google goes on.
        "--timeout=unlimited",
    )


def _fill(place: Place, instance: Instance) -> Iterator[Command]:
    where = f"--instance={instance.name}"
    if not instance.has_database:
        yield place.command("sql", "databases", "create", DATABASE, where)
    if not (instance.has_user and instance.is_stored):
        verb = "set-password" if instance.has_user else "create"
        content = {"--password": urlsplit(instance.url.get_secret_value()).password}
        file = File("--flags-file", f"{USER}-password.json", content, is_secret=True)
        yield place.command("sql", "users", verb, USER, where, file)


def _connection(place: Place, name: str) -> str:
    return f"{place.project}:{place.region}:{name}"


def _address(place: Place, name: str) -> str:
    return f"@/{DATABASE}?host=/cloudsql/{_connection(place, name)}"


def _new_url(place: Place, name: str) -> SecretStr:
    # Only letters, digits, - and _, which mean nothing in a URL.
    return SecretStr(f"postgresql://{USER}:{secrets.token_urlsafe(32)}{_address(place, name)}")


def _stored(place: Place, existing: Existing, name: str) -> SecretStr | None:
    """The URL in Secret Manager, if it leads to the instance."""
    secret = secret_name("DATABASE_URL")
    readable = existing.secrets.get(secret, Versions()).enabled
    if not readable:
        return None
    url = _ask(place, "secrets", "versions", "access", str(readable[-1]), f"--secret={secret}")
    return SecretStr(url) if url.endswith(_address(place, name)) else None


def _pending(place: Place, name: str) -> tuple[str, ...]:
    words = ("sql", "operations", "list", f"--instance={name}", "--filter=status!=DONE", "--format=value(name)")
    return tuple(_ask(place, *words).split())


def _names(place: Place, kind: str, name: str) -> list[str]:
    return _ask(place, "sql", kind, "list", f"--instance={name}", "--format=value(name)").split()


def _ask(place: Place, *words: str) -> str:
    return ask(GCLOUD, *words, f"--project={place.project}", "--quiet")
