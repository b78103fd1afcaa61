"""POST /drills: a person tries the whole way to the channels."""

from collections.abc import Mapping, Sequence

from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.models import as_json, now
from shared.models.channel import Route
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import open_store


@web.route("POST", "/drills", access="manage")
def start_drill(request: Request, settings: Settings) -> Response:
    """201 with the drill's alert and its notifications; 409 while another drill is under way.

    It ends by itself: ``review_alerts`` judges what is stored, and ``GET /`` says how the last one went.
    """
    # Imported here: a drill has a model of its own, and each costs a cold start.
    from shared.monitors.windows.drill import DrillNow

    asked = DrillNow.model_validate_json(web.body_of(request))
    channels = configured()
    routes = _drilled(asked.channels, routes_of(channels))
    store = open_store(settings)
    change, owed = store.drills.start(routes, need_ack_seconds=asked.need_ack, now=now())
    step("server", "drill_started", alert_id=change.alert.id, channels=", ".join(routes))
    notify_of(store, channels, [change], settings)
    return web.answer({**change.alert.shown(), "notifications": [as_json(each) for each in owed]}, 201)


def _drilled(names: Sequence[str] | None, known: Mapping[str, Route]) -> Mapping[str, Route]:
    """The channels that get the drill. Raises Problem if there is none, or none of a name."""
    from shared.alerting.routing.routes import select

    if not known:
        raise web.Problem(400, "channels: expected a channel that is on; there is none", field="channels", value="none")
    for name in names or ():
        if not select([name], known):
            detail = f"channels: expected channels that are on ({', '.join(known)}); found {name!r}"
            raise web.Problem(400, detail, field="channels", value=repr(name))
    if names is not None and not names:
        raise web.Problem(400, "channels: expected at least one channel; found none", field="channels", value="[]")
    return known if names is None else select(names, known)
