"""The page of a monitor's form: its fields, what is wrong with them, and what a trial found."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flask import Response

from functions.dashboard.monitors.fields import (
    DEFAULT_INTERVAL,
    DEFAULT_THRESHOLD,
    EXAMPLES,
    KINDS,
    fields_of,
    texts_of,
)
from functions.dashboard.monitors.trying import policy_tried, tried_of
from functions.dashboard.monitors.typed import Mistakes
from functions.dashboard.visit import Visit
from shared.alerting.routing.routes import KIND
from shared.channels import CONSOLE, configured
from shared.monitors.kinds import Kind
from shared.notifiers import routes_of

if TYPE_CHECKING:
    from shared.store import Trial


class Box(NamedTuple):
    """A box of the channels. ``name``: what a policy's ``channels`` has if it is checked."""

    name: str
    label: str
    is_checked: bool


def form_page(
    visit: Visit,
    kind: Kind,
    texts: Mapping[str, str],
    channels: Sequence[str] | None,
    *,
    mistakes: Mistakes | None = None,
    number: int | None = None,
    trial: "Trial | None" = None,
) -> Response:
    """The form with these texts. ``number``: the monitor that is edited. ``trial``: what was tried with it."""
    fields = fields_of(kind)
    wrong = _by_field(kind, mistakes or {})
    title = visit.say("add") if number is None else visit.say("edit_one", name=texts.get("name", ""))
    return visit.page(
        "form.html",
        title,
        shown="up",
        here="overview",
        heading=title,
        number=number,
        kind=kind,
        kinds=KINDS,
        example=EXAMPLES.get(kind, ""),
        main=[field for field in fields if field.is_main],
        rest=[field for field in fields if not field.is_main],
        texts=texts,
        mistakes=wrong,
        labels={field.path: visit.say(f"field_{field.path.replace('.', '_')}") for field in fields},
        boxes=_boxes(visit, channels),
        is_rest_open=any(not field.is_main and field.path in wrong for field in fields),
        is_tried=kind is not Kind.HEARTBEAT,
        trial=trial,
        tried=tried_of(visit, trial, policy_tried(trial)) if trial else None,
        scripts=["form.js"],
        status=422 if wrong else 200,
    )


def tried_page(visit: Visit, trial: "Trial", *, number: int | None = None) -> Response:
    """The form with what was tried, its secrets masked, and with what the trial found."""
    from shared.monitors.masking import masked

    policy = policy_tried(trial)
    texts = texts_of(masked(policy), policy.kind)
    return form_page(visit, policy.kind, texts, policy.channels, number=number, trial=trial)


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
    """The mistakes by the form's fields. What is said of a part as a whole stands beside its first field."""
    fields = fields_of(kind)
    known = {field.path for field in fields}
    first = {field.owner: field.path for field in reversed(fields)}
    wrong: dict[str, str] = {}
    for name, text in mistakes.items():
        owner = name.partition(".")[0]
        wrong.setdefault(name if name in known else first.get(owner, name), text)
    return wrong
