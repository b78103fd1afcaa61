"""/dashboard/settings: where the configuration stands, and what the system says of itself."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from flask import Response

from functions.dashboard.lists.findings import drill_of, findings_of
from functions.dashboard.visit import Visit, changing, reading
from shared import __version__, web
from shared.alerting.health import SCHEDULES, UPKEEP, HealthFacts, is_run_overdue
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.notifiers import routes_of
from shared.pages.formatting import duration
from shared.pages.states import Shown


class Line(NamedTuple):
    """A line: what, and how it is."""

    label: str
    text: str
    shown: Shown | None = None


@web.route("GET", "/dashboard/settings", access="open")
@reading
def show_settings(visit: Visit) -> Response:
    """200 with the state of the configuration, what is wrong with the system, and how it is set up."""
    health, facts = visit.store.judge_health(visit.settings, now=visit.at)
    mistakes = facts.problem.splitlines() if facts.problem else []
    kept_at, unkept_since = visit.store.visits.overview.upkeep()
    findings = findings_of(visit, health, facts, unkept_since=unkept_since)
    wrong = [each for each in findings if each.shown in ("down", "slow")]
    shown: Shown = "down" if not health.is_notified else "slow" if wrong or health.reasons else "up"
    key = "settings_wrong_file" if mistakes else "settings_wrong" if wrong else "settings_fine"
    drill = drill_of(visit, visit.store.drills.last())
    return visit.page(
        "settings.html",
        f"{'✓' if shown == 'up' else '✕'} {visit.say('nav_settings')}",
        shown=shown,
        here="settings",
        hero=shown,
        sentence=visit.say(key, n=len(mistakes) or len(wrong)),
        verdict=visit.say("notified_yes" if health.is_notified else "notified_no"),
        mistakes=mistakes,
        findings=findings,
        drill=drill,
        is_drilling=visit.store.drills.is_under_way(),
        has_channels=bool(configured()),
        scripts=["dashboard.js"],
        runs=[*(_run(visit, schedule, facts) for schedule in SCHEDULES), _upkeep(visit, kept_at, unkept_since)],
        lines=_lines(visit),
    )


@web.route("POST", "/dashboard/settings", access="open")
@changing
def act_on_settings(visit: Visit) -> Response:
    """303 to the settings; a drill has begun, or another one is still under way."""
    if visit.form.get("do") != "drill":
        raise web.Problem(400, visit.say("unknown_action"))
    channels = configured()
    routes = routes_of(channels)
    if routes and not visit.store.drills.is_under_way():
        change, _ = visit.store.drills.start(routes, need_ack_seconds=None, now=visit.at)
        step("server", "drill_started", alert_id=change.alert.id, channels=", ".join(routes), by=visit.by)
        notify_of(visit.store, channels, [change], visit.settings)
    return visit.to("/dashboard/settings")


def _run(visit: Visit, schedule: str, facts: HealthFacts) -> Line:
    last = facts.last_runs.get(schedule)
    if last is None:
        return Line(schedule, visit.say("never_ran"), "down" if is_run_overdue(schedule, facts, visit.at) else "unk")
    is_down = schedule in facts.failing or is_run_overdue(schedule, facts, visit.at)
    return Line(schedule, _ago(visit, last), "down" if is_down else "up")


def _upkeep(visit: Visit, kept_at: datetime | None, unkept_since: datetime | None) -> Line:
    """Its last success; nobody waits for it, so that none yet is no trouble."""
    text = _ago(visit, kept_at) if kept_at else visit.say("never_ran")
    return Line(UPKEEP, text, "slow" if unkept_since else "up" if kept_at else "unk")


def _ago(visit: Visit, at: datetime) -> str:
    return visit.say("ago", time=duration(max(0.0, (visit.at - at).total_seconds()), visit.language))


def _lines(visit: Visit) -> list[Line]:
    settings, say = visit.settings, visit.say
    sources = Counter(row["source"] for row in visit.store.visits.overview.names())
    known = [say(f"source_{source}", n=count) for source, count in sorted(sources.items())]
    return [
        Line(say("set_file"), str(settings.config_file.name)),
        Line(say("set_monitors"), ", ".join(known) or say("none")),
        Line(say("set_database"), settings.database),
        Line("API_AUTH", settings.api_auth),
        Line("PUBLIC_URL", settings.public_url or "–"),
        Line("MESSAGE_LANGUAGE", settings.message_language),
        Line(say("set_version"), __version__),
    ]
