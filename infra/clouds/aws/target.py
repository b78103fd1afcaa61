"""The place of a deployment, the names of its parts, and what is there already."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.clouds.cli import Command, CommandFailed, File, ask
from infra.clouds.function_env import is_for
from infra.table import Row, rows

AWS = "aws"
OWN_FILE = ".env.aws"
# The name of the stack, and the prefix of everything in it.
STACK = "bonghwa"


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


# The secrets that may exist. The first two always do: every function needs the key, and the store needs its address.
GROUPS = ("everyone", "store", "channels", "agent")
OPTIONAL_GROUPS = GROUPS[2:]


def groups_of(row: Row) -> list[str]:
    """The secrets that a function reads."""
    one_of_each = dict(zip(GROUPS, ("API_KEY", "DATABASE_URL", "TELEGRAM_BOT_TOKEN", "HEARTBEAT_URL"), strict=True))
    return [group for group, setting in one_of_each.items() if is_for(row, setting)]


@dataclass(frozen=True)
class Place:
    """An account and a region of it."""

    account: str
    region: str

    @property
    def bucket(self) -> str:
        """The bucket for the code. A bucket's name must be unique in the whole world."""
        return f"{STACK}-{self.account}-{self.region}"

    def command(self, *arguments: str | File) -> Command:
        """A command in this region."""
        return Command(AWS, (*arguments, f"--region={self.region}"))

    def ask(self, *arguments: str) -> str:
        """The text that a read-only command prints. Raises CommandFailed."""
        return ask(AWS, *arguments, f"--region={self.region}", "--output=text").strip()


@dataclass(frozen=True)
class Existing:
    """The state before a deployment: the stack's status, whether there is a bucket, and the names of our secrets."""

    status: str = ""
    has_bucket: bool = False
    secrets: frozenset[str] = frozenset()


def account_number() -> str:
    """The account that the command line is logged in to. Raises CommandFailed."""
    return ask(AWS, "sts", "get-caller-identity", "--query=Account", "--output=text").strip()


def configured_region() -> str:
    """The region of ``aws configure``; empty if it was not set, or aws is not installed."""
    try:
        return ask(AWS, "configure", "get", "region").strip()
    except CommandFailed:
        return ""


def inspect(place: Place) -> Existing:
    """Ask AWS for the existing parts. Raises CommandFailed."""
    questions = (
        ("cloudformation", "describe-stacks", f"--query=Stacks[?StackName=='{STACK}'].StackStatus"),
        ("s3api", "list-buckets", f"--query=Buckets[?Name=='{place.bucket}'].Name"),
        ("secretsmanager", "list-secrets", f"--query=SecretList[?starts_with(Name, '{STACK}/')].Name"),
    )
    with ThreadPoolExecutor(len(questions)) as pool:
        status, bucket, secrets = pool.map(lambda words: place.ask(*words), questions)
    return Existing(status, bool(bucket), frozenset(secrets.split()))


def secret_name(group: str) -> str:
    """The secret of a group."""
    return f"{STACK}/{group}"
