"""The two files of an import: ``bonghwa.yaml``, and ``bonghwa.env`` with the secrets."""

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from infra.configuration.imports.result import Imported

ENV_FILE = "bonghwa.env"
_HEADER = """\
# Imported from {source} by python -m infra import. The secrets are in {env}, beside this file.
# Try it with: python -m infra apply {file} --dry-run
"""
# Text that a reader of YAML 1.2 would take for a number; PyYAML, which follows 1.1, would not quote it.
_NUMBER = re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+)")


class CannotWrite(Exception):
    """A file cannot be written. The text says which and why."""


class _Dumper(yaml.SafeDumper):
    """Writes what belongs together on one line, and repeats a list that two monitors share.

    In Python, because libyaml would write the number of an emoji instead of it.
    """

    def ignore_aliases(self, _: Any) -> bool:
        """Whether to write a value out: always, since an anchor with a number for a name helps nobody."""
        return True


class _Block(dict[str, Any]):
    """A mapping with a line for each key."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = '"' if _NUMBER.fullmatch(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _block(dumper: _Dumper, value: _Block) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=False)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Block, _block)


def yaml_text(imported: Imported) -> str:
    """The configuration as YAML, without what is empty."""
    parts: dict[str, Any] = {
        "channels": _Block(imported.channels),
        "windows": imported.windows,
        "status_page": imported.status_page and _Block(imported.status_page),
        "status_pages": _Block({slug: _Block(page) for slug, page in imported.status_pages.items()}),
        "monitors": [_Block(monitor) for monitor in imported.monitors],
    }
    written = _Block({name: part for name, part in parts.items() if part or name == "monitors"})
    text = yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return str(text)


def refuse_existing(output: Path) -> None:
    """Raise CannotWrite if either file is there already."""
    for file in (output, output.with_name(ENV_FILE)):
        if os.path.lexists(file):
            raise CannotWrite(f"{file} exists already: choose another --output, or replace it with --force")


def write(imported: Imported, source: Path, output: Path) -> None:
    """Write both files. Each appears at once and complete, and only its owner can read the secrets.

    Raises:
        CannotWrite: one of them cannot be written; then neither is.
    """
    header = _HEADER.format(source=_shown(source.name or str(source)), env=ENV_FILE, file=_shown(output.name))
    env = output.with_name(ENV_FILE)
    texts = {env: (imported.secrets.text(_shown(output.name)), 0o600), output: (header + yaml_text(imported), 0o644)}
    with contextlib.ExitStack() as cleaning:
        try:
            complete = {file: _beside(file, *texts[file], cleaning) for file in texts}
            for file, new in complete.items():
                new.replace(file)
        except OSError as error:
            raise CannotWrite(f"{output} cannot be written with {env.name} beside it: {error.strerror}") from error


def _beside(file: Path, text: str, mode: int, cleaning: contextlib.ExitStack) -> Path:
    """A new file beside ``file`` that holds ``text``, and that ``cleaning`` removes if it is still there then."""
    # Only its owner can read it from the first byte on.
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    cleaning.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as new:
        new.write(text)
    Path(name).chmod(mode & ~_umask())
    return Path(name)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)
