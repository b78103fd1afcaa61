"""Why the store refuses what somebody asks of a monitor or a window. Light: every function may respond with one."""

from collections.abc import Sequence

_WHERE = {
    "env": "is watched by TARGET_URL: change it there",
    "report": "is watched by somebody else, who reports its events: it has no policy here",
}
_NAMED = 5  # so many names are enough to begin with
_IN_FILE = "change it there, or apply an empty file if that one is gone"


class MonitorNotFound(Exception):
    """No monitor has this id."""

    def __init__(self, monitor_id: object) -> None:
        super().__init__(f"there is no monitor {monitor_id}")


class WindowNotFound(Exception):
    """No window has this id."""

    def __init__(self, window_id: object) -> None:
        super().__init__(f"there is no window {window_id}")


class IncidentNotFound(Exception):
    """No incident has this id."""

    def __init__(self, incident_id: object) -> None:
        super().__init__(f"there is no incident {incident_id}")


class TrialNotFound(Exception):
    """Nobody tries this, or not any more."""

    def __init__(self, trial_id: object) -> None:
        super().__init__(f"there is no trial {trial_id}, or it is over an hour old")


class WindowOfFile(Exception):
    """The window stands in the configuration's file."""

    def __init__(self, window_id: int) -> None:
        super().__init__(f"window {window_id} stands in the configuration's file: {_IN_FILE}")


class WindowOver(Exception):
    """The window would be over before it begins. ``field``: the one that says so, with its ``value``."""

    def __init__(self, field: str, value: str, after: str) -> None:
        super().__init__(f"{field}: expected a time after {after}; found {value}")
        self.field, self.value = field, value


class DrillUnderWay(Exception):
    """A drill is asked for while another one is not over. ``alert_id``: the other one's alert."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"a drill is under way already, which is alert {alert_id}: wait for its end, or resolve it")
        self.alert_id = alert_id


class NotAMonitors(Exception):
    """A silence is asked for of an alert that is not about a monitor."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"silence: expected an alert about a monitor; alert {alert_id} is about something else")


class UnknownName(Exception):
    """A window is about something that there is not, or a monitor depends on it, or names it as its escalation.

    ``field``: where the name stands. ``expected``: what may stand there.
    """

    def __init__(self, field: str, name: str, expected: str = "names that some monitor has") -> None:
        super().__init__(f"{field}: expected {expected}; found {name!r}")
        self.field, self.name = field, name


class EscalationInUse(Exception):
    """A file has an escalation no longer that monitors made through the API have: nobody would be notified by it."""

    def __init__(self, name: str, monitors: Sequence[str]) -> None:
        named = ", ".join(map(repr, monitors[:_NAMED]))
        more = f" and {len(monitors) - _NAMED} more" if len(monitors) > _NAMED else ""
        found = f"{named}{more} made through the API would be without it"
        super().__init__(f"escalations: expected {name!r} to stay, or these monitors to change first: {found}")
        self.name = name


class DependsInCircle(Exception):
    """Something that the monitor depends on depends on the monitor: nobody would be notified of either.

    ``way``: the names along which monitors depend on each other, if several change at once.
    """

    def __init__(self, name: str, way: Sequence[str] = ()) -> None:
        on = f"{way[0]!r} in turn ({' → '.join(way)})" if way else "it in turn"
        super().__init__(f"depends_on: expected monitors that do not depend on {on}; found {name!r}")
        self.name = name


class NameTaken(Exception):
    """There is a monitor of this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a monitor {name!r} already")
        self.name = name


class PolicyChanged(Exception):
    """Somebody changed the monitor's policy after the one was read that this change is based on."""

    def __init__(self, monitor_id: object) -> None:
        super().__init__(f"somebody changed monitor {monitor_id} meanwhile")


class IncidentChanged(Exception):
    """Somebody added an update to the incident after the ones were read that this one is based on."""

    def __init__(self, incident_id: object) -> None:
        super().__init__(f"somebody changed incident {incident_id} meanwhile")


class OwnedElsewhere(Exception):
    """The monitor's policy is not the API's. ``source``: whose it is."""

    def __init__(self, name: str, source: str, line: int | None = None) -> None:
        in_line = f" in line {line}" if line else ""
        of_file = f"stands in the configuration's file{in_line}: {_IN_FILE}"
        super().__init__(f"{name!r} {_WHERE.get(source, of_file)}")
        self.source = source


class HeartbeatNotFound(Exception):
    """No monitor has the token of a ping."""

    def __init__(self) -> None:
        super().__init__("no heartbeat has this token")


class TokenShared(Exception):
    """Several monitors have the token of a ping, so nobody can say which one it is about."""

    def __init__(self) -> None:
        super().__init__("several heartbeats have this token: give each one its own")
