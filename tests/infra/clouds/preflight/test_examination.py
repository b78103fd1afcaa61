"""All questions at once, within their time."""

import threading
from collections.abc import Iterator

import pytest

from infra.clouds.cli import CommandFailed
from infra.clouds.preflight import Preflight, PreflightFailed, examined
from infra.doctor.findings import Finding, failure, ok, warning

GIVEN = {"API_KEY": "a-key-of-sixteen-letters"}


def says(finding: Finding) -> Iterator[Finding]:
    yield finding


def test_the_gravest_findings_are_at_the_end() -> None:
    questions = {
        "a": lambda: says(warning("a", "odd", expected="even", fix="do it")),
        "b": lambda: says(ok("b", "fine")),
    }
    assert examined(Preflight(questions, GIVEN)) == [
        "ok       b  fine",
        "warning  a  odd · expected even · fix: do it",
        "1 ok, 1 warning, 0 failure",
    ]


def test_a_failure_stops_with_all_findings_and_no_secret() -> None:
    questions = {
        "a": lambda: says(failure("a", f"the key {GIVEN['API_KEY']} is wrong", expected="another", fix="API_KEY=…")),
        "b": lambda: says(ok("b", "fine")),
    }
    with pytest.raises(PreflightFailed) as failed:
        examined(Preflight(questions, GIVEN))
    assert "failure  a  the key" in str(failed.value)
    assert "ok       b  fine" in str(failed.value)
    assert GIVEN["API_KEY"] not in str(failed.value)


def test_the_questions_are_asked_at_the_same_time() -> None:
    met = threading.Barrier(3)

    def question() -> Iterator[Finding]:
        met.wait(30)
        yield ok("a", "met the others")

    assert len(examined(Preflight(dict.fromkeys("abc", question), GIVEN))) == 4


def test_a_question_that_hangs_is_unknown() -> None:
    hangs = threading.Event()

    def question() -> Iterator[Finding]:
        hangs.wait(60)
        yield ok("slow", "late")

    line, _ = examined(Preflight({"slow": question}, GIVEN), seconds=0.05)
    assert line.startswith("warning  slow  could not be asked: there was no answer within 0.05 s")
    hangs.set()


def test_a_question_that_fails_is_unknown() -> None:
    def question() -> Iterator[Finding]:
        raise CommandFailed("gcloud billing ended with 1:\nERROR: (gcloud) PERMISSION_DENIED")
        yield

    line, _ = examined(Preflight({"billing": question}, GIVEN))
    assert "could not be asked: ERROR: (gcloud) PERMISSION_DENIED" in line


def test_a_defect_is_not_hidden() -> None:
    def question() -> Iterator[Finding]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        examined(Preflight({"a": question}, GIVEN))
