"""All the questions of a cloud at once, and what to do about their findings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.clouds.cli import CommandFailed
from infra.clouds.together import together
from infra.doctor.findings import Finding, Verdict, as_lines, warning, without_secrets

# For all questions together. A program of a cloud takes one to three seconds for an answer.
SECONDS = 10.0
Question = Callable[[], Iterable[Finding]]


class PreflightFailed(Exception):
    """A deployment would fail. The text has all findings, a line for each, and no secret."""


@dataclass(frozen=True)
class Preflight:
    """The questions, by their subject; ``given`` are the settings, whose secrets are shown nowhere."""

    questions: Mapping[str, Question]
    given: Mapping[str, str]


def examined(preflight: Preflight, seconds: float = SECONDS) -> list[str]:
    """The findings, a line for each, those that need somebody at the end.

    Raises:
        PreflightFailed: with one of them, a deployment would fail.
    """
    asked = {about: _answer(about, question) for about, question in preflight.questions.items()}
    answers = together(asked, seconds)
    silent = [_unknown(about, f"there was no answer within {seconds:g} s") for about in asked if about not in answers]
    findings = [finding for about in asked for finding in answers.get(about, [])] + silent
    shown = [without_secrets(finding, preflight.given) for finding in findings]
    lines = as_lines(sorted(shown, key=lambda finding: list(Verdict).index(finding.verdict))).splitlines()
    if any(finding.verdict is Verdict.FAILURE for finding in shown):
        raise PreflightFailed("\n".join(["it cannot be deployed like that:", *lines]))
    return lines


def _answer(about: str, question: Question) -> Callable[[], Sequence[Finding]]:
    def answer() -> Sequence[Finding]:
        try:
            return list(question())
        except CommandFailed as trouble:
            # Some people may not ask everything.
            return [_unknown(about, str(trouble).strip().splitlines()[-1])]

    return answer


def _unknown(about: str, why: str) -> Finding:
    expected = "an answer; the deployment goes on without it"
    return warning(about, f"could not be asked: {why}", expected=expected, fix="look it up in the cloud's console")
