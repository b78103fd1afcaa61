"""How a condition is spelled right, for somebody who spelled it as other tools do."""

import re
from collections.abc import Sequence

from shared.monitors.conditions.readings import PLACEHOLDERS

AN_EXAMPLE = "one comparison such as [STATUS] == 200"
_JOINT = re.compile(r"(&&|\|\|)")
_COMPARED = re.compile(r"(\S*?\[[A-Za-z_]+\]\S*)\s(==|!=|<=|>=|<|>)\s(\S.*)", re.DOTALL)
_SIGN = re.compile(r"===|!==|==|!=|<=|>=|=<|=>|<>|=|<|>")
# Other spellings of our signs.
_MEANT = {"=": "==", "===": "==", "!==": "!=", "=<": "<=", "=>": ">=", "<>": "!="}
_UNKNOWN = {
    "DOMAIN_EXPIRATION": "[CERTIFICATE_EXPIRATION], since the expiry of a domain is not known",
    "CONTEXT": "no [CONTEXT], since a monitor does not know what others found",
}


def joined(text: str) -> str | None:
    """The expectation instead of a condition with ``&&`` or ``||``; None if it has none, or only within a text."""
    joints = list(_JOINT.finditer(text))
    if not joints:
        return None
    parts = [part.strip() for part in _JOINT.split(text)[::2]]
    comparisons = [_COMPARED.fullmatch(part) for part in parts]
    if not all(comparisons) and all(_is_within_text(text, joint.start()) for joint in joints):
        return None
    if all(joint[1] == "&&" for joint in joints):
        listed = " and ".join(map(repr, parts)) if all(comparisons) else "'[STATUS] >= 200' and '[STATUS] < 400'"
        return f"one condition each for {listed}, since all must hold; && is not known"
    values = _alternatives(comparisons, parts)
    return f"{values or 'any() for alternatives, such as [STATUS] == any(200, 404)'}, since || is not known"


def unspaced(text: str) -> str | None:
    """The expectation instead of a comparison whose sign has no blanks around it, or is another tool's."""
    if " contains " in text:
        return "a pattern for a part of a text, such as [BODY] == pat(*ok*)"
    found = _SIGN.search(text)
    if found is None:
        return None
    left, right = text[: found.start()].strip(), text[found.end() :].strip()
    if not _COMPARED.fullmatch(f"{left} == {right}") or right[0] in "=<>!":
        return None
    return f"{left} {_MEANT.get(found[0], found[0])} {right}, with a blank on both sides of the sign"


def nearest(name: str) -> str:
    """The expectation instead of ``[name]``, which is no placeholder."""
    import difflib  # only for mistakes

    close = difflib.get_close_matches(name, PLACEHOLDERS, 1)
    all_of_them = ", ".join(f"[{placeholder}]" for placeholder in PLACEHOLDERS)
    return _UNKNOWN.get(name) or (
        f"[{close[0]}]" if close else f"one of {all_of_them}, or quotes around text that begins with a bracket"
    )


def _is_within_text(text: str, at: int) -> bool:
    before, after = text[:at].lower(), text[at:]
    return before.count('"') % 2 == 1 or ("pat(" in before and ")" in after)


def _alternatives(comparisons: Sequence[re.Match[str] | None], parts: Sequence[str]) -> str | None:
    """The condition with ``any()`` that says the same; None if there is none."""
    first = comparisons[0]
    if first is None:
        return None
    values = []
    for comparison, part in zip(comparisons, parts, strict=True):
        if comparison and (comparison[1], comparison[2]) != (first[1], "=="):
            return None
        values.append(comparison[3] if comparison else part)
    is_plain = all(value and not re.search(r"[\[(]|[=<>]", value) for value in values)
    return f"{first[1]} == any({', '.join(values)})" if is_plain else None
