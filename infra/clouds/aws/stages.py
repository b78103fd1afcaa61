"""The stages of a deployment and of its removal, made from the settings and from what is there."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.clouds.aws import schedules, template
from infra.clouds.aws.functions import needed_by_channels, plain_settings
from infra.clouds.aws.package import Runtime, runtime_of
from infra.clouds.aws.target import (
    GROUPS,
    OPTIONAL_GROUPS,
    OWN_FILE,
    STACK,
    Existing,
    Place,
    camel,
    group_of,
    parameter_of,
    secret_name,
)
from infra.clouds.cli import Command, File, Stage
from infra.clouds.function_env import is_for
from infra.clouds.settings import checked, refuse_missing_libraries
from infra.table import rows
from shared import ROOT
from shared.channels import of_json
from shared.settings import SettingError
from shared.settings.secrets import is_secret

# A function's variables may have 4 KB together, so a longer setting goes into a secret, which may have more.
MAX_PLAIN_LENGTH = 1000
MAX_SECRET_LENGTH = 65_536
# The libraries that Lambda's runtime brings and requirements.txt does not.
LIBRARIES = {"boto3"}
# The status of a stack whose first deployment failed: it can only be removed.
_FAILED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


def deployment(place: Place, existing: Existing, given: Mapping[str, str], package: Path, email: str) -> list[Stage]:
    """Create what is missing, update what is there, remove what is no longer needed.

    ``given``: every setting by its variable; ``email``: who gets the alarms, if that is to change. Reads the secrets
    that are stored already, so that it can leave equal ones alone.

    Raises:
        SettingError: functions there cannot run with a setting.
        CommandFailed: a stored secret cannot be read.
    """
    secrets = secrets_of(given)
    key = f"{hashlib.sha256(package.read_bytes()).hexdigest()[:16]}.zip"
    parameters = {
        **schedule_parameters(given),
        **{f"Has{camel(group)}Secret": "true" if group in secrets else "false" for group in OPTIONAL_GROUPS},
        # All of them, even those without a value: a parameter that is left out would keep its old one.
        **{parameter_of(name): _plain(name, given) for name in plain_settings()},
        **_of_channels(given),
        **({"AlarmEmail": email} if email else {}),
        "CodeBucket": place.bucket,
        "CodeKey": key,
        "Runtime": (runtime_of(package) or Runtime()).name,
        "SecretsDigest": digest(secrets),
    }
    upload = place.command("s3", "cp", _shown(package), f"s3://{place.bucket}/{key}", "--only-show-errors")
    return [
        Stage("the rest of a deployment that failed", list(_delete_stack(place, existing.status in _FAILED))),
        Stage("a bucket for the code", list(_create_bucket(place, existing))),
        Stage("the code", [upload], usual_seconds=20),
        Stage("secrets", list(_write_secrets(place, existing, secrets))),
        Stage("the stack", [_deploy(place, parameters)], usual_seconds=240),
        Stage("what is no longer needed", list(_leftovers(place, existing, secrets, key))),
    ]


def removal(place: Place, existing: Existing) -> list[Stage]:
    """Remove everything that a deployment made, but not the database."""
    bucket = [
        place.command("s3", "rm", f"s3://{place.bucket}", "--recursive", "--only-show-errors"),
        place.command("s3api", "delete-bucket", f"--bucket={place.bucket}"),
    ]
    return [
        Stage("the stack", list(_delete_stack(place, bool(existing.status))), usual_seconds=180),
        Stage("secrets", list(_delete_secrets(place, existing.secrets))),
        Stage("the bucket", bucket if existing.has_bucket else []),
    ]


def schedule_parameters(given: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters for the schedules. Raises SettingError if the scheduler cannot do that."""
    refuse_missing_libraries(given, OWN_FILE, LIBRARIES)
    settings = checked(given, OWN_FILE)
    rulable = filter(schedules.has_setting, schedules.scheduled())
    return {name: value for row in rulable for name, value in schedules.parameters(row, settings).items()}


def _of_channels(given: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters for the channels in CHANNELS: the resources that functions may send to."""
    found: dict[str, str] = {}
    for needed in filter(lambda needed: needed.is_list, needed_by_channels()):
        notifiers = [each for each in of_json(given).values() if each.kind == needed.kind]
        resources = dict.fromkeys(getattr(notifier, needed.permission.field) for notifier in notifiers)
        found[needed.parameter] = ",".join(resources)
    return found


def is_hidden(setting: str, value: str) -> bool:
    """Whether a setting goes into a secret: because it is one, or because it is too long for a variable."""
    return is_secret(setting, value) or len(value) > MAX_PLAIN_LENGTH


def secrets_of(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The content of each secret by its group: the settings that its readers share. Raises SettingError."""
    found: dict[str, dict[str, str]] = {}
    for setting, value in sorted(given.items()):
        if is_hidden(setting, value) and any(is_for(row, setting) for row in rows()):
            found.setdefault(group_of(setting), {})[setting] = value
    for group, settings in found.items():
        if len(json.dumps(settings)) > MAX_SECRET_LENGTH:
            longest = max(settings, key=lambda name: len(settings[name]))
            most = f"at most {MAX_SECRET_LENGTH:,} characters, with {', '.join(settings)} together"
            raise SettingError(longest, f"of {len(settings[longest]):,} characters", f"{most} in the secret {group}")
    return {group: found[group] for group in GROUPS if group in found}


def digest(secrets: Mapping[str, Mapping[str, str]]) -> str:
    """A digest that changes with the secrets, and reveals nothing to anyone who does not know the API key."""
    key = secrets["everyone"]["API_KEY"]
    return hmac.digest(key.encode(), json.dumps(secrets, sort_keys=True).encode(), "sha256").hex()[:16]


def _plain(setting: str, given: Mapping[str, str]) -> str:
    value = given.get(setting, "")
    return "" if is_hidden(setting, value) else value


def _deploy(place: Place, parameters: Mapping[str, str]) -> Command:
    return place.command(
        "cloudformation",
        "deploy",
        f"--stack-name={STACK}",
        f"--template-file={_shown(template.FILE)}",
        # Through a bucket, a template may have 1 MB instead of 51,200 bytes.
        f"--s3-bucket={place.bucket}",
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        "--no-fail-on-empty-changeset",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in parameters.items()),
    )


def _delete_stack(place: Place, is_there: bool) -> Iterator[Command]:
    if is_there:
        yield place.command("cloudformation", "delete-stack", f"--stack-name={STACK}")
        yield place.command("cloudformation", "wait", "stack-delete-complete", f"--stack-name={STACK}")


def _create_bucket(place: Place, existing: Existing) -> Iterator[Command]:
    if not existing.has_bucket:
        # The oldest region must not be named.
        where = [f"--create-bucket-configuration=LocationConstraint={place.region}"]
        more = [] if place.region == "us-east-1" else where
        yield place.command("s3api", "create-bucket", f"--bucket={place.bucket}", *more)


def _write_secrets(place: Place, existing: Existing, secrets: Mapping[str, Mapping[str, str]]) -> Iterator[Command]:
    for group, settings in secrets.items():
        name = secret_name(group)
        file = File("--secret-string", f"{group}.json", settings, is_secret=True, scheme="file://")
        if name not in existing.secrets:
            yield place.command("secretsmanager", "create-secret", f"--name={name}", file)
        elif _stored(place, name) != json.dumps(settings):
            yield place.command("secretsmanager", "put-secret-value", f"--secret-id={name}", file)


def _stored(place: Place, name: str) -> str:
    return place.ask("secretsmanager", "get-secret-value", f"--secret-id={name}", "--query=SecretString")


def _leftovers(
    place: Place, existing: Existing, secrets: Mapping[str, Mapping[str, str]], key: str
) -> Iterator[Command]:
    yield place.command("s3", "rm", f"s3://{place.bucket}", "--recursive", f"--exclude={key}", "--only-show-errors")
    yield from _delete_secrets(place, existing.secrets - {secret_name(group) for group in secrets})


def _delete_secrets(place: Place, names: frozenset[str]) -> Iterator[Command]:
    for name in sorted(names):
        # At once: a name that waits for its deletion could not be used again.
        yield place.command("secretsmanager", "delete-secret", f"--secret-id={name}", "--force-delete-without-recovery")


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
