"""UptimeFlare's monitors."""

import re
from typing import Any

from infra.configuration.imports.monitors import add_monitor, with_scheme
from infra.configuration.imports.naming import monitor_names
from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptimeflare.notification import Notified
from infra.configuration.imports.uptimeflare.page import Page
from infra.configuration.imports.uptimeflare.parts import Part, filled, has_variable
from shared.monitors.placeholders import PREFIX
from shared.monitors.policy import MAX_BODY_BYTES

_KNOWN = keys(
    """id name method target tooltip statusPageLink hideLatencyChart expectedCodes timeout headers body responseKeyword
    responseForbiddenKeyword checkProxy checkProxyFallback checkLocationWorkerRoute"""
)
_LOST = {
    "statusPageLink": "a name on the status page leads to the monitor's own page",
    "hideLatencyChart": "a page shows the response times of all its monitors",
    "checkProxy": "set locations, and run an agent there",
    "checkLocationWorkerRoute": "set locations, and run an agent there",
}
_TCP = "TCP_PING"
_KEYWORDS = ("responseKeyword", "responseForbiddenKeyword")
# A connection has no use for these.
_ONLY_HTTP = ("expectedCodes", "headers", "body", *_KEYWORDS)
_PORT = re.compile(r"(.+):(\d{1,5})/?")
# UptimeFlare's own defaults for a monitor. Cloudflare's fetch follows as many redirects.
_INTERVAL = 60
_TIMEOUT = 10_000
_REDIRECTS = 20
_CODES = ["200-299"]


class Monitors:
    """The monitors of a configuration, by their ids there."""

    def __init__(self, config: Part, imported: Imported) -> None:
        self._imported = imported
        self._parts = [
            Part(given, f"monitors[{number}]", imported.notes) for number, given in enumerate(config.listed("monitors"))
        ]
        wanted = [(number, _called(part)) for number, part in enumerate(self._parts)]
        self._names = monitor_names(wanted, imported.notes)
        for number, part in enumerate(self._parts):
            part.where = f"monitors {self._names[number]!r}"
        self.added: dict[str, dict[str, Any]] = {}

    @property
    def names(self) -> dict[str, str]:
        """The names of all, by their ids."""
        return {part.text("id"): self._names[number] for number, part in enumerate(self._parts)}

    def add_all(self, notified: Notified, page: Page) -> None:
        """Add each that can be watched."""
        for number, part in enumerate(self._parts):
            part.note_code()
            part.note_unknown(_KNOWN)
            for name, why in _LOST.items():
                if part.data.get(name):
                    part.note(name, why)
            identity = part.text("id")
            own = self._tcp(part) if part.text("method") == _TCP else self._http(part)
            common = {
                "name": self._names[number],
                "description": part.word("tooltip") or None,
                "interval": _INTERVAL,
                "timeout": (part.whole("timeout") or _TIMEOUT) / 1000,
                **notified.of(identity),
                **page.place_of(identity),
            }
            if own is not None and add_monitor(self._imported, {**common, **own}):
                self.added[identity] = self._imported.monitors[-1]

    def _http(self, part: Part) -> dict[str, Any] | None:
        target = part.text("target").strip()
        if not target:
            part.note("target", "it is not known; the monitor is left out")
            return None
        codes = [str(code) for code in part.listed("expectedCodes")]
        if part.data.get("expectedCodes") == []:
            part.note("expectedCodes", "it is empty, so that UptimeFlare accepts no response; 2xx is written")
        wanted, forbidden = (self._filled(part.text(name)) for name in _KEYWORDS)
        return {
            "url": with_scheme(self._filled(target), "https", part.note),
            "method": part.text("method").strip().upper() or None,
            "headers": {name: self._filled(text.strip()) for name, text in part.texts("headers").items()} or None,
            "body": self._filled(part.text("body")) or None,
            "max_redirects": _REDIRECTS,
            "accepted_status_codes": codes or _CODES,
            "keyword": wanted or None,
            "forbidden_keyword": forbidden or None,
            "max_body": MAX_BODY_BYTES if wanted or forbidden else None,  # UptimeFlare reads all of a body
        }

    def _tcp(self, part: Part) -> dict[str, Any] | None:
        for name in _ONLY_HTTP:
            if part.has(name):
                part.note(name, f"UptimeFlare does not look at it with {_TCP}")
        target = part.text("target").strip()
        if not has_variable(target) and not _PORT.fullmatch(target):
            part.note("target", "expected host:port; the monitor is left out")
            return None
        return {"url": f"tcp://{self._filled(target.rstrip('/'))}"}

    def _filled(self, text: str) -> str:
        return filled(text, lambda name: self._imported.secrets.refer(name, PREFIX))


def _called(part: Part) -> str:
    return part.word("name") or part.word("id") or part.word("target")
