"""The image as the Dockerfile makes it: what Docker would send and copy, and what it would start, without Docker."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from shared import ROOT


class Instruction(NamedTuple):
    """One instruction of the Dockerfile."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, without options; those of a JSON list, if it ends with one."""
        if found := re.search(r"\[.*\]$", self.text):
            return [str(word) for word in json.loads(found[0])]
        return [word for word in self.text.split() if not word.startswith("--")]


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions, in their order."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [
        Instruction(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())
    ]


def one(name: str) -> Instruction:
    """The only instruction with this name."""
    [found] = [each for each in instructions() if each.name == name]
    return found


def sources() -> list[tuple[str, str]]:
    """The paths that are copied out of the context, and their destinations."""
    copied = [each for each in instructions() if each.name == "COPY" and "--from=" not in each.text]
    return [(source, each.words[-1]) for each in copied for source in each.words[:-1]]


def variables() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(re.findall(r"(\w+)=(\S*)", one("ENV").text))


class Ignored:
    """The patterns of .dockerignore. The last one that matches a path, or a folder above it, decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        patterns = [line for line in lines if line and not line.startswith("#")]
        self._patterns = [(_expression(each.removeprefix("!")), not each.startswith("!")) for each in patterns]

    def has(self, path: str) -> bool:
        """Whether the file at this path stays out."""
        parts = path.split("/")
        above = ["/".join(parts[: number + 1]) for number in range(len(parts))]
        has_outage = False
        for expression, leaves_out in self._patterns:
            if any(expression.fullmatch(each) for each in above):
                has_outage = leaves_out
        return has_outage


def _expression(pattern: str) -> re.Pattern[str]:
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.compile("".join(said.get(part, re.escape(part)) for part in parts))


def ignored() -> Ignored:
    """The patterns of our .dockerignore."""
    return Ignored((ROOT / ".dockerignore").read_text(encoding="utf-8"))


def sent(paths: Iterable[str]) -> Iterator[str]:
    """Those of these paths that are copied into the image."""
    leaves_out = ignored()
    wanted = [source.rstrip("/") for source, _ in sources()]
    for path in paths:
        if not leaves_out.has(path) and any(path == each or path.startswith(f"{each}/") for each in wanted):
            yield path


def make(folder: Path) -> Path:
    """Put into ``folder`` what the image has of the project."""
    tops = {source.rstrip("/") for source, _ in sources()}
    files = [file for top in tops for file in ([ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"))]
    for path in sent(file.relative_to(ROOT).as_posix() for file in files if file.is_file()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    return folder
