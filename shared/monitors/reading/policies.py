"""Policies as people send them. A mistake names field and value, and never shows a secret."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.monitors.aliases import normalised
from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.expectations import expected
from shared.monitors.masking import is_secret, masked, unmasked
from shared.monitors.policy import Policy
from shared.settings.secrets import HIDDEN, quoted, without_password

MAX_MISTAKES = 10
Path = tuple[str | int, ...]


class Mistake(NamedTuple):
    """A wrong field: what stands there, as far as it may be shown, and what is wrong with it."""

    field: str
    value: str
    problem: str


class PolicyInvalid(Exception):
    """A policy has mistakes; the first ones are named."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(mistakes[0].problem)
        self.mistakes = mistakes


def policy_in(data: Mapping[str, Any], stored: Policy | None = None, *, where: Path = ()) -> Policy:
    """The policy in ``data``. ``stored``: the one that it replaces, with the secrets that ``***`` stands for.

    Raises:
        PolicyInvalid: it has mistakes; ``where`` is the place of ``data`` in what was sent.
    """
    try:
        data = unmasked(normalised(data), stored)
        return Policy.written(data, stored)
    except ValidationError as error:
        raise PolicyInvalid(list(_mistakes(error, data, where))) from None
    except ValueError as error:
        raise _of_text(error, where) from None


def changed(stored: Policy, data: Mapping[str, Any]) -> Policy:
    """The stored policy with the fields in ``data``; one that is null returns to its default. Raises PolicyInvalid."""
    known = masked(stored)
    try:
        # An alias may count in intervals.
        fresh = normalised({"interval": known["interval"], **data})
    except ValueError as error:
        raise _of_text(error, ()) from None
    return policy_in({name: value for name, value in {**known, **fresh}.items() if value is not None}, stored)


def _of_text(error: ValueError, where: Path) -> PolicyInvalid:
    """An error whose text is a field, ``: `` and what is expected there."""
    field, _, expectation = str(error).partition(": ")
    return PolicyInvalid([Mistake(_named(where, (field,)), "", f"expected {expectation}")])


def _mistakes(error: ValidationError, data: Mapping[str, Any], where: Path) -> Iterator[Mistake]:
    texts: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for mistake in error.errors(include_url=False):
        path, value, text = _read(mistake, data)
        field = _named(where, path)
        # Those of one field stand together. To read on would cost seconds if there are thousands of unknown names.
        if len(texts) == MAX_MISTAKES and field not in texts:
            break
        texts.setdefault(field, []).append(text)
        values.setdefault(field, value)
    # A value may be wrong in several ways: no number, and not the one word that is allowed instead.
    for field in texts:
        yield Mistake(field, values[field], f"expected {', or '.join(dict.fromkeys(texts[field]))}")


def _read(mistake: Any, data: Mapping[str, Any]) -> tuple[Path, str, str]:
    """The place of a mistake, the value there as far as it may be shown, and the expectation instead."""
    location = mistake["loc"]
    match mistake["type"]:
        case "extra_forbidden":
            # The value may be the secret of a field whose name is misspelled.
            return location, "", _nearest(location)
        case "missing":
            return location, "", "a value, since it has to be there"
    text = expected(mistake)
    if not location:
        # A mistake of several fields begins with the field that should be another.
        field, _, text = text.partition(": ")
        return (field,), "", text
    path = tuple(_within(data, location))
    value = mistake["input"]
    return path, "an object" if isinstance(value, Mapping) else _value(path, value), text


def _nearest(path: Path) -> str:
    import difflib  # only for mistakes

    known = PARTS.get(str(path[0]), {}) if len(path) > 1 else MONITOR
    close = difflib.get_close_matches(str(path[-1]).lower().replace("-", "_"), known, 1)
    return f"{close[0]}, the nearest known field" if close else "the name of a known field"


def _within(data: Any, location: Path) -> Iterator[str | int]:
    """A location without what is no key and no index in ``data``, such as a union's branches."""
    for part in location:
        if isinstance(data, str):
            return
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
        yield part


def _named(where: Path, path: Path) -> str:
    return ".".join(str(part) for part in (*where, *path)) or "body"


def _value(path: Path, value: Any) -> str:
    if is_secret([str(part) for part in path]):
        return HIDDEN
    return quoted(without_password(value) if isinstance(value, str) else value)
