"""The doctor's findings about settings and a store."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from infra.doctor.examination import examine
from infra.doctor.findings import Finding, Verdict, as_lines
from shared.models import as_text, now

OK, WARNING, FAILURE = Verdict.OK, Verdict.WARNING, Verdict.FAILURE


def find(environ: dict[str, str], url: str | None = None, *files: Path, tested: str | None = None) -> list[Finding]:
    """Return every finding. Check that each one that is not ok says what is expected, and what fixes it."""
    findings = examine(environ, files, url, tested=tested)
    assert all(bool(each.expected and each.fix) == (each.verdict is not OK) for each in findings), findings
    return findings


def one(findings: list[Finding], about: str, words: str) -> Finding:
    """The only finding about it that says these words."""
    found = [each for each in findings if each.about == about and words in each.found]
    assert len(found) == 1, as_lines(findings)
    return found[0]


def execute(database: Path, sql: str, *values: object) -> None:
    """Change the store past the program."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql, values)


def ago(**length: float) -> str:
    """A time that long ago, as the store writes it."""
    return as_text(now() - timedelta(**length))
