"""/dashboard/monitors/new and …/edit: add a monitor, or change one, by the same model as the file and the API."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Response

from functions.dashboard.monitors.actions import notify
from functions.dashboard.monitors.fields import (
    DEFAULT_INTERVAL,
    DEFAULT_THRESHOLD,
    EXAMPLES,
    KINDS,
    fields_of,
    guessed,
    kind_named,
    name_of,
    policy_of,
    schemes_of,
    texts_of,
    typed_in,
)
from functions.dashboard.monitors.first import first_page
from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.channels import configured
from shared.logs import step
from shared.monitors.kinds import Kind
from shared.notifiers import routes_of
from shared.settings.secrets import MASK
from shared.store import DependsInCircle, NameTaken, OwnedElsewhere, UnknownName

if TYPE_CHECKING:
    from shared.monitors.policy import Policy
    from shared.monitors.reading import Mistake

Mistakes = Mapping[str, str]


@web.route("GET", "/dashboard/monitors/new", access="open")
@reading
def show_new(visit: Visit) -> Response:
    """200 with an empty form, or with what another monitor has (``?from=``). ``?kind=``: of which kind."""
    source = visit.request.args.get("from", "")
    if source:
        from shared.monitors.masking import masked

        policy = visit.store.monitors.get(number_of(visit, source)).policy
        if policy is None:
            raise web.Problem(404, visit.say("nothing_here"))
        # A secret that is masked cannot be copied, and each heartbeat has a token of its own.
        shown = {**masked(policy), "name": visit.say("copy_of", name=policy.name)[:200]}
        texts = {path: "" if text == MASK else text for path, text in texts_of(shown, policy.kind).items()}
        return _page(visit, policy.kind, texts, policy.channels)
    kind = kind_named(visit.request.args.get("kind", ""))
    return _page(visit, kind, _empty(kind), None)


@web.route("POST", "/dashboard/monitors/new", access="open")
@changing
def add_monitor(visit: Visit) -> Response:
    """303 to the new monitor; 422 with the form, what was typed and what is wrong with it."""
    if visit.form.get("first"):
        return _add_first(visit)
    if "show" in visit.form:
        return _other_kind(visit)
    kind = kind_named(visit.form.get("kind", ""))
    data = {**policy_of(visit.form, kind), "channels": _channels(visit)}
    policy, mistakes = _policy(visit, data)
    if policy is not None:
        try:
            entry = visit.store.monitors.add(policy, now=visit.at)
        except (NameTaken, UnknownName, DependsInCircle) as refused:
            mistakes = _refused(visit, refused)
        else:
            step("server", "monitor_created", monitor=policy.name, target_url=policy.target)
            return visit.to(f"/dashboard/monitors/{entry.row['id']}")
    return _page(visit, kind, typed_in(visit.form, kind), _channels(visit), mistakes=mistakes)


@web.route("GET", "/dashboard/monitors/<id>/edit", access="open")
@reading
def show_edit(visit: Visit, monitor_id: str) -> Response:
    """200 with the form of a monitor; 409 if its policy is not ours to change."""
    from shared.monitors.masking import masked

    number = number_of(visit, monitor_id)
    policy = _own(visit, number)
    return _page(visit, policy.kind, texts_of(masked(policy), policy.kind), policy.channels, number=number)


@web.route("POST", "/dashboard/monitors/<id>/edit", access="open")
@changing
def edit_monitor(visit: Visit, monitor_id: str) -> Response:
    """303 to the monitor as it is now; 422 with the form, what was typed and what is wrong with it."""
    number = number_of(visit, monitor_id)
    stored = _own(visit, number)
    kind = stored.kind
    data = {**policy_of(visit.form, kind), "channels": _channels(visit)}
    if data.get("heartbeat"):
        data["heartbeat"]["token"] = MASK  # it stays
    policy, mistakes = _policy(visit, data, stored)
    if policy is not None:
        try:
            _, changes = visit.store.monitors.replace(number, policy, now=visit.at, channels=routes_of(configured()))
        except (NameTaken, UnknownName, DependsInCircle) as refused:
            mistakes = _refused(visit, refused)
        else:
            step("server", "monitor_changed", monitor=policy.name, target_url=policy.target, is_watched=policy.enabled)
            notify(visit, changes)
            return visit.to(f"/dashboard/monitors/{number}")
    typed = typed_in(visit.form, kind)
    return _page(visit, kind, typed, _channels(visit), mistakes=mistakes, number=number)


def _add_first(visit: Visit) -> Response:
    """The first monitor, of which only the address is asked."""
    url = guessed(visit.form.get("url", ""))
    data = {
        "name": name_of(url),
        "url": url or None,
        "interval": DEFAULT_INTERVAL,
        "failure_threshold": DEFAULT_THRESHOLD,
        "channels": _channels(visit),
    }
    policy, mistakes = _policy(visit, data)
    if policy is None:
        error = mistakes.get("url") or next(iter(mistakes.values()))
        return first_page(visit, url=visit.form.get("url", ""), error=error, status=422)
    try:
        visit.store.monitors.add(policy, now=visit.at)
    except NameTaken as taken:
        error = next(iter(_refused(visit, taken).values()))
        return first_page(visit, url=visit.form.get("url", ""), error=error, status=422)
    step("server", "monitor_created", monitor=policy.name, target_url=policy.target)
    return visit.to("/dashboard")


def _other_kind(visit: Visit) -> Response:
    """The form for another kind, with what both kinds have."""
    kind = kind_named(visit.form["show"])
    typed = typed_in(visit.form, kind)
    texts = {path: typed[path] or text for path, text in _empty(kind).items()}
    if not visit.form.get("url", "").startswith(tuple(schemes_of(kind).split(", "))):
        texts |= {"url": ""} if "url" in texts else {}
    return _page(visit, kind, texts, _channels(visit))


def _policy(
    visit: Visit, data: dict[str, Any], stored: "Policy | None" = None
) -> "tuple[Policy | None, dict[str, str]]":
    """The policy, or what is wrong with each field."""
    from shared.monitors.reading import PolicyInvalid, changed, policy_in

    try:
        if stored is not None:
            return changed(stored, data), {}
        given = {name: value for name, value in data.items() if value is not None}
        if not given.get("name"):
            given["name"] = name_of(given.get("url") or (given.get("dns") or {}).get("query_name") or "")
        return policy_in(given), {}
    except PolicyInvalid as invalid:
        return None, _said(visit, invalid.mistakes)


def _said(visit: Visit, mistakes: "Sequence[Mistake]") -> dict[str, str]:
    found: dict[str, str] = {}
    for mistake in mistakes:
        problem = mistake.problem.removeprefix("expected ")
        found.setdefault(mistake.field, visit.say("mistake", expected=problem, found=mistake.value))
    return found


def _refused(visit: Visit, refused: Exception) -> dict[str, str]:
    match refused:
        case NameTaken():
            return {"name": visit.say("name_taken")}
        case UnknownName():
            return {"depends_on": visit.say("unknown_name", name=refused.name)}
    return {"depends_on": visit.say("in_circle")}


def _channels(visit: Visit) -> tuple[str, ...] | None:
    """The channels that are chosen; None, which is all, if every one is, or the form has none."""
    chosen = visit.form.every("channels")
    return None if (not visit.form.get("has_channels") and not chosen) or set(chosen) >= set(configured()) else chosen


def _own(visit: Visit, number: int) -> "Policy":
    stored = visit.store.monitors.get(number)
    if stored.policy is None or stored.row["source"] != "api":
        raise OwnedElsewhere(stored.row["name"], stored.row["source"], stored.row["line"])
    return stored.policy


def _empty(kind: Kind) -> dict[str, str]:
    from shared.monitors.policy import Policy

    defaults = {name: field.get_default(call_default_factory=True) for name, field in Policy.model_fields.items()}
    texts = texts_of({}, kind)
    for field in fields_of(kind):
        if field.sort in ("box", "choice") and field.path in defaults:
            texts[field.path] = "on" if defaults[field.path] is True else str(defaults[field.path] or "")
    given = {"interval": DEFAULT_INTERVAL, "failure_threshold": str(DEFAULT_THRESHOLD), "dns.query_type": "A"}
    given |= {"heartbeat.period": "1d", "heartbeat.grace": "1h"}
    return {**texts, **{path: text for path, text in given.items() if path in texts}}


def _page(
    visit: Visit,
    kind: Kind,
    texts: Mapping[str, str],
    channels: Sequence[str] | None,
    *,
    mistakes: Mistakes | None = None,
    number: int | None = None,
) -> Response:
    fields = fields_of(kind)
    known = {field.path for field in fields}
    # What the model says of a part as a whole stands beside its first field.
    first = {field.owner: field.path for field in reversed(fields)}
    wrong: dict[str, str] = {}
    for name, text in (mistakes or {}).items():
        owner = name.partition(".")[0]
        wrong.setdefault(name if name in known else first.get(owner, name), text)
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
        labels={name: visit.say(f"field_{name.replace('.', '_')}") for name in known & wrong.keys()},
        channels=list(configured()),
        chosen=channels,
        is_rest_open=any(not field.is_main and field.path in wrong for field in fields),
        status=422 if wrong else 200,
    )
