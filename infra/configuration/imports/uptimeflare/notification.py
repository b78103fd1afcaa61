"""UptimeFlare's notification: whom it tells, and after how long."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from infra.configuration.imports import apprise_urls
from infra.configuration.imports.channels import add_channel
from infra.configuration.imports.nodes import keys
from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptimeflare import requests
from infra.configuration.imports.uptimeflare.parts import Part, has_variable
from infra.configuration.imports.uptimeflare.services import Webhook, settings_of

_KNOWN = keys(
    """webhook appriseApiServer recipientUrl timeZone gracePeriod skipNotificationIds skipErrorChangeNotification"""
)
_KNOWN_OF_WEBHOOK = keys("url method headers payloadType payload timeout")


class Notified(NamedTuple):
    """The channels that the monitors tell, after how many failures, and the ids of those that tell nobody."""

    channels: list[str]
    failure_threshold: int
    silent: list[str]

    def of(self, identity: str) -> dict[str, Any]:
        """The fields of a monitor that say it."""
        channels = [] if identity in self.silent else self.channels
        return {"failure_threshold": self.failure_threshold, "channels": channels}


def read(part: Part, imported: Imported) -> Notified:
    """Add a channel for each webhook and recipient."""
    part.note_code()
    channels = _add_channels(part, imported)
    if not channels:
        part.note("channels", "there is none, so that the monitors notify nobody (channels: [])")
    # The first failure begins the grace period: another one has to be there at each minute of it.
    failures = max(part.whole("gracePeriod") or 0, 0) + 1
    return Notified(channels, failures, [str(identity) for identity in part.listed("skipNotificationIds")])


def _add_channels(part: Part, imported: Imported) -> list[str]:
    part.note_unknown(_KNOWN)
    if zone := part.text("timeZone").strip():
        part.note(f"timeZone {zone}", f"messages show times in the zone of the machine; set TZ={zone} there")
    given = part.data.get("webhook")
    webhooks = {f"webhook[{number}]": each for number, each in enumerate(given)} if isinstance(given, list) else {}
    if given and not webhooks:
        webhooks = {"webhook": given}
    names = [name for where, each in webhooks.items() if (name := _of_webhook(each, where, imported))]
    recipients = part.text("recipientUrl").strip()
    if recipients and given:
        part.note("recipientUrl", "UptimeFlare ignores it beside webhook")
    elif recipients and not part.text("appriseApiServer").strip():
        part.note("recipientUrl", "without appriseApiServer UptimeFlare sends nothing; it is left out")
    elif recipients:
        names += _of_apprise(recipients, part, imported)
    if names and not part.flag("skipErrorChangeNotification"):
        part.note("skipErrorChangeNotification", "another reason for the same outage is no message of its own here")
    return names


def _of_apprise(recipients: str, part: Part, imported: Imported) -> Iterator[str]:
    for url in apprise_urls.listed(recipients):
        settings = apprise_urls.channel(url)
        if has_variable(url):
            settings = "a variable cannot stand in a URL of Apprise; write its value"
        if isinstance(settings, str):
            part.note("recipientUrl", settings)
        elif name := add_channel(imported, _free(settings["kind"], imported), literal(settings)):
            yield name


def _of_webhook(given: Any, where: str, imported: Imported) -> str | None:
    """The name of the channel that does what a webhook does; None if there is none."""
    part = Part(given, where, imported.notes)
    part.note_code()
    part.note_unknown(_KNOWN_OF_WEBHOOK)
    if not part.text("url").strip():
        part.note("url", "it is not known; the webhook is left out")
        return None
    try:
        webhook = Webhook(part, imported.secrets)
        settings = settings_of(webhook)
    except ValueError:
        part.note("url", "it is malformed; the webhook is left out")
        return None
    if settings is None:
        settings = requests.settings_of(webhook)
    elif left := webhook.left():
        part.note(", ".join(f"payload.{name}" for name in left), "a message has a form of its own here")
    return add_channel(imported, _free(settings["kind"], imported), settings)


def _free(kind: str, imported: Imported) -> str:
    """A name for a channel: UptimeFlare's have none."""
    names = (f"{kind} {number}" if number > 1 else kind for number in itertools.count(1))
    return next(name for name in names if name not in imported.channels)
