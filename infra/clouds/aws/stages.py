"""The stages of a deployment and of its removal, made from the settings and from what is there."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infra.clouds import function_env
from infra.clouds.aws import parameters, schedules, stack, template
from infra.clouds.aws.functions import needed_by_channels, plain_settings
from infra.clouds.aws.package import Runtime, runtime_of
from infra.clouds.aws.target import GROUPS, OWN_FILE, STACK, Existing, Place, group_of, parameter_of
from infra.clouds.cli import Command, Stage
from infra.clouds.function_env import is_for
from infra.clouds.settings import checked, refuse_missing_libraries
from infra.table import rows
from shared import ROOT
from shared.channels import of_json
from shared.settings import SettingError

# A function's variables may have 4 KB together, so a longer setting goes into a secret, which may have more.
MAX_PLAIN_LENGTH = 1000
MAX_SECRET_LENGTH = 65_536
# The libraries that Lambda's runtime brings and requirements.txt does not.
LIBRARIES = {"boto3"}


def deployment(
    place: Place, existing: Existing, given: Mapping[str, str], package: Path, email: str | None
) -> list[Stage]:
    """Create what is missing, update what is there, remove what is no longer needed.

    ``given``: every setting by its variable; ``email``: who gets the alarms, nobody if it is empty; None: as before.

    Raises:
        SettingError: functions there cannot run with a setting.
    """
    of_schedules, secrets = schedule_parameters(given), secrets_of(given)
    found = parameters.parts(secrets, existing, place.letters)
    bucket = existing.buckets[0] if existing.buckets else place.new_bucket()
    key = f"{hashlib.sha256(package.read_bytes()).hexdigest()[:16]}.zip"
    overrides = {
        **of_schedules,
        **parameters.in_template(place, secrets, existing, found),
        "HasOldSecrets": "true" if existing.old_secrets else "false",
        # All of them, even those without a value: a parameter that is left out would keep its old one.
        **{parameter_of(name): _plain(name, given) for name in plain_settings()},
        **_of_channels(given),
        **({} if email is None else {"AlarmEmail": email}),
        "CodeBucket": bucket,
        "CodeKey": key,
        "Runtime": (runtime_of(package) or Runtime()).name,
    }
    upload = place.command("s3", "cp", _shown(package), f"s3://{bucket}/{key}", "--only-show-errors")
    left = place.command("s3", "rm", f"s3://{bucket}", "--recursive", f"--exclude={key}", "--only-show-errors")
    needed = {part.name for own in found.values() for part in own}
    of_secrets = _delete_secrets(place, existing, [name for name in existing.parameters if name not in needed])
    return [
        Stage("the rest of a deployment that failed", list(stack.repair(place, existing.status))),
        Stage("a bucket for the code", [] if existing.buckets else [_create_bucket(place, bucket)]),
        Stage("the code", [upload], usual_seconds=20),
        Stage("secrets", list(parameters.write(place, found))),
        Stage("the stack", [_deploy(place, bucket, overrides)], usual_seconds=240),
        Stage("what is no longer needed", [left, *of_secrets]),
    ]


def removal(place: Place, existing: Existing) -> list[Stage]:
    """Remove everything that a deployment made, but not the database."""
    secrets = list(_delete_secrets(place, existing, list(existing.parameters)))
    return [
        Stage("the stack", list(stack.delete(place)) if existing.status else [], usual_seconds=180),
        Stage("secrets", secrets),
        Stage("the bucket", [command for bucket in existing.buckets for command in _delete_bucket(place, bucket)]),
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
    return function_env.is_hidden(setting, value) or len(value) > MAX_PLAIN_LENGTH


def secrets_of(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The content of each secret by its group: the settings that its readers share. Raises SettingError."""
    found: dict[str, dict[str, str]] = {}
    for setting, value in sorted(given.items()):
        if is_hidden(setting, value) and any(is_for(row, setting) for row in rows()):
            found.setdefault(group_of(setting), {})[setting] = value
    for group, settings in found.items():
        if len(parameters.text_of(settings)) > MAX_SECRET_LENGTH:
            longest = max(settings, key=lambda name: len(settings[name]))
            most = f"at most {MAX_SECRET_LENGTH:,} characters, with {', '.join(settings)} together"
            raise SettingError(longest, f"of {len(settings[longest]):,} characters", f"{most} in the secret {group}")
    return {group: found[group] for group in GROUPS if group in found}


def _plain(setting: str, given: Mapping[str, str]) -> str:
    value = given.get(setting, "")
    return "" if is_hidden(setting, value) else value


def _deploy(place: Place, bucket: str, overrides: Mapping[str, str]) -> Command:
    return place.command(
        "cloudformation",
        "deploy",
        f"--stack-name={STACK}",
        f"--template-file={_shown(template.FILE)}",
        # Through a bucket, a template may have 1 MB instead of 51,200 bytes.
        f"--s3-bucket={bucket}",
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        "--no-fail-on-empty-changeset",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in overrides.items()),
    )


def _create_bucket(place: Place, bucket: str) -> Command:
    # The oldest region must not be named.
    where = [f"--create-bucket-configuration=LocationConstraint={place.region}"]
    return place.command(
        "s3api", "create-bucket", f"--bucket={bucket}", *([] if place.region == "us-east-1" else where)
    )


def _delete_bucket(place: Place, bucket: str) -> Iterator[Command]:
    yield place.command("s3", "rm", f"s3://{bucket}", "--recursive", "--only-show-errors")
    yield place.command("s3api", "delete-bucket", f"--bucket={bucket}")


def _delete_secrets(place: Place, existing: Existing, names: Sequence[str]) -> Iterator[Command]:
    """Remove these parameters, and what an older version stored in Secrets Manager; by now no function reads it."""
    yield from parameters.delete(place, names)
    for name in sorted(existing.old_secrets):
        # At once: otherwise it would cost until its deletion.
        yield place.command("secretsmanager", "delete-secret", f"--secret-id={name}", "--force-delete-without-recovery")


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
