"""``python -m infra channels``."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.settings import SettingError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

HELP = "list every kind of channel, with its fields and an example"
READS_DOTENV = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("kind", nargs="?", help="of this kind alone")
    parser.add_argument("--json", action="store_true", help="for a program")


def run(arguments: argparse.Namespace) -> None:
    """Print the kinds.

    Raises:
        SettingError: there is no such kind.
    """
    from infra.configuration.reading.mistakes import one_of
    from shared.notifiers import kinds

    if arguments.kind is not None and arguments.kind not in kinds():
        raise SettingError("kind", arguments.kind, one_of("a kind of channel", arguments.kind, kinds()))
    found = [_described(name) for name in ([arguments.kind] if arguments.kind else kinds())]
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    print("\n\n".join("\n".join(_lines(each)) for each in found))
    if arguments.kind is None:
        print(f"\nFields of every kind: {', '.join(_common())}. shared/notifiers/README.md describes all of it.")


def _described(name: str) -> dict[str, Any]:
    from shared.notifiers import kind_named

    kind = kind_named(name)
    fields = {
        field: {"is_required": info.is_required(), "is_secret": _is_secret(info), "description": info.description}
        for field, info in kind.fields().items()
    }
    # The file of a kind begins with what it is.
    summary = (sys.modules[kind.__module__].__doc__ or "").partition("\n")[0]
    return {"kind": name, "description": summary, "fields": fields, "example": _example(name, kind.fields())}


def _lines(described: dict[str, Any]) -> Iterator[str]:
    yield f"{described['kind']}: {described['description']}"
    for name, field in described["fields"].items():
        yield f"  {name + ('' if field['is_required'] else '?'):16} {field['description']}"
    yield f"  {described['example']}"


def _example(kind: str, fields: "dict[str, FieldInfo]") -> str:
    """A line of the file, with what is required; a secret comes from the environment."""
    values = [
        f'{name}: "${{OPS_{name.upper()}}}"' if _is_secret(info) else f"{name}: …"
        for name, info in fields.items()
        if info.is_required()
    ]
    return f"ops: {{{', '.join([f'kind: {kind}', *values])}}}"


def _is_secret(info: "FieldInfo") -> bool:
    return "SecretStr" in str(info.annotation)


def _common() -> tuple[str, ...]:
    from shared.channels import COMMON

    return COMMON
