"""The page of a monitor's form: its fields, what is wrong with them, and what a trial found."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response

from functions.dashboard.monitors.fields import (
    DEFAULT_INTERVAL,
    DEFAULT_THRESHOLD,
    EXAMPLES,
    KINDS,
    PLACED,
    Field,
    differing,
    fields_of,
    texts_of,
)
from functions.dashboard.monitors.trying import policy_tried, tried_of
from functions.dashboard.monitors.typed import Copied, Mistakes
from functions.dashboard.visit import Visit
from shared.alerting.routing.routes import KIND
from shared.channels import configured
from shared.messages import one_line
from shared.models.channel import CONSOLE
from shared.monitors.kinds import KINDS_WITH, Kind
from shared.notifiers import routes_of
from shared.settings.secrets import MASK

if TYPE_CHECKING:
    from shared.store import Trial

MOST_SHOWN = 200


class Box(NamedTuple):
    """A box of the channels. ``name``: what a policy's ``channels`` has if it is checked."""

    name: str
    label: str
    is_checked: bool


class Stored(NamedTuple):
    """An edited monitor as it is stored, as the form would show it."""

    texts: Mapping[str, str]
    channels: Sequence[str] | None


class Edited(NamedTuple):
    """The monitor that is edited. ``version``: that of the policy which the form is based on.

    ``stored``: what somebody else stored meanwhile.
    """

    number: int
    version: str
    stored: Stored | None = None


def form_page(
    visit: Visit,
    kind: Kind,
    texts: Mapping[str, str],
    channels: Sequence[str] | None,
    *,
    mistakes: Mistakes | None = None,
    edited: Edited | None = None,
    trial: "Trial | None" = None,
    copied: Copied | None = None,
) -> Response:
    """The form with these texts. ``trial``: what was tried with it. ``copied``: what a duplicate began with."""
    wrong = _by_field(kind, mistakes or {})
    other = _stored(visit, kind, texts, channels, edited) if edited else {}
    lacks = _lacking(visit, kind, texts, copied, trial) if copied else []
    title = visit.say("edit_one", name=texts.get("name", "")) if edited else visit.say("add")
    return visit.page(
        "form.html",
        title,
        shown="up",
        here="overview",
        heading=title,
        edited=edited,
        number=edited.number if edited else None,
        other=other,
        kind=kind,
        kinds=KINDS,
        example=EXAMPLES.get(kind, ""),
        **_fields(visit, kind, {**wrong, **other}, is_rest_open=bool(lacks)),
        texts=texts,
        mistakes=wrong,
        boxes=_boxes(visit, channels),
        is_tried=kind is not Kind.HEARTBEAT,
        trial=trial,
        source=copied.number if copied else None,
        lacks=lacks,
        tried=tried_of(visit, trial, policy_tried(trial)) if trial else None,
        scripts=["form.js"],
        status=422 if wrong else 409 if edited and edited.stored else 200,
    )


def tried_page(visit: Visit, trial: "Trial", *, edited: Edited | None = None, copied: Copied | None = None) -> Response:
    """The form with what was tried, its secrets masked, and with what the trial found."""
    from shared.monitors.masking import masked

    policy = policy_tried(trial)
    texts = texts_of(masked(policy), policy.kind)
    return form_page(visit, policy.kind, texts, policy.channels, edited=edited, trial=trial, copied=copied)


def empty_texts(kind: Kind) -> dict[str, str]:
    """The texts of an empty form: the defaults that a box or a choice has to show, and ours."""
    from shared.monitors.policy import Policy

    defaults = {name: field.get_default(call_default_factory=True) for name, field in Policy.model_fields.items()}
    texts = {field.path: "" for field in fields_of(kind)}
    for field in fields_of(kind):
        if field.sort in ("box", "choice") and field.path in defaults:
            texts[field.path] = "on" if defaults[field.path] is True else str(defaults[field.path] or "")
    given = {"interval": DEFAULT_INTERVAL, "failure_threshold": str(DEFAULT_THRESHOLD), "dns.query_type": "A"}
    given |= {"heartbeat.period": "1d", "heartbeat.grace": "1h"}
    return {**texts, **{path: text for path, text in given.items() if path in texts}}


def _fields(visit: Visit, kind: Kind, wrong: Mistakes, *, is_rest_open: bool) -> dict[str, Any]:
    """The fields by where they stand, and how each is called. A word about a field there opens the rest."""
    fields = fields_of(kind)
    return {
        "main": [field for field in fields if field.is_main],
        "rest": [field for field in fields if not field.is_main],
        "labels": {field.path: _label(visit, field.path) for field in fields},
        "is_rest_open": is_rest_open or any(not field.is_main and field.path in wrong for field in fields),
    }


def _stored(
    visit: Visit, kind: Kind, texts: Mapping[str, str], channels: Sequence[str] | None, edited: Edited
) -> dict[str, str]:
    """A word on what is stored, by the field: a name that is gone, and what somebody else stored meanwhile."""
    lost = visit.store.monitors.lost_parents(edited.number)
    words = {"depends_on": " ".join(visit.say("unknown_name", name=name) for name in lost)} if lost else {}
    return words | (_other(visit, kind, texts, channels, edited.stored) if edited.stored else {})


def _other(
    visit: Visit, kind: Kind, texts: Mapping[str, str], channels: Sequence[str] | None, stored: Stored
) -> dict[str, str]:
    """The stored value of each field in which the form has something else, in words."""
    words = {field.path: _in_words(visit, field, stored.texts) for field in differing(texts, stored.texts, kind)}
    checked, others = (
        {box.name: box.label for box in _boxes(visit, chosen) if box.is_checked}
        for chosen in (channels, stored.channels)
    )
    if checked != others:
        words["channels"] = ", ".join(others.values()) or visit.say("none")
    return {path: visit.say("stored_now", value=value) for path, value in words.items()}


def _in_words(visit: Visit, field: Field, texts: Mapping[str, str]) -> str:
    if field.sort == "box":
        return visit.say("yes" if texts[field.path] else "no")
    return one_line(texts[field.path], MOST_SHOWN) or visit.say("none")


def _lacking(visit: Visit, kind: Kind, texts: Mapping[str, str], copied: Copied, trial: "Trial | None") -> list[str]:
    """The secrets of the other monitor that nobody has typed again for the duplicate, in words.

    ``trial``: what was tried with the form. Somebody typed the secrets in it, which the form masks since then.
    """
    from shared.monitors.masking import written_out

    here: dict[str, None] = {}
    nowhere: dict[str, None] = {}
    typed = {_place(path, texts) for path in written_out(policy_tried(trial))} if trial else set()
    for path in copied.secrets:
        place = _place(path, texts)
        if place and (not texts[place] or (MASK in texts[place] and place not in typed)):
            here[_label(visit, place)] = None
        elif path[0] not in PLACED and kind in KINDS_WITH.get(path[0], frozenset(Kind)):
            nowhere[path[0]] = None
    said = (("secrets_not_copied", here), ("parts_not_copied", nowhere))
    return [visit.say(code, names=", ".join(names)) for code, names in said if names]


def _place(path: Sequence[str], texts: Mapping[str, str]) -> str | None:
    """The field of the form that has what stands at ``path`` in a policy; None if no field has it."""
    return next((place for place in (".".join(path), path[0]) if place in texts), None)


def _label(visit: Visit, path: str) -> str:
    return visit.say(f"field_{path.replace('.', '_')}")


def _boxes(visit: Visit, chosen: Sequence[str] | None) -> list[Box]:
    """A box for each configured channel, and one for whatever else is chosen: without it, a save would remove it."""
    routes = routes_of(configured())
    kinds = {route.kind for route in routes.values()}
    boxes = [Box(name, _named(visit, name), chosen is None or name in chosen) for name in routes]
    for name in dict.fromkeys(chosen or ()):
        if name in routes:
            continue
        kind = name.removeprefix(KIND) if name.startswith(KIND) else ""
        label = visit.say("channels_of_kind", kind=kind) if kind else _named(visit, name)
        label = label if kind in kinds else visit.say("not_configured", name=label)
        boxes.append(Box(name, label, is_checked=True))
    return boxes


def _named(visit: Visit, channel: str) -> str:
    return visit.say("this_terminal") if channel == CONSOLE else channel


def _by_field(kind: Kind, mistakes: Mistakes) -> dict[str, str]:
    """The mistakes by the form's fields. A mistake of a part as a whole stands beside its first field."""
    fields = fields_of(kind)
    known = {field.path for field in fields}
    first = {field.owner: field.path for field in reversed(fields)}
    wrong: dict[str, str] = {}
    for name, text in mistakes.items():
        owner = name.partition(".")[0]
        wrong.setdefault(name if name in known else first.get(owner, name), text)
    return wrong
