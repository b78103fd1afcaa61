"""A run that goes on: it claims again and again, and checks each monitor when it is due."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from functions.check_monitors import due_checks
from functions.check_monitors.lines import Lines
from functions.check_monitors.probes.checks import check_as_due
from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.reporter import Reporter
from functions.check_monitors.self_watch.backend_outage import watch_backend
from functions.check_monitors.self_watch.ping import ping
from functions.check_monitors.single_run import Done
from functions.check_monitors.trials import Trials
from functions.check_monitors.under_way import TakenMonitors
from shared.models import Event
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy


def go_on_checking(settings: Settings, seconds: float, is_stopping: Callable[[], bool]) -> Done:
    """Claim and check for so long, or until the server ``is_stopping``."""
    stream = due_checks.Stream(settings, seconds, is_stopping, Trials(settings).begin)
    taken, lines = TakenMonitors(), Lines()
    checked = failed = 0
    reporter = Reporter(settings, watched=lambda: len(due_checks.KNOWN), on_settled=taken.release)

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
                newest=due_checks.KNOWN.newest,
                on_dropped=lambda policy: taken.release([policy.name]),
            )
    finally:
        lines.write()
        taken.release_all()
    reported = reporter.reported
    watch_backend(settings, is_reached=backend.latest(stream.is_reached, reported.is_reached))
    if checked and reported.has_all(checked) and not settings.target_urls:
        ping(settings.heartbeat_url, is_private_allowed=settings.is_private_allowed)
    return Done(checked, failed, reported)


def _taken(policies: "list[Policy]", taken: TakenMonitors) -> "list[Policy]":
    """Those of ``policies`` whose monitors no other run checks."""
    own = set(taken.take([policy.name for policy in policies]))
    return [policy for policy in policies if policy.name in own]
