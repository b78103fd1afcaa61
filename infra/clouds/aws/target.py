"""The place of a deployment, the names of its parts, and what is there already."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from secrets import token_hex
from typing import Any

from pydantic import SecretStr

from infra.clouds.cli import Command, CommandFailed, File, ask
from infra.clouds.function_env import is_for
from infra.table import Row, rows

AWS = "aws"
OWN_FILE = ".env.aws"
# The name of the stack, and the prefix of everything in it.
STACK = "bonghwa"
# The folder of the functions' code in Lambda.
CODE = PurePosixPath("/var/task")


def id_of(row: Row) -> str:
    """The function's name in the template, where names consist of letters and digits."""
    return camel(row.name)


def camel(name: str) -> str:
    """``CHECK_INTERVAL_SECONDS`` as CheckIntervalSeconds."""
    return "".join(word.capitalize() for word in name.split("_"))


def parameter_of(setting: str) -> str:
    """The template's parameter for a setting. It may have no name that a function has."""
    name = camel(setting)
    return f"{name}Setting" if name in {id_of(row) for row in rows()} else name


def dashed(row: Row) -> str:
    """The function's name after the stack's."""
    return row.name.replace("_", "-")


def group_of(setting: str) -> str:
    """The secret that holds a setting. All functions that read a secret need everything in it."""
    names = {
        frozenset(row.name for row in rows()): "everyone",
        frozenset(row.name for row in rows() if is_for(row, "DATABASE_URL")): "store",
        frozenset(row.name for row in rows() if is_for(row, "TELEGRAM_BOT_TOKEN")): "channels",
        frozenset(row.name for row in rows() if is_for(row, "HEARTBEAT_URL")): "agent",
    }
    return names[frozenset(row.name for row in rows() if is_for(row, setting))]


# The secrets that may exist.
GROUPS = ("everyone", "store", "channels", "agent")
# Our parameters' names. Somebody may have others below the same path, and a deployment must not touch them.
PARAMETER = re.compile(rf"/{STACK}/({'|'.join(GROUPS)})-(\d+)-[0-9a-f]{{8}}")


def groups_of(row: Row) -> list[str]:
    """The secrets that a function reads."""
    one_of_each = dict(zip(GROUPS, ("API_KEY", "DATABASE_URL", "TELEGRAM_BOT_TOKEN", "HEARTBEAT_URL"), strict=True))
    return [group for group, setting in one_of_each.items() if is_for(row, setting)]


@dataclass(frozen=True)
class Place:
    """An account and a region of it. ``letters``: those of the names that a run makes up, as it announces them."""

    account: str
    region: str
    letters: str = field(default_factory=lambda: token_hex(4), compare=False)

    @property
    def first_bucket(self) -> str:
        """The bucket of an older deployment. Anybody who knows the account's number could take its name."""
        return f"{STACK}-{self.account}-{self.region}"

    def new_bucket(self) -> str:
        """A name for a bucket. It must be unique in the whole world, and nobody can guess it."""
        return f"{STACK}-{self.region}-{self.letters}"

    def is_ours(self, bucket: str) -> bool:
        """Whether one of the account's buckets is a deployment's here."""
        return bucket == self.first_bucket or bool(re.fullmatch(rf"{STACK}-{self.region}-[0-9a-f]{{8}}", bucket))

    def arn(self, service: str, name: str) -> str:
        """The name of a thing here as policies write it."""
        partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rsplit("-", 2)[0], "aws")
        return f"arn:{partition}:{service}:{self.region}:{self.account}:{name}"

    def command(self, *arguments: str | File) -> Command:
        """A command in this region."""
        return Command(AWS, (*arguments, f"--region={self.region}"))

    def ask(self, *arguments: str) -> str:
        """The text that a read-only command prints. Raises CommandFailed."""
        return ask(AWS, *arguments, f"--region={self.region}", "--output=text").strip()

    def asked(self, *arguments: str) -> Any:
        """The JSON that a read-only command prints, with every page of it. Raises CommandFailed."""
        return json.loads(ask(AWS, *arguments, f"--region={self.region}", "--output=json") or "null")


@dataclass(frozen=True)
class Stored:
    """A parameter in Parameter Store."""

    version: int
    value: SecretStr


@dataclass(frozen=True)
class Existing:
    """The state before a deployment: the stack's status, our buckets, and our parameters by their names.

    ``old_secrets``: the names of what a deployment of an older version stored in Secrets Manager.
    """

    status: str = ""
    buckets: tuple[str, ...] = ()
    parameters: Mapping[str, Stored] = field(default_factory=dict)
    old_secrets: frozenset[str] = frozenset()


def account_number() -> str:
    """The account that the command line is logged in to. Raises CommandFailed."""
    return ask(AWS, "sts", "get-caller-identity", "--query=Account", "--output=text").strip()


def configured_region() -> str:
    """The region of ``aws configure``; empty if it was not set, or aws is not installed."""
    try:
        return ask(AWS, "configure", "get", "region").strip()
    except CommandFailed:
        return ""


def status_of_stack(place: Place) -> str:
    """The stack's status; empty if there is none. Raises CommandFailed."""
    return place.ask("cloudformation", "describe-stacks", f"--query=Stacks[?StackName=='{STACK}'].StackStatus")


def inspect(place: Place) -> Existing:
    """Ask AWS for the existing parts, the secrets' values included. Raises CommandFailed."""
    buckets = ("s3api", "list-buckets", f"--query=Buckets[?starts_with(Name, '{STACK}-')].Name")
    # Decrypted, so that a deployment can leave equal ones alone.
    values = ("ssm", "get-parameters-by-path", f"--path=/{STACK}", "--with-decryption", "--query=Parameters")
    old = ("secretsmanager", "list-secrets", f"--query=SecretList[?starts_with(Name, '{STACK}/')].Name")
    ours = {f"{STACK}/{group}" for group in GROUPS}
    with ThreadPoolExecutor(3) as pool:
        status = pool.submit(status_of_stack, place)
        of_buckets, of_parameters, of_old = (pool.submit(place.asked, *words) for words in (buckets, values, old))
        return Existing(
            status.result(),
            tuple(sorted(filter(place.is_ours, of_buckets.result() or ()))),
            {
                each["Name"]: Stored(each["Version"], SecretStr(each["Value"]))
                for each in of_parameters.result() or ()
                if PARAMETER.fullmatch(each["Name"])
            },
            frozenset(ours.intersection(of_old.result() or ())),
        )
