"""Scheduled: keep the store small. Events are folded into rollups, and what is old is pruned."""

import os

import functions_framework
from flask import Request, Response

from shared import web
from shared.logs import step
from shared.models import now
from shared.settings import Settings, is_in_cloud
from shared.store import Retention, open_store

# A cloud calls once an hour, and ends a call after the `longest` of infra/functions.toml, which the start is a part of.
# On a machine of one's own the next call comes soon.
SECONDS, SECONDS_IN_CLOUD = 3.0, 40.0


@functions_framework.http
@web.function("POST", access="ingest")
def maintain_store(request: Request, settings: Settings) -> Response:  # every function takes both
    """200 with how many events were ``folded`` into rollups, rows ``pruned``, and events ``moved`` after an update."""
    retention = Retention(settings.retention_events, settings.retention_rollups, settings.retention_alerts)
    seconds = SECONDS_IN_CLOUD if is_in_cloud(os.environ) else SECONDS
    store, at = open_store(settings), now()
    with store.noting_failures("maintain_store", now=at) as run:
        # A clock that is wrong must not delete the history: a later run does what there is to do.
        seconds = seconds if store.upkeep.is_time_certain(now=at) else 0.0
        counted = store.upkeep.run(retention, now=at, seconds=seconds)
        run.note()
    if counted["pruned"]:
        step("server", "store_pruned", rows=counted["pruned"])
    if counted["moved"]:
        step("server", "events_moved", rows=counted["moved"])
    return web.answer(counted)
