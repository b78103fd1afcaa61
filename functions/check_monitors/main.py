"""Scheduled: the agent. Checks what is due, all side by side, and reports each result as soon as it has it."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import DueCheck
from functions.check_monitors.lines import Lines, level_of_successes, write_line
from functions.check_monitors.probes.http import probe_all
from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.reporter import Reported, Reporter
from functions.check_monitors.self_watch.backend_outage import watch_backend
from functions.check_monitors.self_watch.ping import ping
from functions.check_monitors.trials import Trials
from functions.check_monitors.under_way import TakenMonitors, checking
from shared import web
from shared.models import Event, Monitor
from shared.settings import Settings, is_in_cloud

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

# The pause between the starts of two checks, which together take at most half an interval. A burst of checks would
# measure its own queue.
SPREAD_SECONDS = 0.005

# How long the targets' checks wait for what the backend says is due beside them.
WAIT_SECONDS = 0.3


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
        is_stopping = request.environ.get("bonghwa.is_stopping", lambda: False)
        return web.answer(_go_on_checking(settings, run.lasting, is_stopping))
    if run.is_later or not os.environ.get("LATER_RUNS_QUEUE"):
        return web.answer(_check_once(run, settings))
    # Imported here: only a cloud's agent that checks more often than its scheduler ticks needs it.
    from functions.check_monitors import later_runs

    with later_runs.asked_for(request):
        return web.answer(_check_once(run, settings))


def _check_once(run: RunQuery, settings: Settings) -> dict[str, int]:
    targets = settings.target_urls if run.only != "claimed" else ()
    trials = Trials(settings)
    claim = due_checks.Claiming(settings, run.seconds, trials.begin) if run.only != "targets" else None
    # A backend that hangs delays no check of a target, nor does one of which no monitor is known yet.
    seconds = WAIT_SECONDS if due_checks.count() else 0.0
    due = claim.due(seconds if targets else None) if claim else None
    events, reported = _check(settings, targets, due or [])
    if claim and due is None and (due := claim.due()):
        more, reported_more = _check(settings, (), due)
        events, reported = [*events, *more], reported.and_then(reported_more)
    watch_backend(settings, is_reached=backend.latest(claim.is_reached if claim else None, reported.is_reached))
    if events and reported.has_all(len(events)):
        ping(settings.heartbeat_url, is_private_allowed=settings.is_private_allowed)
    trials.wait()
    return _done(len(events), sum(not event.is_success for event in events), reported)


def _done(checked: int, failed: int, reported: Reported) -> dict[str, int]:
    return {
        "checked": checked,
        "failed": failed,
        "posted": reported.posted,
        "refused": reported.refused,
        "spooled": reported.spooled,
    }


def _go_on_checking(settings: Settings, seconds: float, is_stopping: Callable[[], bool]) -> dict[str, int]:
    """Claim and check for so long, or until the server ``is_stopping``; what was done."""
    # Imported here: an agent that has its targets alone starts without it.
    from functions.check_monitors.probes.checks import check_as_due

    stream = due_checks.Stream(settings, seconds, is_stopping, Trials(settings).begin)
    taken, lines = TakenMonitors(), Lines()
    checked = failed = 0
    reporter = Reporter(settings, watched=due_checks.count, on_settled=taken.release)

    def more() -> "tuple[float, list[Policy]] | None":
        lines.write_due()
        found = stream.more()
        return found and (found[0], _taken(found[1], taken))

    def on_event(event: Event) -> None:
        nonlocal checked, failed
        checked += 1
        failed += not event.is_success
        reporter.take(event)
        lines.take(event)

    try:
        with reporter:
            check_as_due(
                more,
                settings,
                interval=lambda: due_checks.interval(settings),
                on_event=on_event,
                newest=due_checks.newest,
                on_dropped=lambda policy: taken.release([policy.name]),
            )
    finally:
        lines.write()
        taken.release_all()
    reported = reporter.reported
    watch_backend(settings, is_reached=backend.latest(stream.is_reached, reported.is_reached))
    if checked and reported.has_all(checked) and not settings.target_urls:
        ping(settings.heartbeat_url, is_private_allowed=settings.is_private_allowed)
    return _done(checked, failed, reported)


def _taken(policies: "list[Policy]", taken: TakenMonitors) -> "list[Policy]":
    """Those of ``policies`` whose monitors no other run checks."""
    own = set(taken.take([policy.name for policy in policies]))
    return [policy for policy in policies if policy.name in own]


def _check(settings: Settings, targets: tuple[str, ...], due: list[DueCheck]) -> tuple[list[Event], Reported]:
    if not targets and not due:
        return [], Reported()
    names = [*targets, *(check.policy.name for check in due)]
    with checking(names) as (own, release):
        urls = [url for url in targets if url in own]
        due = [check for check in due if check.policy.name in own]
        watched = len(settings.target_urls) if not due else len(settings.target_urls) + due_checks.count()
        reporter = Reporter(settings, watched=watched, elsewhere=watched - len(urls) - len(due), on_settled=release)
        level = level_of_successes()

        def on_event(event: Event) -> None:
            reporter.take(event)
            write_line(event, level)

        with reporter:
            if due:
                # Imported here: an agent that has its targets alone starts without it.
                from functions.check_monitors.probes.checks import check_all
                from functions.check_monitors.targets import as_policies

                policies = _starts(due, settings)
                policies += as_policies(urls, settings, _spread_seconds(len(urls), settings))
                often = due_checks.interval(settings)
                events = check_all(policies, settings, interval_seconds=often, on_event=on_event)
            else:
                # The settings have validated the URLs. To build the model's own validator would cost a cold start 2 ms.
                monitors = [Monitor(url, url) for url in urls]
                spread = _spread_seconds(len(monitors), settings)
                events = probe_all(monitors, settings, spread_seconds=spread, on_event=on_event)
    return events, reporter.reported


def _spread_seconds(count: int, settings: Settings) -> float:
    return min(SPREAD_SECONDS * count, settings.check_interval_seconds / 2)


def _starts(due: list[DueCheck], settings: Settings) -> "list[tuple[float, Policy]]":
    """In how many seconds each check starts. A cloud bills the seconds of a run: it waits there for no due time."""
    if not is_in_cloud(os.environ):
        now = time.monotonic()
        return [(max(0.0, check.starts_at - now), check.policy) for check in due]
    pause = _spread_seconds(len(due), settings) / len(due)
    return [(pause * place, check.policy) for place, check in enumerate(due)]
