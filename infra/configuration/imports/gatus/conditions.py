"""Gatus's conditions. Ours have the same grammar, and refuse what Gatus only seems to understand."""

import re
from collections.abc import Callable
from typing import Any

from infra.configuration.imports.gatus.variables import Variables
from shared.monitors.conditions import parse

# In the order in which Gatus looks for them.
_OPERATORS = ("==", "!=", "<=", ">=", ">", "<")
_COMPARISON = re.compile(r"(\S.*?) (==|!=|<=|>=|>|<) (\S.*)")
_JOINER = re.compile(r"&&|\|\|")
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]+)\]")
_KNOWN = {"STATUS", "BODY", "RESPONSE_TIME", "CERTIFICATE_EXPIRATION", "IP", "CONNECTED", "HEADER", "DNS_RCODE"}
_FUNCTION = re.compile(r"(?:any|pat|len|has)\(")
_ANY = re.compile(r"any\(([^()]*)\)")

Note = Callable[[str, str], None]


def converted(listed: list[Any], variables: Variables, note: Note, *, has_status: bool) -> list[str]:
    """Those of a list of conditions that can be carried over. ``note(what, why)`` gets the others.

    ``has_status``: whether what is checked has a status code.
    """
    found: list[str] = []
    for given in listed:
        if given is None:
            note("a null condition", "it is empty, and is left out")
            continue
        if isinstance(given, dict | list):
            note("a condition", "expected text; it is left out")
            continue
        text, is_complete = variables.plain(str(given).strip())
        if not is_complete:
            note(f"condition {given}", "the value of its variable is not in the source; it is left out")
            continue
        if "[STATUS]" in text and not has_status:
            note(f"condition {text}", "only http and https have a status code; it is left out")
            continue
        found += _one(text, note)
    return found


def _one(text: str, note: Note) -> list[str]:
    if len(_at_joiners(text)) > 1:
        return _split(text, note)
    if reason := _refused(text):
        note(f"condition {text}", f"{reason}; it is left out")
        return []
    return [text]


def _refused(text: str) -> str | None:
    unknown = [name for name in _PLACEHOLDER.findall(text) if name not in _KNOWN]
    if unknown:
        return f"there is no [{unknown[0]}] here"
    try:
        parse(text)
    except ValueError as error:
        return f"expected {error}"
    return None


def _split(text: str, note: Note) -> list[str]:
    """What the writer of ``&&`` or ``||`` meant, if that is certain."""
    did = f"Gatus has no such operator and finds this {_in_gatus(text)}"
    parts = _at_joiners(text)
    sides, joiners = parts[::2], set(parts[1::2])
    are_comparisons = all(_COMPARISON.fullmatch(side) and _refused(side) is None for side in sides)
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
    """``text`` split at each ``&&`` and ``||`` that stands outside parentheses, with these between the parts."""
    parts, begin = [], 0
    for found in _JOINER.finditer(text):
        before = text[: found.start()]
        if before.count("(") <= before.count(")"):
            parts += [text[begin : found.start()].strip(), found[0]]
            begin = found.end()
    return [*parts, text[begin:].strip()]


def _in_gatus(text: str) -> str:
    """What Gatus makes of it: it splits at the first operator that it looks for, and reads what is no number as 0."""
    operator = next((each for each in _OPERATORS if f" {each} " in text), None)
    if operator is None:
        return "invalid"
    if operator in ("==", "!="):
        return "never true" if operator == "==" else "always true"
    left, right = text.split(f" {operator} ")[:2]
    if _JOINER.search(right):
        return {">=": "always true", "<": "never true", ">": "nearly always true"}.get(operator, "nearly never true")
    if re.fullmatch(r"\d+", right.strip()) and _JOINER.search(left):
        is_true = {"<=": True, "<": int(right) > 0, ">=": int(right) == 0, ">": False}[operator]
        return "always true" if is_true else "never true"
    return "something else than it says"
