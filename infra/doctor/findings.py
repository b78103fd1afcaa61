"""What the doctor finds, and how it says so."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from shared.messages import one_line
from shared.settings.secrets import masked, secret_parts


class Verdict(StrEnum):
    """``warning``: it works, and may not for long or not for everybody. ``failure``: it does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. If it is not ok: what is ``expected``, and the command or setting to ``mend``."""

    verdict: Verdict
    about: str
    found: str
    expected: str | None = None
    mend: str | None = None


def ok(about: str, found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, about, found)


def warning(about: str, found: str, *, expected: str, mend: str) -> Finding:
    """It should be looked after."""
    return Finding(Verdict.WARNING, about, found, expected, mend)


def failure(about: str, found: str, *, expected: str, mend: str) -> Finding:
    """It has to be mended."""
    return Finding(Verdict.FAILURE, about, found, expected, mend)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest verdict of all."""
    return max((finding.verdict for finding in findings), key=list(Verdict).index, default=Verdict.OK)


def without_secrets(finding: Finding, environ: Mapping[str, str]) -> Finding:
    """The finding as it may be shown: one line each, without a secret of ``environ`` even if somebody echoes it."""
    secrets = secret_parts(environ)

    def shown(text: str | None) -> str | None:
        return text and masked(text, secrets)

    found = one_line(masked(finding.found, secrets))
    return Finding(finding.verdict, finding.about, found, shown(finding.expected), shown(finding.mend))


def as_lines(findings: Sequence[Finding]) -> str:
    """A line each, and one that sums up."""
    width = max(len(finding.about) for finding in findings) + 1
    lines = []
    for finding in findings:
        expected = f" · expected {finding.expected}" if finding.expected else ""
        mend = f" · mend: {finding.mend}" if finding.mend else ""
        lines.append(f"{finding.verdict:8} {finding.about:{width}} {finding.found}{expected}{mend}")
    counts = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The same for machines."""
    body = {"verdict": worst(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(body, ensure_ascii=False, indent=2)
