"""Inside: whether the scheduled functions run, and succeed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.doctor.findings import Finding, failure, ok, warning
from infra.doctor.manual_call import remedy
from shared.alerting.health import UPKEEP, HealthFacts, is_run_overdue
from shared.messages import duration
from shared.models import as_text
from shared.store.admin.inspection import StoreInspection

# In a cloud it runs once an hour.
_LONG_UNKEPT = timedelta(hours=3)


def examine_runs(inspection: StoreInspection, facts: HealthFacts, url: str, at: datetime) -> Iterator[Finding]:
    """The findings about the scheduled functions. ``url``: where they are called."""
    yield from _last_run("reviews", "review_alerts", facts, url, at)
    yield from _last_run("deliveries", "deliver_notifications", facts, url, at)
    yield from _upkeep(inspection, facts, url, at)
    failing = dict(facts.failing)
    if inspection.upkeep.failing_since:
        failing[UPKEEP] = inspection.upkeep.failing_since
    for function, since in failing.items():
        found = f"runs of {function} have failed since {as_text(since)}, {duration(at - since, 'en')} ago"
        yield failure("runs", found, expected="runs that succeed", fix="its log says why: defect, review_failed")


def _last_run(about: str, function: str, facts: HealthFacts, url: str, at: datetime) -> Iterator[Finding]:
    expected, fix = "at least one run a minute", remedy(function, url)
    if function not in facts.last_runs:
        yield warning(about, f"{function} has never run", expected=expected, fix=fix)
        return
    found = f"{function} last ran {duration(at - facts.last_runs[function], 'en')} ago"
    if is_run_overdue(function, facts, at):
        yield failure(about, found, expected=expected, fix=fix)
    else:
        yield ok(about, found)


def _upkeep(inspection: StoreInspection, facts: HealthFacts, url: str, at: datetime) -> Iterator[Finding]:
    kept_at = inspection.upkeep.kept_at
    # An older version noted no run, and an update or a start ends it.
    if at - (kept_at or max(inspection.updated_at or facts.created_at, facts.since)) > _LONG_UNKEPT:
        found = "has never run" if kept_at is None else f"last ran {duration(at - kept_at, 'en')} ago"
        expected = "a run every hour, without which the database grows"
        yield warning("upkeep", f"{UPKEEP} {found}", expected=expected, fix=remedy(UPKEEP, url))
