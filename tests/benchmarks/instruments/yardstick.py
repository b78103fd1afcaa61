"""The yardstick, a hello world under the same functions-framework, and how results are shown."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.support.running import FunctionAlone

_HELLO = """\
import functions_framework


@functions_framework.http
def hello(request):
    return "hello"
"""


def hello_project(folder: Path) -> Path:
    """A project in ``folder`` with the one function ``hello``."""
    folder.mkdir()
    (folder / "main.py").write_text(_HELLO, encoding="utf-8")
    return folder


def hello_alone(folder: Path, /, **variables: str | None) -> FunctionAlone:
    """``hello`` as every other function is started. Keywords are environment variables."""
    return FunctionAlone(folder, folder, "hello", **variables)


def middle_half(values: Sequence[float], decimals: int) -> str:
    """The spread: from the first quartile to the third."""
    if len(values) < 2:
        return "-"
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return f"{first:.{decimals}f}–{third:.{decimals}f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be, the first to the left and the others to the right."""
    widths = [max(len(cells[column]) for cells in (head, *rows)) for column in range(len(head))]
    lines = []
    for cells in (head, *rows):
        first, *others = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append("  ".join([first.strip().ljust(widths[0]), *others]).rstrip())
    return "\n".join(lines)


def verdict(value: float, bar: float | None, *, is_least: bool = False) -> list[str]:
    """The bar and whether the value holds it, for a table; the bar is the least or else the most."""
    if bar is None:
        return ["-", ""]
    holds = value >= bar if is_least else value <= bar
    return [f"{bar:g}", "ok" if holds else "under" if is_least else "over"]
