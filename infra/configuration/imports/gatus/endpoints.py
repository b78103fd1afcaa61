"""Gatus's endpoints, and its external endpoints, which are heartbeats here."""

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from infra.configuration.imports.channels import bracketed
from infra.configuration.imports.gatus import client, conditions
from infra.configuration.imports.gatus.alerting import FAILURES, SUCCESSES, Alerting, Outcome
from infra.configuration.imports.gatus.variables import Variables
from infra.configuration.imports.monitors import add_monitor, with_scheme
from infra.configuration.imports.naming import monitor_names, one_line
from infra.configuration.imports.nodes import Node, keys
from infra.configuration.imports.result import Imported
from shared.monitors.kinds import Kind, kind_of
from shared.monitors.policy import MAX_BODY_BYTES
from shared.monitors.urls import starttls_protocol
from shared.settings.secrets import without_password

_INTERVAL = 60.0
# A heartbeat without an interval is never missed in Gatus. This is the longest one here.
_NEVER = 366 * 86_400.0
_LEAST_GRACE = 1.0
_KNOWN = keys(
    """enabled name group url method body headers interval graphql conditions dns ssh alerts maintenance-windows
    client ui extra-labels always-run store"""
)
_EXTERNAL = keys("enabled name group token alerts heartbeat maintenance-windows ui extra-labels")
# Said once for all endpoints, because they are set on many.
_UI_LOST = "hide-conditions hide-port hide-errors dont-resolve-failed-conditions resolve-successful-conditions badge"
# The fields that Gatus writes into a body.
_FILLED_IN = {"ENDPOINT_NAME": "name", "ENDPOINT_GROUP": "group", "ENDPOINT_URL": "url"}
_DRAWN = re.compile(r"\[(?:RANDOM_STRING_\d+|LOCAL_ADDRESS)\]")
_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_NOT_HERE = ("udp", "sctp")


class Endpoints:
    """The endpoints of a file, with the names that they get."""

    def __init__(self, document: Node, alerting: Alerting, variables: Variables, imported: Imported) -> None:
        self._alerting = alerting
        self._variables = variables
        self._imported = imported
        self._lost: Counter[str] = Counter()
        self._silent = 0
        # Each window, and the monitors that it covers.
        self.windows: list[tuple[Any, list[str]]] = []
        self._nodes = [
            Node(given, f"{key}[{number}]", imported.notes)
            for key in ("endpoints", "external-endpoints")
            for number, given in enumerate(document.listed(key))
        ]
        external = {
            number for number, node in enumerate(self._nodes) if node.where.startswith("external") and node.has("token")
        }
        wanted = [(number, self._wanted(node)) for number, node in enumerate(self._nodes)]
        why = ", and its key in the push URL changes with it"
        self._names = monitor_names(wanted, imported.notes, external, why)

    def add_all(self) -> None:
        """Add each endpoint that can be carried over."""
        for number, node in enumerate(self._nodes):
            is_external = node.where.startswith("external")
            if not node.data:
                node.note("the endpoint", "it is empty; it is left out")
                continue
            node.where = f"monitors {self._names[number]!r}"
            node.note_unknown(_EXTERNAL if is_external else _KNOWN)
            outcome = self._alerting.outcome(node, node.text("group"))
            fields = self._external(node, outcome) if is_external else self._checked(node)
            if fields is not None:
                self._add(node, outcome, {"name": self._names[number], **fields})
        for what, count in self._lost.items():
            self._imported.notes.add("endpoints", f"{what} of {count}", "it has no counterpart here")
        if self._silent:
            what = f"{self._silent} without an alert"
            self._imported.notes.add("monitors", what, "they notify no channel, as in Gatus (channels: [])")

    def _wanted(self, node: Node) -> str:
        name, is_complete = self._variables.plain(node.text("name"))
        if not is_complete:
            node.note(f"name {node.text('name')}", "nothing is filled in into a name here")
        return name or node.text("url")

    def _add(self, node: Node, outcome: Outcome, fields: dict[str, Any]) -> None:
        group, is_complete = self._variables.plain(node.text("group"))
        if not is_complete:
            node.note(f"group {node.text('group')}", "nothing is filled in into a name here")
        fields |= self._alerted(outcome)
        fields["group"] = one_line(group) or None
        if not node.flag("enabled", default=True):
            fields["enabled"] = False
        self._note_lost(node)
        if not add_monitor(self._imported, fields):
            return
        if not outcome.channels and outcome.is_lossy:
            node.note("alerts", "none of them is carried over, so it notifies no channel here; set channels")
        self._silent += not outcome.channels and not outcome.is_lossy
        for window in node.listed("maintenance-windows"):
            known = next((names for same, names in self.windows if same == window), None)
            if known is None:
                self.windows.append((window, [fields["name"]]))
            else:
                known.append(fields["name"])

    def _alerted(self, outcome: Outcome) -> dict[str, Any]:
        # Gatus sends none if it is 0: an alert that wants them is not to lose them by one that does not.
        reminder = min(filter(None, outcome.reminders), default=None)
        descriptions = list(dict.fromkeys(outcome.descriptions))
        return {
            "channels": outcome.channels,
            "failure_threshold": min(outcome.failures, default=FAILURES),
            "success_threshold": min(outcome.successes, default=SUCCESSES),
            "reminder_interval": reminder,
            "description": self._variables.plain("; ".join(descriptions))[0] or None,
        }

    def _checked(self, node: Node) -> dict[str, Any] | None:
        found = self._target(node)
        if found is None:
            return None
        try:
            kind = kind_of(found["url"], has_dns="dns" in found)
        except ValueError:
            url = without_password(node.text("url"))
            node.note(f"url {url}", "expected a scheme such as https:// or tcp://; it is left out")
            return None
        record = found.get("dns", {}).get("query_type", "")
        listed = conditions.converted(node.listed("conditions"), kind, record, self._variables, node.note)
        if not listed:
            node.note("conditions", "there is none, so what counts as up by default does")
        headers = {name: self._variables.of_monitor(text) for name, text in node.texts("headers").items()}
        body = self._variables.of_monitor(_body(node))
        if node.flag("graphql") and body:
            body = json.dumps({"query": body})
            if "content-type" not in {name.lower() for name in headers}:
                headers["Content-Type"] = "application/json"
        if node.has("ssh") and node.node("ssh").data:
            node.note("ssh", "the check here reads the server's banner, without logging in or running a command")
            body = ""
        reads_body = kind is Kind.HTTP and any("[BODY]" in condition.upper() for condition in listed)
        return {
            **found,
            "interval": node.seconds("interval") or _INTERVAL,
            "method": node.text("method").strip().upper() or None,
            "headers": headers or None,
            "body": body or None,
            "conditions": listed or None,
            "max_body": MAX_BODY_BYTES if reads_body else None,  # Gatus reads all of a body
            **client.fields(node.node("client"), self._variables),
        }

    def _target(self, node: Node) -> dict[str, Any] | None:
        """The target of the check: a URL, or a question to a resolver."""
        url = node.text("url").strip()
        if not url:
            node.note("url", "it has none; it is left out")
            return None
        scheme = url.partition("://")[0].lower() if "://" in url else ""
        if scheme in _NOT_HERE:
            node.note(f"url of the scheme {scheme}", "there is no such kind of check here; it is left out")
            return None
        if not node.has("dns"):
            # Gatus speaks SMTP before STARTTLS on any port.
            is_smtp = scheme == "starttls" and starttls_protocol(url) is None
            placed = self._variables.of_monitor(_with_brackets(url) if scheme == "icmp" else url)
            if _is_http(node, placed):
                placed = with_scheme(placed, "https", node.note)
            return {"url": placed, **({"protocol": "smtp"} if is_smtp else {})}
        dns = node.node("dns")
        return {
            "url": self._variables.of_monitor(_resolver(url)),
            "dns": {
                "query_name": self._variables.of_monitor(dns.text("query-name").strip()),
                "query_type": dns.text("query-type").strip().upper() or "A",
            },
        }

    def _external(self, node: Node, outcome: Outcome) -> dict[str, Any]:
        period = node.node("heartbeat").seconds("interval")
        threshold = min(outcome.failures, default=FAILURES)
        if not period:
            node.note("heartbeat.interval", "Gatus misses no ping without it; the longest period is written")
            period = _NEVER
        grace = (threshold - 1) * period if period < _NEVER else _LEAST_GRACE
        token = self._variables.of_monitor(node.text("token").strip())
        if not token:
            node.note("token", "it has none, so a new one is made")
        return {
            "heartbeat": {"period": period, "grace": max(grace, _LEAST_GRACE), **({"token": token} if token else {})}
        }

    def _note_lost(self, node: Node) -> None:
        ui = node.node("ui")
        ui.note_unknown({*_UI_LOST.split(), "hide-hostname", "hide-url"}, "ui.")
        self._lost.update(f"ui.{name}" for name in _UI_LOST.split() if ui.data.get(name))
        self._lost.update(name for name in ("extra-labels", "always-run", "store") if node.data.get(name))


def _body(node: Node) -> str:
    """The body with what Gatus fills in."""
    text = node.text("body")
    for name, field in _FILLED_IN.items():
        text = text.replace(f"[{name}]", node.text(field))
    for name in dict.fromkeys(_DRAWN.findall(text)):
        node.note(f"body {name}", "nothing of this kind is filled in here; it is sent as it stands")
    return text


def _is_http(node: Node, url: str) -> bool:
    """Whether an endpoint whose scheme is in a variable means HTTP: it has a path, or expects a response of HTTP."""
    conditions = str(node.listed("conditions"))
    return url.partition("}")[2].startswith("/") or "[STATUS]" in conditions or "[BODY]" in conditions


def _with_brackets(url: str) -> str:
    """``url`` with its IPv6 address as a URL has it: Gatus pings one without brackets."""
    scheme, _, host = url.partition("://")
    return f"{scheme}://{bracketed(host)}" if _IPV6.fullmatch(host) else url


def _resolver(url: str) -> str:
    """The URL of a resolver, which Gatus has as an address with or without a port."""
    if "://" in url:
        return "dns://" + url.partition("://")[2]
    if _IPV6.fullmatch(url):
        return f"dns://{bracketed(url)}"
    try:
        is_default = urlsplit(f"//{url}").port in (None, 53)
    except ValueError:
        is_default = False
    return f"dns://{url.removesuffix(':53') if is_default else url}"
