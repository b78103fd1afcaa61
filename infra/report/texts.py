"""The report as text, as Markdown and as CSV."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from functions.show_history.spreadsheet import text_of
from infra.local.terminal import visible
from infra.report.month import Line, Report
from infra.report.words import report_words
from shared.words import Language

Format = Literal["text", "markdown", "csv"]
Table = list[list[str]]


def shown(report: Report, form: Format, language: Language) -> str:
    """The report, without a line break at its end."""
    return _FORMS[form](report, language)


def _text(report: Report, language: Language) -> str:
    rows = _table(report, language)
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    names = _names(report)
    lines = ["  ".join(_padded(row, widths, names)).rstrip() for row in rows]
    remarks = list(_remarks(report, language))
    return "\n".join([*_heading(report, language), "", *lines, *([""] if remarks else []), *remarks])


def _markdown(report: Report, language: Language) -> str:
    title, *below = _heading(report, language)
    head, *rows = [[_escaped(cell) for cell in row] for row in _table(report, language)]
    rule = ["---" if number < _names(report) else "---:" for number in range(len(head))]
    table = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    remarks = [_escaped(remark) for remark in _remarks(report, language)]
    return "\n\n".join([f"# {_escaped(title)}", *below, "\n".join(table), *remarks])


def _csv(report: Report, language: Language) -> str:  # noqa: ARG001  # every form takes both; programs read this one
    columns = ["month", *Line._fields, "is_over"]
    about = {"month": str(report.month), "is_over": str(report.is_over).lower()}
    rows = [{**about, **line._asdict()} for line in report.monitors]
    return text_of(columns, rows).rstrip("\r\n")


_FORMS: dict[Format, Callable[[Report, Language], str]] = {"text": _text, "markdown": _markdown, "csv": _csv}


def _heading(report: Report, language: Language) -> Iterator[str]:
    words, month = report_words(language), report.month
    title = words["title"] if report.group is None else words["title_of_group"]
    yield title.format(year=month.year, month=f"{month.number:02}", group=visible(report.group or ""))
    yield f"{month.starts_at:%Y-%m-%d %H:%M %Z} – {month.ends_at:%Y-%m-%d %H:%M %Z}"
    if not report.is_over:
        yield words["until_now"]


def _remarks(report: Report, language: Language) -> Iterator[str]:
    """How the counts are cut, and since when those monitors are recorded that were not for the whole month."""
    if report.is_counted_by_utc_days:
        yield report_words(language)["counted_by_utc_days"]
    names: dict[str, list[str]] = defaultdict(list)
    for line in report.monitors:
        if line.recorded_since and (since := datetime.fromisoformat(line.recorded_since)) > report.month.starts_at:
            names[f"{since.astimezone():%Y-%m-%d %H:%M %Z}"].append(visible(line.name or ""))
    for time in sorted(names):
        yield report_words(language)["recorded_since"].format(time=time, names=", ".join(names[time]))


def _names(report: Report) -> int:
    """How many columns are names, which stand at the left."""
    return 1 + _has_groups(report)


def _has_groups(report: Report) -> bool:
    return report.group is None and any(line.group is not None for line in report.monitors)


def _table(report: Report, language: Language) -> Table:
    words = report_words(language)
    names = ["monitor", "group"] if _has_groups(report) else ["monitor"]
    head = [words[name] for name in (*names, "availability", "downtime", "outages", "checks", "failures")]
    lines = report.monitors if len(report.monitors) == 1 else [*report.monitors, report.total]
    rows = []
    for line in lines:
        name = words["total"] if line.name is None else visible(line.name)
        group = [visible(line.group or "")] if _has_groups(report) else []
        rows.append([name, *group, *_known(line), f"{line.checks:,}", f"{line.failures:,}"])
    return [head, *rows]


def _known(line: Line) -> list[str]:
    if line.uptime is None:
        return ["–", "–", "–"]
    return [_percent(line.uptime), _length(line.downtime_seconds), f"{line.outages:,}"]


def _percent(uptime: float) -> str:
    """Rounded down: 100 % means that it was never down."""
    return f"{math.floor(uptime * 100_000 + 1e-6) / 1000:.3f} %"


def _length(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _escaped(cell: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", cell)


def _padded(row: Sequence[str], widths: Sequence[int], names: int) -> Iterator[str]:
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        blanks = " " * (width - _width(cell))
        yield cell + blanks if number < names else blanks + cell


def _width(text: str) -> int:
    """How many columns a terminal takes for it: two for a Korean letter."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
