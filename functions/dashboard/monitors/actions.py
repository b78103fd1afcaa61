"""POST /dashboard/monitors/<id>: check now, silence, pause, resume or remove a monitor. And its policy as YAML."""

import json

from flask import Response

from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.models.message import BUTTON_SILENCE_SECONDS
from shared.notifiers import routes_of
from shared.pages.answers import finish

_BY_DEFAULT = ("interval", "timeout", "failure_threshold", "success_threshold")


@web.route("POST", "/dashboard/monitors/<id>", access="open")
@changing
def act_on_monitor(visit: Visit, monitor_id: str) -> Response:
    """303 to the monitor, or to the overview once it is removed; 409 if its policy is not ours to change."""
    number = number_of(visit, monitor_id)
    match visit.form.get("do"):
        case "check":
            visit.store.monitors.want_check(number, now=visit.at)
        case "silence":
            _silence(visit, number)
        case "pause" | "resume" as action:
            _set_enabled(visit, number, is_enabled=action == "resume")
        case "remove":
            channels = configured()
            changes = visit.store.monitors.remove(number, now=visit.at, channels=routes_of(channels))
            step("server", "monitor_removed", monitor_id=number)
            notify_of(visit.store, channels, changes, visit.settings)
            return visit.to("/dashboard")
        case _:
            raise web.Problem(400, visit.say("unknown_action"))
    return visit.to(f"/dashboard/monitors/{number}")


@web.route("GET", "/dashboard/monitors/<id>/export", access="open")
@reading
def export_monitor(visit: Visit, monitor_id: str) -> Response:
    """200 with the monitor as a part of ``bonghwa.yaml``. Its secrets are masked."""
    from shared.monitors.masking import masked

    entry = visit.store.monitors.get(number_of(visit, monitor_id))
    if entry.policy is None:
        raise web.Problem(404, visit.say("nothing_here"))
    shown = masked(entry.policy)
    # The file may have other defaults for some.
    given = {**dict.fromkeys(("name", *_BY_DEFAULT)), **entry.policy.model_dump(exclude_defaults=True)}
    if entry.policy.heartbeat:
        given = {name: value for name, value in given.items() if name not in ("interval", "timeout")}
    # YAML reads JSON.
    lines = [f"{name}: {json.dumps(shown[name], ensure_ascii=False)}" for name in given if shown.get(name) is not None]
    text = "monitors:\n  - " + "\n    ".join(lines) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="monitor-{entry.row["id"]}.yaml"'}
    return visit.finished(finish(visit.request, Response(text, headers=headers, mimetype="text/yaml"), "private"))


def _silence(visit: Visit, number: int) -> None:
    from shared.monitors.windows.window import Window

    name = visit.store.monitors.get(number).row["name"]
    window = Window(kind="silence", monitors=(name,), duration=BUTTON_SILENCE_SECONDS, by=visit.by)
    entry, is_new = visit.store.windows.silence(window, now=visit.at)
    made = "window_created" if is_new else "window_changed"
    step("server", made, window_id=entry.planned.id, kind=window.kind, by=window.by)


def _set_enabled(visit: Visit, number: int, *, is_enabled: bool) -> None:
    channels = configured()
    entry, changes = visit.store.monitors.change(
        number,
        lambda stored: stored.model_copy(update={"enabled": is_enabled}),
        now=visit.at,
        channels=routes_of(channels),
    )
    row = entry.row
    step("server", "monitor_changed", monitor=row["name"], target_url=row["target_url"], is_watched=is_enabled)
    notify_of(visit.store, channels, changes, visit.settings)
