"""The database's part of a deployment and of its removal, made from what is there."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from infra.clouds.aws.database import authorities
from infra.clouds.aws.database.template import AUTHORITY, DATABASE, FILE, PASSWORD, STACK, USER
from infra.clouds.aws.target import CODE, Place
from infra.clouds.cli import Command, CommandFailed, File, Stage
from shared import ROOT

# For each status of a stack that is at work: what its end is called.
_AT_WORK = {
    "CREATE_IN_PROGRESS": "stack-create-complete",
    "UPDATE_IN_PROGRESS": "stack-update-complete",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "stack-update-complete",
    "UPDATE_ROLLBACK_IN_PROGRESS": "stack-rollback-complete",
    "DELETE_IN_PROGRESS": "stack-delete-complete",
}
# Its creation failed, so that nothing is in it and it can only be deleted.
_NEVER_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS"}


@dataclass(frozen=True)
class Existing:
    """The state of the database: its stack's status, its host, its password, whether it is protected."""

    status: str = ""
    host: str = ""
    password: SecretStr | None = None
    is_protected: bool = False


def inspect(place: Place) -> Existing:
    """Ask AWS for it. Raises CommandFailed."""
    mine = f"Stacks[?StackName=='{STACK}']"
    host = f"--query={mine}.Outputs[] | [?OutputKey=='Host'].OutputValue"
    password = place.ask(
        "ssm", "get-parameters", f"--names={PASSWORD}", "--with-decryption", "--query=Parameters[].Value"
    )
    protected = f"--query=DBInstances[?DBInstanceIdentifier=='{STACK}'].DeletionProtection"
    return Existing(
        place.ask("cloudformation", "describe-stacks", f"--query={mine}.StackStatus"),
        place.ask("cloudformation", "describe-stacks", host),
        SecretStr(password) if password else None,
        place.ask("rds", "describe-db-instances", protected) == "True",
    )


def refuse_unknown_authority(place: Place) -> None:
    """Raise CommandFailed if AWS has another certificate authority for databases there than the functions trust."""
    words = ("rds", "describe-certificates", f"--certificate-identifier={AUTHORITY}")
    theirs = place.ask(*words, "--query=Certificates[].Thumbprint")
    if theirs.lower() != authorities.thumbprints().get(place.region):
        raise CommandFailed(
            f"functions would not trust a database in {place.region}: its authority {AUTHORITY} has the thumbprint "
            f"{theirs or 'of nothing'}, which {authorities.FILE.name} does not know (take another region, or a "
            "database of your own)"
        )


def creation(place: Place, existing: Existing) -> list[Stage]:
    """Make what is missing. The password goes to aws in a file. Raises CommandFailed if a deletion of it has failed."""
    if existing.status == "DELETE_FAILED":
        raise CommandFailed(f"the deletion of {STACK} has failed: make teardown-aws WITH_DATABASE=1 tries it again")
    password = existing.password or SecretStr(secrets.token_urlsafe(32))
    deploy = place.command(
        "cloudformation",
        "deploy",
        f"--stack-name={STACK}",
        f"--template-file={FILE.relative_to(ROOT).as_posix()}",
        "--no-fail-on-empty-changeset",
    )
    return [
        Stage("the rest of a database that failed, or that AWS is still working at", list(_settle(place, existing))),
        Stage("the database's password", list(_write_password(place, existing, password))),
        Stage("the database", [deploy], usual_seconds=600),
    ]


def url(existing: Existing) -> str:
    """Its DATABASE_URL, with words instead of what is not known yet."""
    password = existing.password.get_secret_value() if existing.password else "password"
    trust = f"sslmode=verify-full&sslrootcert={CODE / authorities.FILE.relative_to(ROOT).as_posix()}"
    return f"postgresql://{USER}:{password}@{existing.host or 'host'}:5432/{DATABASE}?{trust}"


def removal(place: Place, existing: Existing) -> list[Stage]:
    """Delete it. A snapshot of it stays."""
    ends = (
        ("cloudformation", "delete-stack", f"--stack-name={STACK}"),
        ("cloudformation", "wait", "stack-delete-complete", f"--stack-name={STACK}"),
    )
    password = place.command("ssm", "delete-parameter", f"--name={PASSWORD}")
    return [
        Stage("what AWS is still working at", list(_wait(place, existing))),
        Stage("the database's protection", list(_unprotect(place)) if existing.is_protected else []),
        Stage("the database", [place.command(*words) for words in ends] if existing.status else [], usual_seconds=600),
        Stage("the database's password", [password] if existing.password else []),
    ]


def _wait(place: Place, existing: Existing) -> Iterator[Command]:
    if end := _AT_WORK.get(existing.status):
        yield place.command("cloudformation", "wait", end, f"--stack-name={STACK}")


def _settle(place: Place, existing: Existing) -> Iterator[Command]:
    yield from _wait(place, existing)
    if existing.status in _NEVER_MADE:
        yield place.command("cloudformation", "delete-stack", f"--stack-name={STACK}")
        yield place.command("cloudformation", "wait", "stack-delete-complete", f"--stack-name={STACK}")


def _write_password(place: Place, existing: Existing, password: SecretStr) -> Iterator[Command]:
    if existing.password:
        return
    content = {"Type": "SecureString", "Value": password.get_secret_value()}
    yield place.command("ssm", "put-parameter", f"--name={PASSWORD}", *_json("parameter.json", content))
    if existing.host:
        # Somebody deleted the parameter. The stack does not notice that it has another value.
        master = {"MasterUserPassword": password.get_secret_value(), "ApplyImmediately": True}
        words = ("rds", "modify-db-instance", f"--db-instance-identifier={STACK}")
        yield place.command(*words, *_json("master.json", master))


def _json(name: str, content: Mapping[str, object]) -> tuple[str, File]:
    # As two words: aws asks for what is in the file all the same if an = is between them.
    return "--cli-input-json", File(None, name, content, is_secret=True, scheme="file://")


def _unprotect(place: Place) -> Iterator[Command]:
    which = f"--db-instance-identifier={STACK}"
    yield place.command("rds", "modify-db-instance", which, "--no-deletion-protection", "--apply-immediately")
    yield place.command("rds", "wait", "db-instance-available", which)
