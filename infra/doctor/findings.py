"""The doctor's findings, and how they are printed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.messages import one_line
from shared.settings.secrets import masked, secret_parts


class Verdict(StrEnum):
    """``warning``: it works, but perhaps not for long or not for everybody. ``failure``: it does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. If it is not ok: what is ``expected``, and the command or setting that fixes it."""

    verdict: Verdict
    about: str
    found: str
    expected: str | None = None
    fix: str | None = None


def ok(about: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, about, found)


def warning(about: str, found: str, *, expected: str, fix: str) -> Finding:
    """Somebody should attend to it."""
    return Finding(Verdict.WARNING, about, found, expected, fix)


def failure(about: str, found: str, *, expected: str, fix: str) -> Finding:
    """Somebody must fix it."""
    return Finding(Verdict.FAILURE, about, found, expected, fix)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest verdict of all."""
    return max((finding.verdict for finding in findings), key=list(Verdict).index, default=Verdict.OK)


def without_secrets(finding: Finding, environ: Mapping[str, str]) -> Finding:
    """The finding as it may be shown: on one line, without any secret of ``environ``, even if a server echoed one."""
    secrets = secret_parts(environ)

    def shown(text: str | None) -> str | None:
        return text and masked(text, secrets)

    found = one_line(masked(finding.found, secrets))
    return Finding(finding.verdict, finding.about, found, shown(finding.expected), shown(finding.fix))


def as_lines(findings: Sequence[Finding]) -> str:
    """A line for each finding, and one that counts them."""
    width = max(len(finding.about) for finding in findings) + 1
    lines = []
    for finding in findings:
        expected = f" · expected {finding.expected}" if finding.expected else ""
        fix = f" · fix: {finding.fix}" if finding.fix else ""
        lines.append(f"{finding.verdict:8} {finding.about:{width}} {finding.found}{expected}{fix}")
    counts = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The same for a program."""
    body = {"verdict": worst(findings), "findings": [_fields(finding) for finding in findings]}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _fields(finding: Finding) -> dict[str, str | None]:
    return {
        "verdict": finding.verdict,
        "about": finding.about,
        "found": finding.found,
        "expected": finding.expected,
        # The key of version 0.1, which programs read.
        "mend": finding.fix,
    }
