"""Gatus's alerts: which channels an endpoint notifies, and from which failure on."""

from dataclasses import dataclass, field
from typing import Any

from infra.configuration.imports.channels import add_channel
from infra.configuration.imports.gatus.providers import Provider, settings_of
from infra.configuration.imports.gatus.variables import Variables
from infra.configuration.imports.nodes import Node, keys
from infra.configuration.imports.result import Imported

FAILURES = 3
SUCCESSES = 2
_ALERT = keys(
    """type enabled failure-threshold success-threshold minimum-reminder-interval send-on-resolved description
    provider-override"""
)
_NO_RECOVERY = "Gatus sends no message when it is up again; a RECOVERY is always sent here"
_SMALLEST = "the smallest is written"
_SOME_REMINDED = "the smallest above 0 is written, so the other channels get reminders too"


@dataclass
class Outcome:
    """The result of one endpoint's alerts."""

    channels: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    successes: list[int] = field(default_factory=list)
    reminders: list[float] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    # Whether Gatus sends an alert that is not carried over.
    is_lossy: bool = False


class Alerting:
    """The providers of a file. A channel is made when the first endpoint needs it, so that no other one appears."""

    def __init__(self, data: Any, imported: Imported, variables: Variables) -> None:
        self._imported = imported
        self._variables = variables
        self._providers = Node(data, "alerting", imported.notes)
        self._channels: dict[str, list[str]] = {}
        for kind in self._providers.data:
            if not self._providers.has(kind):
                self._providers.note(str(kind), "it is empty; it is left out")
        self._used: set[str] = set()

    def outcome(self, endpoint: Node, group: str) -> Outcome:
        """The channels and thresholds of an endpoint."""
        outcome = Outcome()
        for number, given in enumerate(endpoint.listed("alerts"), start=1):
            alert = Node(given, endpoint.where, endpoint.notes)
            kind = alert.text("type").strip()
            if not kind:
                endpoint.note(f"alert {number}", "it has no type; it is left out")
                continue
            self._add(outcome, alert, kind, group)
        outcome.channels = list(dict.fromkeys(outcome.channels))
        self._note_differences(outcome, endpoint)
        return outcome

    def finish(self) -> None:
        """Add the channels that no endpoint notifies: whoever moves may need them later."""
        for kind in self._providers.data:
            if self._providers.has(kind) and kind not in self._used:
                names = self._channel(kind, "", {})
                if names:
                    self._providers.note(kind, "no endpoint has an alert of this type")

    def _add(self, outcome: Outcome, alert: Node, kind: str, group: str) -> None:
        what = f"alert type {kind}"
        if not self._providers.has(kind):
            alert.note(what, f"there is no provider alerting.{kind}, so Gatus never sends it; it is left out")
            return
        self._used.add(kind)
        default = self._providers.node(kind).node("default-alert")
        alert.note_unknown(_ALERT, f"alerts[{kind}].")
        is_explicit = alert.has("send-on-resolved")
        whole = Node({**default.data, **_set_in(alert.data)}, alert.where, alert.notes)
        if not whole.flag("enabled", default=True):
            alert.note(what, "it is switched off; it is left out")
            return
        names = self._channel(kind, group, whole.node("provider-override").data)
        if not names:
            alert.note(what, f"its provider alerting.{kind} is not carried over; it is left out")
            outcome.is_lossy = True
            return
        if not whole.flag("send-on-resolved"):
            # Said once for a provider, unless an endpoint says it itself.
            where = alert.where if is_explicit else f"channels {names[0]!r}"
            alert.notes.add(where, "send-on-resolved: false", _NO_RECOVERY)
        outcome.channels += names
        outcome.failures.append(max(whole.whole("failure-threshold") or 0, 0) or FAILURES)
        outcome.successes.append(max(whole.whole("success-threshold") or 0, 0) or SUCCESSES)
        outcome.reminders.append(whole.seconds("minimum-reminder-interval") or 0.0)
        if description := whole.text("description").strip():
            outcome.descriptions.append(description)

    def _note_differences(self, outcome: Outcome, endpoint: Node) -> None:
        for what, values in (
            ("failure-threshold", outcome.failures),
            ("success-threshold", outcome.successes),
            ("minimum-reminder-interval", outcome.reminders),
        ):
            if len(set(values)) > 1:
                shown = ", ".join(f"{value:g}" for value in sorted(set(values)))
                is_lossy = values is outcome.reminders and 0.0 in values
                written = _SOME_REMINDED if is_lossy else _SMALLEST
                endpoint.note(f"{what} {shown}", f"a monitor has one for all its channels; {written}")

    def _channel(self, kind: str, group: str, override: dict[str, Any]) -> list[str]:
        """The channels of a provider as a group or an alert overrides it."""
        provider = self._providers.node(kind)
        of_group = next(
            (each for each in provider.listed("overrides") if isinstance(each, dict) and each.get("group") == group),
            {},
        )
        own = {name: value for name, value in provider.data.items() if name != "overrides"}
        settings = {**own, **_set_in(of_group), **override}
        telling = {name: value for name, value in settings.items() if name != "default-alert"}
        key = f"{kind} {sorted(telling.items(), key=str)}"
        if key not in self._channels:
            suffix = f" {group}" if group and of_group else ""
            self._channels[key] = self._made(kind, f"{kind}{suffix}", settings)
        return self._channels[key]

    def _made(self, kind: str, wanted: str, settings: dict[str, Any]) -> list[str]:
        node = Node(None, f"channels {wanted!r}", self._imported.notes)
        found = settings_of(kind, Provider(settings, node, self._variables))
        if isinstance(found, str):
            node.note(f"alerting.{kind}", f"{found}; the channel is left out")
            return []
        listed = [found] if isinstance(found, dict) else found
        return [name for each in listed if (name := add_channel(self._imported, wanted, each))]


def _set_in(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
