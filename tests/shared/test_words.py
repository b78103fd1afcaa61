"""The words of each language: they are complete, they say the same, and every cause that we make has them."""

import ast
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from functions.check_monitors.probes.causes import MAY_BE_PROXYS, proxys
from infra.report.words import report_words
from shared import ROOT
from shared.models import AlertKind, Cause, NotificationKind
from shared.models.cause import OF_ONE_CHECK, OF_THE_AGENT
from shared.words import Language, cause_text, words_of
from shared.words.pages import status_words
from shared.words.units import units_of

LANGUAGES: tuple[Language, ...] = ("en", "ko")
GROUPS = ("CAUSES", "KINDS", "SUBJECTS", "LABELS", "FACTS", "MESSAGES", "REASONS", "TIMELINE")
ENGLISH = words_of("en").CAUSES
# These consist of their parameters.
SAME_IN_EVERY_LANGUAGE = {"http_status", "libcurl_error"}


def texts(language: Language) -> dict[tuple[str, str], str]:
    """Every text of a language by its group and code."""
    groups: dict[str, Mapping[str, str]] = {group: getattr(words_of(language), group) for group in GROUPS}
    groups["report"] = report_words(language)
    groups["units"] = units_of(language)
    return {(group, code): text for group, found in groups.items() for code, text in found.items()}


def parameters(text: str) -> dict[str, str]:
    """The names in a text, each with its format: ``{"seconds": "g"}``."""
    return {name: form or "" for _, name, form, _ in string.Formatter().parse(text) if name}


def nodes_of(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of our own code, with the file in which it stands."""
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield str(path.relative_to(ROOT)), node


def calls_of_cause() -> Iterator[tuple[str, ast.Call]]:
    """Every ``Cause.of(…)`` of our own code, with where it stands."""
    for file, node in nodes_of("functions", "shared", "infra"):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Cause.of":
            yield f"{file}:{node.lineno}", node


def named_in(node: ast.AST, constants: Mapping[str, set[str]]) -> set[str]:
    """The codes that stand in a piece of code, or in the ``constants`` that it names."""
    parts = list(ast.walk(node))
    found = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    named = (constants.get(part.id, set()) for part in parts if isinstance(part, ast.Name))
    return (found & ENGLISH.keys()).union(*named)


def sets_one_to_true(line: ast.stmt, flags: set[str]) -> bool:
    """Whether a line sets one of these to True, be it an attribute or an argument."""
    parts = list(ast.walk(line))
    names = {part.arg for part in parts if isinstance(part, ast.keyword)}
    if isinstance(line, ast.Assign):
        names |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return not names.isdisjoint(flags) and any(isinstance(part, ast.Constant) and part.value is True for part in parts)


def codes_of_the_unchecked() -> set[str]:
    """The codes that the agent gives to checks that it could not make.

    They stand in a ``NotCheckable``, behind ``is_inconclusive=``, or beside a line that sets ``is_inconclusive``, or
    what it is made from, to True: in the same block, or in its ``if``.
    """
    nodes = [node for _, node in nodes_of("functions/check_monitors")]
    constants: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = named_in(node.value, constants)
    said = [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "is_inconclusive"]
    flags = {part.attr for value in said for part in ast.walk(value) if isinstance(part, ast.Attribute)}
    flags.add("is_inconclusive")
    places: list[ast.AST] = list(said)
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "NotCheckable":
            places.append(node)
        elif isinstance(node, ast.If | ast.ExceptHandler | ast.FunctionDef):
            lines = [line for line in node.body if not hasattr(line, "body")]
            if any(sets_one_to_true(line, flags) for line in lines):
                places += [*lines, node.test] if isinstance(node, ast.If) else lines
    return set[str]().union(*(named_in(place, constants) for place in places))


def test_both_languages_say_the_same() -> None:
    english, korean = texts("en"), texts("ko")
    assert english.keys() == korean.keys()
    assert all(parameters(english[code]) == parameters(korean[code]) for code in english)


def test_no_korean_particle_is_fixed_behind_a_parameter() -> None:
    """A last sound that nobody knows yet decides between 이 and 가, and its like."""
    fixed = re.compile(r"\}[\"')\]»]?(?:이|가|은|는|을|를|와|과|로|으로)(?![(가-힣])")
    words = {**dict(texts("ko")), **{("status", code): str(text) for code, text in status_words("ko").items()}}
    assert {code for code, text in words.items() if fixed.search(text)} == set()


def test_whatever_was_not_checked_is_known_to_say_nothing_of_the_monitor() -> None:
    unknown = {code for code, text in ENGLISH.items() if text.startswith(("not checked:", "not known yet:"))}
    assert unknown == OF_ONE_CHECK | OF_THE_AGENT


@pytest.mark.slow
def test_whatever_the_agent_could_not_check_is_known_as_that() -> None:
    """Otherwise one policy that cannot be checked would make its whole location offline."""
    assert codes_of_the_unchecked() == OF_ONE_CHECK | OF_THE_AGENT


@pytest.mark.parametrize("code", ENGLISH)
def test_every_cause_has_its_sentence_in_both_languages(code: str) -> None:
    values = {name: 0.5 if form else f"<{name}>" for name, form in parameters(ENGLISH[code]).items()}
    said = {language: cause_text(language, Cause.of(code, **values)) for language in LANGUAGES}
    for value in values.values():
        assert all(str(value) in text for text in said.values())
    assert any("가" <= letter <= "힣" for letter in said["ko"]) is (code not in SAME_IN_EVERY_LANGUAGE)
    assert said["en"].isascii()


@pytest.mark.slow
def test_every_cause_that_we_make_has_words_that_fit() -> None:
    made = set()
    for place, call in calls_of_cause():
        code = ast.literal_eval(call.args[0])
        assert {keyword.arg for keyword in call.keywords} == parameters(ENGLISH[code]).keys(), place
        made.add(code)
    # The probe turns a refusal of an address into one of the proxy's address, and some failures into the proxy's.
    made |= {proxys(Cause.of(code)).code for code in made if code.startswith("refused_") or code in MAY_BE_PROXYS}
    assert made == ENGLISH.keys(), "a sentence that no cause needs"


def test_every_kind_has_its_words() -> None:
    for language in LANGUAGES:
        words = words_of(language)
        assert words.KINDS.keys() == set(NotificationKind)
        assert len(set(words.KINDS.values())) == len(NotificationKind), "no two kinds look alike"
        assert words.SUBJECTS.keys() == set(AlertKind) - {AlertKind.OUTAGE}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("cause", "reported", "shown", "why"),
    [
        (None, "disk almost full", "disk almost full", "a reporter that sends no cause"),
        (None, None, "", "nothing is known"),
        (Cause.of("disk_full", disk="/"), "disk full: /", "disk full: /", "a code of a newer agent"),
        (Cause.of("disk_full", disk="/"), None, "disk full", "the code is better than nothing"),
        (Cause.of("host_not_found"), "no host x", "no host x", "a parameter is missing"),
        (Cause.of("no_response", seconds="ten"), "ten seconds", "ten seconds", "a parameter has the wrong type"),
        (Cause.of("http_status", status=599, phrase=""), "HTTP 599 Odd", "HTTP 599", "a status without a phrase"),
        (Cause.of("libcurl_error", text="{status.real}"), None, "{status.real}", "a text is never a template"),
    ],
)
def test_a_cause_without_words_is_shown_as_reported(
    language: Language, cause: Cause | None, reported: str | None, shown: str, why: str
) -> None:
    assert cause_text(language, cause, reported) == shown, why


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_language_that_is_used_is_loaded(language: Language) -> None:
    script = f"""
import sys
from shared.words import cause_text, words_of
loaded = {{"shared.words.en", "shared.words.ko"}} & set(sys.modules)
assert not loaded, loaded
words_of({language!r})
loaded = {{"shared.words.en", "shared.words.ko"}} & set(sys.modules)
assert loaded == {{"shared.words.{language}"}}, loaded
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
