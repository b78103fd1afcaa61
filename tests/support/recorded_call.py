"""A call of a cloud's program, as the cloud's stand-in records it."""

from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """The cloud refuses the call with this text."""


@dataclass(frozen=True)
class RecordedCall:
    """The arguments of a call, and the files that it read."""

    arguments: list[str]
    files: dict[str, Any]

    @property
    def words(self) -> list[str]:
        """The words before the first flag."""
        flags = [number for number, each in enumerate(self.arguments) if each.startswith("--")]
        return self.arguments[: min(flags, default=len(self.arguments))]

    @property
    def flags(self) -> dict[str, str]:
        """Each flag with its value, which may be empty."""
        return {each.partition("=")[0]: each.partition("=")[2] for each in self.arguments if each.startswith("--")}
