"""/dashboard: what people on duty look at, and what they do there."""

from collections.abc import Callable, Iterable

import functions_framework
from flask import Response

from functions.dashboard.overview.page import show_changes, show_overview
from functions.dashboard.signing_in import show_sign_in, sign_in, sign_out
from functions.dashboard.visit import with_pages
from shared import web

Pages = Iterable[Callable[..., Response]]


def _alerts() -> Pages:
    from functions.dashboard.alerts import listing, page

    return (listing.show_alerts, page.show_alert, page.act_on_alert)


def _monitors() -> Pages:
    from functions.dashboard.monitors import actions, form, page, zoom

    shown = (page.show_own_monitor, zoom.show_chart, actions.act_on_monitor, actions.export_monitor)
    return (*shown, form.show_new, form.add_monitor, form.show_edit, form.edit_monitor)


def _channels() -> Pages:
    from functions.dashboard.lists import channels

    return (channels.show_channels, channels.test_channel)


def _windows() -> Pages:
    from functions.dashboard.lists import windows

    return (windows.show_windows, windows.act_on_windows)


def _agents() -> Pages:
    from functions.dashboard.lists import agents

    return (agents.show_agents,)


def _settings() -> Pages:
    from functions.dashboard.lists import settings

    return (settings.show_settings, settings.act_on_settings)


def _incidents() -> Pages:
    from functions.dashboard.lists import incidents

    return (incidents.show_incidents, incidents.act_on_incidents)


SECTIONS = {
    "alerts": _alerts,
    "monitors": _monitors,
    "channels": _channels,
    "windows": _windows,
    "agents": _agents,
    "settings": _settings,
    "incidents": _incidents,
}


@functions_framework.http
@with_pages
@web.routes(show_overview, show_changes, show_sign_in, sign_in, sign_out, later=SECTIONS)
def dashboard() -> None:
    """The pages of the dashboard. They know by themselves who is signed in, so that no route needs a key."""
