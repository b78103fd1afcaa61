"""HTTP checks: many GETs at the same time, each with its own deadline. The result of each is an Event.

Nothing is opened or made at import, because the process forks after it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import certifi

from functions.check_monitors.probes.event_of_check import event_of
from functions.check_monitors.probes.loop.curl_loop import idle_loop
from functions.check_monitors.probes.transfers.http_transfer import HttpTransfer
from shared.models import Cause, Event, Monitor, now
from shared.settings import SettingError, Settings, proxies
from shared.words import cause_text


def probe_all(
    monitors: Sequence[Monitor],
    settings: Settings,
    *,
    spread_seconds: float = 0.0,
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[Event]:
    """Check all ``monitors`` at the same time; the events are in the order of ``monitors``.

    The starts are spread evenly over ``spread_seconds``: a burst of checks would measure its own queue. Each check,
    with its redirects, has CHECK_TIMEOUT_SECONDS from its own start. A target's fault is an event, never an exception,
    and so is the refusal to connect to an address: see ``address_filter``. ``on_event`` takes each event as soon as
    its check has concluded.

    Certificates are verified with the file that the environment variable ``SSL_CERT_FILE`` names, or with certifi's.

    Raises:
        SettingError: that file cannot be read.
    """
    ca_file = trusted_file()
    environ = proxies.variables()
    checks = [HttpCheck(monitor, settings, ca_file, environ) for monitor in monitors]
    with idle_loop() as loop:
        loop.run(checks, spread_seconds, lambda check: on_event(check.event))
    return [check.event for check in checks]


def trusted_file() -> str:
    """The file of trusted certificates.

    Raises:
        SettingError: it cannot be read. The targets are not to blame, so no event says that they fail.
    """
    # pycurl's wheels would read Red Hat's file.
    ca_file = os.environ.get("SSL_CERT_FILE") or certifi.where()
    if not os.access(ca_file, os.R_OK):
        raise SettingError("SSL_CERT_FILE", ca_file, "a file of trusted certificates that can be read")
    return ca_file


class HttpCheck(HttpTransfer):
    """The check of a monitor that has no policy but its URL: one GET. In the end it has its event."""

    event: Event

    def __init__(self, monitor: Monitor, settings: Settings, ca_file: str, environ: Mapping[str, str]) -> None:
        super().__init__(
            settings.check_timeout_seconds, ca_file, environ, is_private_allowed=settings.is_private_allowed
        )
        self.monitor = monitor
        self.settings = settings

    def target(self) -> str:
        """The monitor's URL."""
        return self.monitor.target_url

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Make the event of a check that failed for ``why``, or succeeded."""
        times = self.times(curl) if curl else None
        times = self.whole(times) if times and why else times
        self.event = event_of(self.monitor, self.settings, why, times, status, is_inconclusive=is_inconclusive)

    def replace_cause(self, why: Cause, *, is_inconclusive: bool) -> None:
        """Take a cause that was found after the event was made."""
        changes = {"cause": why, "error_message": cause_text("en", why), "is_inconclusive": is_inconclusive}
        self.event = self.event.model_copy(update={**changes, "timestamp": now()})
