"""/monitors, /config and /drills: what is watched. Read, made, changed and removed by people and by the file."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from functions.manage_monitors.answers import monitor_of
from functions.manage_monitors.drills import start_drill
from functions.manage_monitors.pages import with_pages
from functions.manage_monitors.reading import changed, object_in, policy_in
from shared import web
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.models import now
from shared.models.scalars import Text
from shared.models.values import MAX_ID, MAX_NAME_BYTES
from shared.monitors.policy import Policy
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import open_store

State = Literal["UP", "DOWN", "PENDING", "UNKNOWN", "MAINTENANCE", "PAUSED"]


class MonitorsQuery(BaseModel):
    """``name`` and ``group`` match exactly. ``cursor`` is the ``next`` of the previous page."""

    name: Annotated[Text, Field(max_length=MAX_NAME_BYTES)] | None = None
    group: Annotated[Text, Field(max_length=200)] | None = None
    tag: Annotated[Text, Field(max_length=200)] | None = None
    state: State | None = None
    source: Literal["file", "api", "env", "report"] | None = None
    limit: web.Limit = web.LIMIT
    cursor: int = Field(0, ge=0, le=MAX_ID)

    def columns(self) -> dict[str, Any]:
        """The columns and the values that they must have."""
        wanted: dict[str, Any] = {"name": self.name, "group_name": self.group, "source": self.source}
        if self.state is not None:
            wanted["is_watched"] = int(self.state != "PAUSED")
            wanted["state"] = None if self.state == "PAUSED" else self.state
        return {column: value for column, value in wanted.items() if value is not None}


class ConfigQuery(BaseModel):
    """``dry_run``: say what would change, and change nothing. Misspelt or empty, it would apply the file instead."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


@web.route("GET", "/monitors", access="read")
def list_monitors(request: Request, settings: Settings) -> Response:
    """200 with ``{"monitors": [...], "next": cursor or null}``, oldest first."""
    query = web.query_of(request, MonitorsQuery)
    store = open_store(settings)
    found = store.monitors.page(limit=query.limit, after=query.cursor, tag=query.tag, **query.columns())
    shows_token = web.has_key(request, settings)
    following = web.next_cursor([each.row["id"] for each in found], query.limit)
    return web.answer({"monitors": [monitor_of(each, shows_token=shows_token) for each in found], "next": following})


@web.route("POST", "/monitors", access="manage")
def create_monitor(request: Request, settings: Settings) -> Response:
    """201 with the monitor; 409 if there is one of this name."""
    policy = policy_in(object_in(request))
    entry = open_store(settings).monitors.add(policy, now=now())
    step("server", "monitor_created", monitor=policy.name, target_url=policy.target)
    return web.answer(monitor_of(entry, shows_token=True), 201)


@web.route("GET", "/monitors/<id>", access="read")
def get_monitor(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with the monitor; 404 if there is none with this id."""
    entry = open_store(settings).monitors.get(web.id_of(monitor_id, "a monitor's"))
    return web.answer(monitor_of(entry, shows_token=web.has_key(request, settings)))


@web.route("PUT", "/monitors/<id>", access="manage")
def replace_monitor(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with the monitor, whose whole policy is the body's; 404, or 409 if its policy is not the API's."""
    fields = object_in(request)
    return _change(settings, monitor_id, lambda stored: policy_in(fields, stored))


@web.route("PATCH", "/monitors/<id>", access="manage")
def change_monitor(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with the monitor, of whose policy the body's fields are new. A null returns a field to its default."""
    fields = object_in(request)
    return _change(settings, monitor_id, lambda stored: changed(stored, fields))


@web.route("DELETE", "/monitors/<id>", access="manage")
def remove_monitor(request: Request, settings: Settings, monitor_id: str) -> Response:
    """204; an outage of the monitor ends, and says that it is no longer watched."""
    channels = configured()
    store = open_store(settings)
    changes = store.monitors.remove(web.id_of(monitor_id, "a monitor's"), now=now(), channels=routes_of(channels))
    step("server", "monitor_removed", monitor_id=monitor_id)
    notify_of(store, channels, changes, settings)
    return Response(status=204)


@web.route("POST", "/monitors/<id>/check", access="manage")
def want_check(request: Request, settings: Settings, monitor_id: str) -> Response:
    """202: an agent checks the monitor within its next run."""
    entry = open_store(settings).monitors.want_check(web.id_of(monitor_id, "a monitor's"), now=now())
    return web.answer(monitor_of(entry, shows_token=True), 202)


@web.route("PUT", "/config", access="manage")
def apply_configuration(request: Request, settings: Settings) -> Response:
    """200 with what changes: ``{"version", "dry_run", "added", "changed", "removed", "unchanged", …}``.

    All or nothing. ``channels`` is a digest of those that run, keyed by the caller's key; null if it showed none.
    ``locations`` are those at which agents have ever been. The body may be packed by gzip: thousands of monitors are
    more than a body may have.
    """
    # Imported here: windows have models of their own, and each costs a cold start.
    from functions.manage_monitors.whole_file import escalations_in, policies_in, recurring_in
    from shared.channels.digest import digest

    is_dry_run = web.query_of(request, ConfigQuery).dry_run
    body = object_in(request, may_be_packed=True)
    policies, lines = policies_in(body.pop("monitors", None))
    recurring = recurring_in(body)
    body |= escalations_in(body)
    channels, store = configured(), open_store(settings)
    body = with_pages(body, store.boards.settings())
    plan = store.monitors.apply(
        policies, lines, body, now=now(), channels=routes_of(channels), **recurring, is_dry_run=is_dry_run
    )
    if not is_dry_run:
        added, altered, removed = len(plan.added), len(plan.changed), len(plan.removed)
        parts = len(plan.parts)
        step("server", "configuration_applied", added=added, changed=altered, removed=removed, parts=parts)
        notify_of(store, channels, plan.changes, settings)
    return web.answer(
        {
            "version": plan.version,
            "dry_run": is_dry_run,
            "added": plan.added,
            "changed": [{"name": name, "fields": fields} for name, fields in plan.changed.items()],
            "removed": plan.removed,
            "unchanged": plan.unchanged,
            "parts": [part._asdict() for part in plan.parts],
            "channels": digest(key) if (key := web.key_of(request, settings)) else None,
            "locations": store.checks.locations(),
        }
    )


@functions_framework.http
@web.routes(
    list_monitors,
    create_monitor,
    get_monitor,
    replace_monitor,
    change_monitor,
    remove_monitor,
    want_check,
    apply_configuration,
    start_drill,
)
def manage_monitors() -> None:
    """The monitors. Reading is public as API_AUTH says; every change needs a key in every mode."""


def _change(settings: Settings, monitor_id: str, new: Callable[[Policy], Policy]) -> Response:
    store, channels = open_store(settings), configured()
    number = web.id_of(monitor_id, "a monitor's")
    entry, changes = store.monitors.change(number, new, now=now(), channels=routes_of(channels))
    row = entry.row
    step(
        "server",
        "monitor_changed",
        monitor=row["name"],
        target_url=row["target_url"],
        is_watched=bool(row["is_watched"]),
    )
    notify_of(store, channels, changes, settings)
    return web.answer(monitor_of(entry, shows_token=True))
