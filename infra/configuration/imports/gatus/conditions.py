"""Gatus's conditions. Ours have the same grammar, and refuse what Gatus only seems to understand."""

import re
from collections.abc import Callable
from typing import Any

from infra.configuration.imports.gatus.variables import Variables
from shared.monitors.conditions import parse
from shared.monitors.kinds import Kind, unavailable

# In the order in which Gatus looks for them.
_OPERATORS = ("==", "!=", "<=", ">=", ">", "<")
_COMPARISON = re.compile(r"(\S.*?) (==|!=|<=|>=|>|<) (\S.*)")
_JOINER = re.compile(r"&&|\|\|")
_FUNCTION = re.compile(r"(?:any|pat|len|has)\(")
_ANY = re.compile(r"any\(([^()]*)\)")
# Signs beside * that stand for other characters in a pattern of Gatus.
_GLOB = re.compile(r"pat\([^)]*(?:\?|\[[^\]]*\])[^)]*\)")

# These compare the whole body, and do not find one record among several.
_WHOLE_BODY = re.compile(r"\[BODY\] (?:==|!=) (?!pat\(\*.*\*\)|\"\"$)")
# These expect the host and port of a SRV record as Gatus writes them.
_OF_GATUS_SRV = re.compile(rf"{_WHOLE_BODY.pattern}|\[BODY\].*:\d")

# Gatus has a JSON object for the state of a gRPC service: [BODY] is the state alone here.
_STATE = re.compile(r"(?i:\[BODY\])\.status(?![\w.\[-])")
_MORE_THAN_THE_STATE = re.compile(r'(?i:\[BODY\])[.\[]|(?<!\$)\{|"status"')
# Gatus's [BODY] is the answer to what it sends there. A condition on it would fail at each check.
_NOTHING_SENT = {
    Kind.SSH: "[BODY] is the server's banner here, and not what a command prints",
    Kind.TLS: "nothing is sent inside TLS here, so there is no [BODY]",
}

Note = Callable[[str, str], None]


def converted(listed: list[Any], kind: Kind, record: str, variables: Variables, note: Note) -> list[str]:
    """Those of a list of conditions that can be carried over. ``note(what, why)`` gets the others.

    ``record``: the kind of DNS record that is asked for, if it is a question.
    """
    found: list[str] = []
    for given in listed:
        if given is None:
            note("a null condition", "it is empty, and is left out")
        elif isinstance(given, dict | list):
            note("a condition", "expected text; it is left out")
        else:
            text = variables.of_monitor(str(given).strip())
            for condition in _one(_STATE.sub("[BODY]", text) if kind is Kind.GRPC else text, kind, note):
                if record == "SRV" and _OF_GATUS_SRV.search(condition):
                    why = "[BODY] has records such as 10 5 5060 host. here, and host.:5060 in Gatus; it is left out"
                    note(f"condition {condition}", why)
                else:
                    found.append(condition)
    return found


def _one(text: str, kind: Kind, note: Note) -> list[str]:
    if len(_at_joiners(text)) > 1:
        return _split(text, kind, note)
    if reason := _refused(text, kind):
        note(f"condition {text}", f"{reason}; it is left out")
        return []
    if kind is Kind.DNS and _WHOLE_BODY.match(text):
        note(f"condition {text}", "[BODY] has all records here, each on a line; Gatus compares the last one alone")
    if _GLOB.search(text):
        note(f"condition {text}", "in pat() only * stands for other characters here")
    return [text]


def _refused(text: str, kind: Kind) -> str | None:
    try:
        placeholders = parse(text).placeholders
    except ValueError as error:
        return f"expected {error}"
    if expected := unavailable(placeholders, kind):
        return f"expected {expected}"
    if kind is Kind.GRPC and _MORE_THAN_THE_STATE.search(text):
        return "[BODY] is the state alone here, such as SERVING"
    return _NOTHING_SENT.get(kind) if "BODY" in placeholders else None


def _split(text: str, kind: Kind, note: Note) -> list[str]:
    """The conditions that the writer of ``&&`` or ``||`` meant, if that is certain."""
    did = f"Gatus has no such operator and finds this {_in_gatus(text)}"
    parts = _at_joiners(text)
    sides, joiners = parts[::2], set(parts[1::2])
    are_comparisons = all(_COMPARISON.fullmatch(side) and _refused(side, kind) is None for side in sides)
    meant: list[str] = []
    if are_comparisons and joiners == {"&&"}:
        meant = sides
    elif are_comparisons and joiners == {"||"}:
        meant = _any_of(sides)
    if not meant:
        note(f"condition {text}", f"{did}; it is left out")
        return []
    note(f"condition {text}", f"{did}; it is written as {' and '.join(meant)}")
    return meant


def _any_of(sides: list[str]) -> list[str]:
    """One condition for ``[X] == a || [X] == b``."""
    found = [_COMPARISON.fullmatch(side) for side in sides]
    left = {match[1] for match in found if match}
    values = [_ANY.sub(r"\1", match[3]) for match in found if match and match[2] == "=="]
    if len(left) != 1 or len(values) != len(sides) or any(_FUNCTION.match(value) for value in values):
        return []
    return [f"{left.pop()} == any({', '.join(values)})"]


def _at_joiners(text: str) -> list[str]:
    """``text`` split at each ``&&`` and ``||`` that stands outside brackets, with these between the parts."""
    parts, begin = [], 0
    for found in _JOINER.finditer(text):
        before = text[: found.start()]
        if before.count("(") <= before.count(")") and before.count('"') % 2 == 0:
            parts += [text[begin : found.start()].strip(), found[0]]
            begin = found.end()
    return [*parts, text[begin:].strip()]


def _in_gatus(text: str) -> str:
    """Gatus's reading of it: it splits at the first operator that it looks for, and reads what is no number as 0."""
    operator = next((each for each in _OPERATORS if f" {each} " in text), None)
    if operator is None:
        return "invalid"
    if operator in ("==", "!="):
        return "never true" if operator == "==" else "always true"
    left, right = text.split(f" {operator} ")[:2]
    if _JOINER.search(right):
        return {">=": "always true", "<": "never true", ">": "nearly always true"}.get(operator, "nearly never true")
    if re.fullmatch(r"\d{1,9}", right.strip()) and _JOINER.search(left):
        is_true = {"<=": True, "<": int(right) > 0, ">=": int(right) == 0, ">": False}[operator]
        return "always true" if is_true else "never true"
    return "something else than it says"
