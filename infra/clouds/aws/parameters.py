"""The secrets as parameters of Systems Manager: what is stored, what is written, and who may read it until when.

A parameter holds 4 KB and costs nothing; a longer secret takes several. Functions read a version that the stack names:
until a deployment has changed the stack, and if it fails, they go on with what they have. A name ends in letters of its
own, because a parameter that was just deleted should not be made again at once (botocore, ssm DeleteParameter: "wait
for at least 30 seconds to create a parameter with the same name").
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.clouds.aws.target import GROUPS, PARAMETER, STACK, Existing, Place, Stored, camel
from infra.clouds.cli import Command, File

# The limit of a standard parameter: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
MAX_LENGTH = 4096
# DeleteParameters takes no more.
_AT_ONCE = 10

Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Part:
    """A parameter with a part of a secret. ``version``: the one that has it, or will have it once it is written."""

    name: str
    version: int
    text: str
    is_stored: bool


def parts(secrets: Secrets, existing: Existing, letters: str = "0" * 8) -> dict[str, list[Part]]:
    """The parameters of each secret by its group. ``letters``: the end of a new one's name."""
    return {
        group: [
            _part(f"/{STACK}/{group}-{number}-", letters, text, existing.parameters)
            for number, text in enumerate(_cut(text_of(settings)), start=1)
        ]
        for group, settings in secrets.items()
    }


def text_of(settings: Mapping[str, str]) -> str:
    """The JSON of a secret. It has no ``{{``, as a channel's template has it: Parameter Store refuses ``{{…}}``."""
    # Two of them stand together inside a JSON string only, and a string may have an escape.
    return json.dumps(settings).replace("{{", r"{\u007b")


def in_template(place: Place, secrets: Secrets, existing: Existing, found: Mapping[str, list[Part]]) -> dict[str, str]:
    """The template's parameters for the secrets.

    A role that reads a secret may read the secret from before the deployment too: a function may start with its old
    variables after its role is changed.
    """
    overrides = {}
    for group in GROUPS:
        own = found.get(group, []) if group in secrets else []
        before = [name for name in existing.parameters if (match := PARAMETER.fullmatch(name)) and match[1] == group]
        readable = dict.fromkeys([*before, *(part.name for part in own)])
        overrides[names_parameter(group)] = ",".join(f"{part.name}:{part.version}" for part in own)
        overrides[readable_parameter(group)] = ",".join(place.arn("ssm", f"parameter{name}") for name in readable)
    return overrides


def names_parameter(group: str) -> str:
    """The template's parameter that names what holds a group's secret."""
    return f"{camel(group)}Secret"


def readable_parameter(group: str) -> str:
    """The template's parameter that lists what the readers of a group's secret may read."""
    return f"{camel(group)}Readable"


def write(place: Place, found: Mapping[str, list[Part]]) -> Iterator[Command]:
    """The commands that store what is not stored yet."""
    for part in (part for own in found.values() for part in own if not part.is_stored):
        # In the file, so that it is on no command line. The flag is a word of its own: otherwise aws demands --value.
        file = File(
            None, f"{part.name.rpartition('/')[2]}.json", {"Value": part.text}, is_secret=True, scheme="file://"
        )
        kind = ("--type=SecureString", "--tier=Standard", "--overwrite")
        yield place.command("ssm", "put-parameter", f"--name={part.name}", *kind, "--cli-input-json", file)


def delete(place: Place, names: Sequence[str]) -> Iterator[Command]:
    """The commands that delete parameters. One that is gone already is no error."""
    for first in range(0, len(names), _AT_ONCE):
        yield place.command("ssm", "delete-parameters", "--names", *names[first : first + _AT_ONCE])


def _part(start: str, letters: str, text: str, stored: Mapping[str, Stored]) -> Part:
    name = min((name for name in stored if name.startswith(start)), default=None)
    if name is None:
        return Part(f"{start}{letters}", 1, text, is_stored=False)
    is_stored = stored[name].value.get_secret_value() == text
    return Part(name, stored[name].version + (not is_stored), text, is_stored)


def _cut(text: str) -> list[str]:
    return [text[first : first + MAX_LENGTH] for first in range(0, len(text), MAX_LENGTH)]
