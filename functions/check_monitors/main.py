"""Scheduled: the agent. Checks what is due, all side by side, and reports each result as soon as it has it."""

import os
from typing import Annotated, Literal

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from functions.check_monitors.single_run import Done, check_once
from shared import web
from shared.settings import Settings


class RunQuery(BaseModel):
    """The parts of a run: it checks the ``targets`` of its own setting, the checks that it ``claimed``, or both.

    It claims what falls due within ``seconds``, or goes on claiming for as long as it is ``lasting``. If it
    ``is_later``, a run of the same tick has asked for it, see ``later_runs``.
    """

    model_config = ConfigDict(defer_build=True)

    only: Literal["targets", "claimed"] | None = None
    seconds: Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)] | None = None
    lasting: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] | None = None
    is_later: bool = False


@functions_framework.http
@web.function("POST", access="ingest")
def check_monitors(request: Request, settings: Settings) -> Response:
    """200 with what was done: ``{"checked": 2, "failed": 0, "posted": 2, "refused": 0, "spooled": 0}``.

    It checks every target, and what falls due of the backend's monitors within ``?seconds=``, by default until the next
    run; in a cloud it does not wait for their times. ``?only=targets`` or ``?only=claimed`` leaves the others out. A
    monitor that another run of this process is checking is left to that run. ``?only=claimed&lasting=30`` goes on for
    that long, and checks each monitor when it is due.

    Also 200 if the backend could not be reached: the events then wait in the backlog, and nobody need repeat the run.
    """
    # To build the model's validator would cost the cold start of a cloud's run 3 ms.
    run = web.query_of(request, RunQuery) if request.query_string else RunQuery.model_construct()
    if run.only == "claimed" and run.lasting:
        # Imported here: a cloud's agent never has such a run.
        from functions.check_monitors.lasting_run import go_on_checking

        is_stopping = request.environ.get("bonghwa.is_stopping", lambda: False)
        return _answer(go_on_checking(settings, run.lasting, is_stopping))
    if run.is_later or not os.environ.get("LATER_RUNS_QUEUE"):
        return _answer(check_once(settings, run.only, run.seconds))
    # Imported here: only a cloud's agent that checks more often than its scheduler ticks needs it.
    from functions.check_monitors import later_runs

    with later_runs.asked_for(request):
        return _answer(check_once(settings, run.only, run.seconds))


def _answer(done: Done) -> Response:
    return web.answer(
        {
            "checked": done.checked,
            "failed": done.failed,
            "posted": done.reported.posted,
            "refused": done.reported.refused,
            "spooled": done.reported.spooled,
        }
    )
