"""A typed form as a policy, or its mistakes by the form's fields."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.dashboard.monitors.fields import (
    PLACED,
    has_address_of,
    name_of,
    policy_of,
    repeated_header,
    required_of,
    schemes_of,
    value_at,
)
from functions.dashboard.visit import Visit
from shared.channels import configured
from shared.monitors.kinds import KINDS_WITH, Kind
from shared.settings.secrets import MASK
from shared.store import DependsInCircle, NameTaken, UnknownName
from shared.words.expectations import expectation_text

if TYPE_CHECKING:
    from shared.monitors.policy import Policy
    from shared.monitors.reading import Mistake

Mistakes = Mapping[str, str]
# The store's refusals that a form can be blamed for.
REFUSALS = (NameTaken, UnknownName, DependsInCircle)
# A duplicate has these of its own. It is watched as soon as it is saved, also if the other monitor is paused.
_OWN = ("name", "enabled")


class Copied(NamedTuple):
    """The policy that a duplicate begins with: that of the monitor ``number`` without its secrets.

    ``secrets``: where each of them stands in that monitor's policy.
    """

    number: int
    name: str
    kind: Kind
    policy: Mapping[str, Any]
    secrets: Sequence[tuple[str, ...]]


def copied_from(number: int, policy: "Policy") -> Copied:
    """The policy that a duplicate of a monitor begins with.

    The mask of a header or in a URL stays, so that the duplicate is not saved until somebody replaces it.
    """
    from shared.monitors.masking import masked, written_out

    secrets = [path for path in written_out(policy) if path[0] != "heartbeat"]  # each heartbeat gets its own token
    found = {name: _without_secrets(name, value) for name, value in masked(policy).items() if name not in _OWN}
    return Copied(number, policy.name, policy.kind, found, secrets)


def typed_policy(
    visit: Visit,
    kind: Kind,
    stored: "Policy | None" = None,
    tried: "Policy | None" = None,
    copied: Copied | None = None,
) -> "tuple[Policy | None, Mistakes]":
    """The policy in the form of a request, or what is wrong with each field.

    ``stored``: the monitor's own, which keeps what has no field. ``tried``: the one that the form tried before: a
    masked secret in it may stand for one of that. ``copied``: what the form began with.
    """
    from shared.monitors.masking import masked

    shown = tried or stored
    base = masked(shown) if shown else copied.policy if copied else None
    data = {**policy_of(visit.form, kind, base), "channels": chosen_channels(visit)}
    if stored is None and base is not None:
        data = {**_without_a_place(base, kind), **data}
    if stored is not None and data.get("heartbeat"):
        data["heartbeat"]["token"] = MASK  # it stays
    policy, mistakes = policy_or_mistakes(visit, kind, data, stored, tried)
    if repeated := repeated_header(visit.form):
        return None, {**mistakes, "headers": visit.say("header_twice", name=repeated)}
    return policy, mistakes


def policy_or_mistakes(
    visit: Visit,
    kind: Kind,
    data: Mapping[str, Any],
    stored: "Policy | None" = None,
    tried: "Policy | None" = None,
) -> "tuple[Policy | None, Mistakes]":
    """The policy in ``data``, or what is wrong with each field."""
    from shared.monitors.reading import PolicyInvalid, changed, policy_in

    required = required_of(kind)
    is_kept = stored is not None and required.partition(".")[0] not in data
    if not is_kept and value_at(data, required) is None:
        return None, {required: visit.say("fill_in")}
    try:
        if stored is not None:
            return changed(stored, _with_secrets(data, tried) if tried else data), {}
        given = {name: value for name, value in data.items() if value is not None}
        if not given.get("name"):
            given["name"] = name_of(given.get("url") or (given.get("dns") or {}).get("query_name") or "")
        return policy_in(given, tried), {}
    except PolicyInvalid as invalid:
        url = data.get("url")
        if url and not has_address_of(kind, url):
            # The mistakes in the other fields are mostly those of another kind.
            return None, {"url": _expected(visit, f"a URL that begins with {schemes_of(kind)}")}
        return None, _said(visit, invalid.mistakes)


def refused(visit: Visit, refusal: Exception) -> Mistakes:
    """The store's refusal, by the field that is to blame."""
    match refusal:
        case NameTaken():
            return {"name": visit.say("name_taken")}
        case UnknownName(field="escalation"):
            return {"escalation": visit.say("unknown_escalation", name=refusal.name)}
        case UnknownName():
            return {"depends_on": visit.say("unknown_name", name=refusal.name)}
    return {"depends_on": visit.say("in_circle")}


def chosen_channels(visit: Visit) -> tuple[str, ...] | None:
    """The channels that are chosen; None, which is all, if exactly the configured ones are, or the form has none."""
    chosen = visit.form.every("channels")
    return None if (not visit.form.get("has_channels") and not chosen) or set(chosen) == set(configured()) else chosen


def _without_secrets(name: str, value: Any) -> Any:
    """A field of a masked policy without what is masked as a whole."""
    if isinstance(value, Mapping) and name != "headers" and MASK in value.values():
        # Half a part cannot be saved, and without a field in the form nobody could complete it.
        return {part: text for part, text in value.items() if text != MASK} if name in PLACED else None
    return None if value == MASK else value


def _without_a_place(policy: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The fields of a policy that no form shows and a monitor of this kind may have."""
    return {
        name: value
        for name, value in policy.items()
        if name not in PLACED and kind in KINDS_WITH.get(name, frozenset(Kind))
    }


def _with_secrets(data: Mapping[str, Any], tried: "Policy") -> Mapping[str, Any]:
    """``data`` with the secrets of what was tried. A mask that stands for none there may stand for a stored one."""
    from shared.monitors.masking import unmasked

    try:
        return unmasked(data, tried)
    except ValueError:
        return data


def _said(visit: Visit, mistakes: "Sequence[Mistake]") -> Mistakes:
    found: dict[str, str] = {}
    for mistake in mistakes:
        found.setdefault(mistake.field, _expected(visit, mistake.problem.removeprefix("expected ")))
    return found


def _expected(visit: Visit, english: str) -> str:
    return visit.say("mistake", expected=expectation_text(english, visit.language))
