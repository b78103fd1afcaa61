"""A run that checks once what is due: the agent's own targets, what the backend gives out, or both."""

import os
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import DueCheck
from functions.check_monitors.lines import level_of_successes, write_line
from functions.check_monitors.probes.http import probe_all
from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.posting import Reported
from functions.check_monitors.reporting.reporter import Reporter
from functions.check_monitors.self_watch.backend_outage import watch_backend
from functions.check_monitors.self_watch.ping import ping
from functions.check_monitors.trials import Trials
from functions.check_monitors.under_way import checking
from shared.models import Event, Monitor
from shared.settings import Settings, is_in_cloud

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

# The pause between the starts of two checks, which together take at most half an interval. A burst of checks would
# measure its own queue.
SPREAD_SECONDS = 0.005

# How long the targets' checks wait for what the backend says is due beside them.
WAIT_SECONDS = 0.3


class Done(NamedTuple):
    """How many checks a run made, how many of them failed, and what was reported."""

    checked: int
    failed: int
    reported: Reported


def check_once(settings: Settings, only: Literal["targets", "claimed"] | None, seconds: float | None) -> Done:
    """Check once what is due. The parameters are ``RunQuery``'s."""
    targets = settings.target_urls if only != "claimed" else ()
    trials = Trials(settings)
    claim = due_checks.Claiming(settings, seconds, trials.begin) if only != "targets" else None
    # A backend that hangs delays no check of a target, nor does one of which no monitor is known yet.
    wait_seconds = WAIT_SECONDS if len(due_checks.KNOWN) else 0.0
    due = claim.due(wait_seconds if targets else None) if claim else None
    events, reported = _check(settings, targets, due or [])
    if claim and due is None and (due := claim.due()):
        more, reported_more = _check(settings, (), due)
        events, reported = [*events, *more], reported.and_then(reported_more)
    watch_backend(settings, is_reached=backend.latest(claim.is_reached if claim else None, reported.is_reached))
    if events and reported.has_all(len(events)):
        ping(settings.heartbeat_url, is_private_allowed=settings.is_private_allowed)
    trials.wait()
    return Done(len(events), sum(not event.is_success for event in events), reported)


def _check(settings: Settings, targets: tuple[str, ...], due: list[DueCheck]) -> tuple[list[Event], Reported]:
    if not targets and not due:
        return [], Reported()
    names = [*targets, *(check.policy.name for check in due)]
    with checking(names) as (own, release):
        urls = [url for url in targets if url in own]
        due = [check for check in due if check.policy.name in own]
        watched = len(settings.target_urls) if not due else len(settings.target_urls) + len(due_checks.KNOWN)
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
