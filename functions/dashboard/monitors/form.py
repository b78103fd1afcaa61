"""/dashboard/monitors/new and …/edit: add, change or try a monitor, by the same model as the file and the API."""

from typing import TYPE_CHECKING

from flask import Response

from functions.dashboard.monitors.fields import (
    DEFAULT_INTERVAL,
    DEFAULT_THRESHOLD,
    address_for,
    kind_named,
    name_of,
    texts_of,
    typed_in,
)
from functions.dashboard.monitors.first import first_page, guessed
from functions.dashboard.monitors.form_page import Edited, Stored, empty_texts, form_page, tried_page
from functions.dashboard.monitors.trying import begin_trial, policy_tried, trial_named
from functions.dashboard.monitors.typed import (
    REFUSALS,
    Copied,
    chosen_channels,
    copied_from,
    policy_or_mistakes,
    refused,
    typed_policy,
)
from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.monitors.kinds import KIND_OF_SCHEME, Kind
from shared.notifiers import routes_of
from shared.store import NameTaken, OwnedElsewhere, PolicyChanged

if TYPE_CHECKING:
    from shared.monitors.policy import Policy
    from shared.store import Trial


@web.route("GET", "/dashboard/monitors/new", access="open")
@reading
def show_new(visit: Visit) -> Response:
    """200 with an empty form, with what another monitor has (``?from=``), or with what was tried (``?trial=``).

    ``?kind=``: of which kind.
    """
    copied = _copied(visit, visit.request.args.get("from", ""))
    if trial := trial_named(visit, visit.request.args.get("trial", ""), None):
        return tried_page(visit, trial, copied=copied)
    if copied:
        shown = {**copied.policy, "name": visit.say("copy_of", name=copied.name)[:200]}
        texts = texts_of(shown, copied.kind)
        return form_page(visit, copied.kind, texts, copied.policy["channels"], copied=copied)
    kind = kind_named(visit.request.args.get("kind", ""))
    return form_page(visit, kind, empty_texts(kind), None)


@web.route("POST", "/dashboard/monitors/new", access="open")
@changing
def add_monitor(visit: Visit) -> Response:
    """303 to the new monitor, or to what was tried; 422 with the form, what was typed and what is wrong with it."""
    if visit.form.get("first"):
        return _add_first(visit)
    if "show" in visit.form:
        return _other_kind(visit)
    kind = kind_named(visit.form.get("kind", ""))
    trial = trial_named(visit, visit.form.get("trial", ""), None)
    copied = _copied(visit, visit.form.get("from", ""))
    policy, mistakes = typed_policy(visit, kind, tried=policy_tried(trial) if trial else None, copied=copied)
    if policy is not None and "try" in visit.form and kind is not Kind.HEARTBEAT:
        return visit.to(begin_trial(visit, policy, None, copied.number if copied else None))
    if policy is not None:
        try:
            entry = visit.store.monitors.add(policy, now=visit.at, once=visit.once)
        except REFUSALS as refusal:
            mistakes = refused(visit, refusal)
        else:
            step("server", "monitor_created", monitor=policy.name, target_url=policy.target)
            return visit.to(f"/dashboard/monitors/{entry.row['id']}")
    typed = typed_in(visit.form, kind)
    return form_page(visit, kind, typed, chosen_channels(visit), mistakes=mistakes, trial=trial, copied=copied)


@web.route("GET", "/dashboard/monitors/<id>/edit", access="open")
@reading
def show_edit(visit: Visit, monitor_id: str) -> Response:
    """200 with the form of a monitor, or with what was tried (``?trial=``); 409 if its policy is not ours to change."""
    from shared.monitors.masking import masked

    number = number_of(visit, monitor_id)
    policy, version = _own(visit, number)
    if trial := trial_named(visit, visit.request.args.get("trial", ""), number):
        # The form goes on with what was tried, which is based on the policy of that time.
        return tried_page(visit, trial, edited=Edited(number, visit.request.args.get("version", "")))
    texts = texts_of(masked(policy), policy.kind)
    return form_page(visit, policy.kind, texts, policy.channels, edited=Edited(number, str(version)))


@web.route("POST", "/dashboard/monitors/<id>/edit", access="open")
@changing
def edit_monitor(visit: Visit, monitor_id: str) -> Response:
    """303 to the monitor as it is now, or to what was tried; 422 with the form, what was typed and what is wrong.

    409 with the form, what was typed and what is stored, if somebody else changed the monitor meanwhile.
    """
    number = number_of(visit, monitor_id)
    stored, version = _own(visit, number)
    kind = stored.kind
    trial = trial_named(visit, visit.form.get("trial", ""), number)
    policy, mistakes = typed_policy(visit, kind, stored, policy_tried(trial) if trial else None)
    if visit.form.get("version", str(version)) != str(version):
        # A second press finds what the first one saved.
        is_saved = policy == stored and "save" in visit.form
        return visit.to(f"/dashboard/monitors/{number}") if is_saved else _changed_meanwhile(visit, number, trial)
    if policy is not None and "try" in visit.form and kind is not Kind.HEARTBEAT:
        return visit.to(begin_trial(visit, policy, number, version=version))
    if policy is not None:
        channels = configured()
        try:
            _, changes = visit.store.monitors.replace(
                number, policy, now=visit.at, channels=routes_of(channels), version=version
            )
        except PolicyChanged:
            return _changed_meanwhile(visit, number, trial)
        except REFUSALS as refusal:
            mistakes = refused(visit, refusal)
        else:
            step("server", "monitor_changed", monitor=policy.name, target_url=policy.target, is_watched=policy.enabled)
            notify_of(visit.store, channels, changes, visit.settings)
            return visit.to(f"/dashboard/monitors/{number}")
    own = Edited(number, str(version))
    typed = typed_in(visit.form, kind)
    return form_page(visit, kind, typed, chosen_channels(visit), mistakes=mistakes, edited=own, trial=trial)


def _changed_meanwhile(visit: Visit, number: int, trial: "Trial | None") -> Response:
    """409 with the form and what was typed; what is stored now stands beside it. A second save replaces that."""
    from shared.monitors.masking import masked

    stored, version = _own(visit, number)
    texts = texts_of(masked(stored), stored.kind)
    edited = Edited(number, str(version), Stored(texts, stored.channels))
    typed = typed_in(visit.form, stored.kind)
    return form_page(visit, stored.kind, typed, chosen_channels(visit), edited=edited, trial=trial)


def _add_first(visit: Visit) -> Response:
    """The first monitor, of which only the address is asked. Another field that is wrong needs the form of its kind."""
    url = guessed(visit.form.get("url", ""))
    data = {
        "name": name_of(url),
        "url": url or None,
        "interval": DEFAULT_INTERVAL,
        "failure_threshold": DEFAULT_THRESHOLD,
        "channels": chosen_channels(visit),
    }
    kind = KIND_OF_SCHEME.get(url.partition("://")[0].lower(), Kind.HTTP)
    policy, mistakes = policy_or_mistakes(visit, kind, data)
    if policy is None and "url" not in mistakes:
        texts = {**empty_texts(kind), "url": url, "name": name_of(url)}
        return form_page(visit, kind, texts, chosen_channels(visit), mistakes=mistakes)
    if policy is None:
        return first_page(visit, url=visit.form.get("url", ""), error=mistakes["url"], status=422)
    try:
        visit.store.monitors.add(policy, now=visit.at, once=visit.once)
    except NameTaken as taken:
        error = next(iter(refused(visit, taken).values()))
        return first_page(visit, url=visit.form.get("url", ""), error=error, status=422)
    step("server", "monitor_created", monitor=policy.name, target_url=policy.target)
    return visit.to("/dashboard")


def _other_kind(visit: Visit) -> Response:
    """The form for another kind, with what both kinds have."""
    kind = kind_named(visit.form["show"])
    typed = typed_in(visit.form, kind)
    texts = {path: typed[path] or text for path, text in empty_texts(kind).items()}
    if "url" in texts:
        texts["url"] = address_for(kind, texts["url"])
    return form_page(visit, kind, texts, chosen_channels(visit), copied=_copied(visit, visit.form.get("from", "")))


def _copied(visit: Visit, source: str) -> Copied | None:
    """The policy that the form of a duplicate begins with; None without a monitor's number. Raises Problem, 404."""
    if not source:
        return None
    number = number_of(visit, source)
    policy = visit.store.monitors.get(number).policy
    if policy is None:
        raise web.Problem(404, visit.say("nothing_here"))
    return copied_from(number, policy)


def _own(visit: Visit, number: int) -> "tuple[Policy, int]":
    """The policy that is ours to change, and its version."""
    stored = visit.store.monitors.get(number)
    if stored.policy is None or stored.row["source"] != "api":
        raise OwnedElsewhere(stored.row["name"], stored.row["source"], stored.row["line"])
    return stored.policy, stored.row["version"]
