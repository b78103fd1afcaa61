"""/dashboard: what people on duty look at, and what they do there."""

import functions_framework

from functions.dashboard.alerts.listing import show_alerts
from functions.dashboard.alerts.page import act_on_alert, show_alert
from functions.dashboard.lists.agents import show_agents
from functions.dashboard.lists.channels import show_channels, test_channel
from functions.dashboard.lists.incidents import act_on_incidents, show_incidents
from functions.dashboard.lists.settings import act_on_settings, show_settings
from functions.dashboard.lists.windows import act_on_windows, show_windows
from functions.dashboard.monitors.actions import act_on_monitor, export_monitor
from functions.dashboard.monitors.form import add_monitor, edit_monitor, show_edit, show_new
from functions.dashboard.monitors.page import show_own_monitor
from functions.dashboard.monitors.zoom import show_chart
from functions.dashboard.overview.page import show_changes, show_overview
from functions.dashboard.signing_in import show_sign_in, sign_in, sign_out
from shared import web


@functions_framework.http
@web.routes(
    *(show_overview, show_changes, show_sign_in, sign_in, sign_out, show_alerts, show_alert, act_on_alert),
    *(show_own_monitor, show_chart, act_on_monitor, export_monitor, show_new, add_monitor, show_edit, edit_monitor),
    *(show_channels, test_channel, show_windows, act_on_windows, show_agents, show_settings, act_on_settings),
    *(show_incidents, act_on_incidents),
)
def dashboard() -> None:
    """The pages of the dashboard. They know by themselves who is signed in, so that no route needs a key."""
