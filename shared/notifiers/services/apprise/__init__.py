"""Apprise's services that have no kind of their own: about 150, each by its URL.

Apprise's own sending is not used: it follows redirects, calls a dead token a success, and may go on after its deadline.
We call the plugin itself, over our transport, and judge what the service answered.
"""

import functools
import importlib
import logging
import re
import time
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr

from shared.models import AlertStatus
from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import Accepted, Library, NotifierKind, ProbeResult, SendFailed
from shared.notifiers.cutting import cut, text_within
from shared.notifiers.fields import refusal
from shared.notifiers.incidents import is_over
from shared.notifiers.outcomes import judged
from shared.notifiers.response import Response
from shared.notifiers.services.apprise.incidents import has_incidents, keyed
from shared.notifiers.services.apprise.schemas import FORGETFUL, OWN_KINDS, VERSION, WITH_LOGIN, WITH_TOKENS, modules

if TYPE_CHECKING:
    from shared.notifiers.services.apprise.bridge import Sending

# Options of Apprise's own sending, which is not used, and those that would weaken ours.
_REFUSED_OPTIONS = frozenset(
    {"retry", "wait", "optional", "rto", "cto", "overflow", "format", "verify", "redirect", "store"}
)
_INSTALL = f".venv/bin/python -m pip install apprise=={VERSION}"


def _bridged(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    found = re.match(r"([A-Za-z0-9]{1,32})://.", text)
    if found is None or not text.isprintable():
        raise ValueError("a URL of Apprise's")
    schema = found[1].lower()
    if schema in OWN_KINDS:
        raise refusal(f"a channel of the kind {OWN_KINDS[schema]}, which {schema}:// has here")
    if schema in FORGETFUL:
        raise refusal(f"another service: through Apprise, {schema}:// loses the end of an alert")
    if schema not in modules():
        raise refusal(f"a service of Apprise {VERSION} that speaks HTTP, which {schema}:// is not")
    for name, value in parse_qsl(text.partition("?")[2], keep_blank_values=True):
        if name.lower() in _REFUSED_OPTIONS or (name.lower(), value.lower()) == ("method", "get"):
            raise refusal(f"a URL without the option {name.lower()}, which does not hold here")
    return url


class AppriseNotifier(NotifierKind):
    """Sends through one plugin of Apprise to one recipient."""

    library = Library(
        module="apprise",
        command=_INSTALL,
        expected_without="a service that has a kind of its own, since Apprise is not there",
    )

    url: Annotated[SecretStr, AfterValidator(_bridged)] = Field(
        description="a URL of Apprise's with one recipient, like signals://signal.example/+15551234567/+15557654321"
    )

    # Only incidents are: no other message has a ``message_id``.
    edits: ClassVar[bool] = True

    _idle: list[Any] = PrivateAttr(default_factory=list)

    @property
    def opens_incidents(self) -> bool:
        """See NotifierKind.opens_incidents."""
        return has_incidents(self.url.get_secret_value())

    @property
    def pace(self) -> Pace | None:  # type: ignore[override]  # of each URL, not of the kind
        """See NotifierKind.pace. An incident is about one alert."""
        return None if self.opens_incidents else super().pace

    def refuse_missing_library(self) -> None:
        """See NotifierKind.refuse_missing_library. Only Apprise knows whether the rest of the URL is right."""
        super().refuse_missing_library()
        try:
            self._idle.append(self._taken())
        except SendFailed as failed:
            raise self.unusable(str(failed)) from None

    def get_ready(self) -> None:
        """See NotifierKind.get_ready. Apprise and requests take a quarter of a second of CPU."""
        try:
            self._idle.append(self._taken())
        except SendFailed:
            return  # the send says so

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        if message.is_list and self.opens_incidents:
            raise SendFailed("an incident cannot be about several alerts", is_permanent=True)
        began_at = time.monotonic()
        plugin = self._taken()
        from apprise import NotifyType

        from shared.notifiers.services.apprise.bridge import Sending, notified

        types = {"good": NotifyType.SUCCESS, "bad": NotifyType.FAILURE, "warning": NotifyType.WARNING}
        sending = Sending(began_at, timeout_seconds)
        text = _fitting(message, int(plugin.body_maxlen or 0))
        kind = types.get(message.tone, NotifyType.INFO)
        if self.opens_incidents and is_over(message):
            kind = NotifyType.SUCCESS  # also of a late reminder, which would open the incident again
        try:
            with keyed(plugin, self.url.get_secret_value(), message) as key:
                is_sent = notified(plugin, sending, body=text, notify_type=kind, body_format="text")
        except Exception as defect:  # noqa: BLE001  # a plugin's defect must not look like ours, nor show its secrets
            if not sending.responses:
                raise SendFailed(f"Apprise's plugin failed: {type(defect).__name__}", is_permanent=True) from None
            is_sent = False
        accepted = _judged(sending, message.attempts, is_sent=is_sent, logs_in=self._schema in WITH_LOGIN)
        self._idle.append(plugin)
        return accepted._replace(message_id=key)

    def update(self, message: Message, message_id: str, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.update. Plugins can end an incident, and do nothing else with one that is open."""
        if message.alert is None or message.alert.status is not AlertStatus.RESOLVED:
            return Accepted("nothing has changed for the incident", message_id)
        return self.send(message, timeout_seconds=timeout_seconds)

    def probe(self, timeout_seconds: float) -> ProbeResult:  # noqa: ARG002  # nothing is asked
        """See NotifierKind.probe. Plugins can do nothing but send."""
        try:
            plugin = self._taken()
        except SendFailed as failed:
            return ProbeResult("failure", str(failed), "a URL that Apprise can use", f"{self.setting('url')}=…")
        self._idle.append(plugin)
        found = f"Apprise can send to {plugin.service_name}; only --send-test shows whether it is taken there"
        if self._schema in WITH_TOKENS:
            expected = "a service without tokens that change"
            found = f"Apprise logs in to {plugin.service_name} again in each process, where its tokens end too"
            return ProbeResult("warning", found, expected, ".venv/bin/python -m infra doctor --send-test")
        return ProbeResult("ok", found)

    @property
    def _schema(self) -> str:
        return self.url.get_secret_value().partition("://")[0].lower()

    def _taken(self) -> Any:
        """A plugin for one send: one that is idle, or a new one. Raises SendFailed."""
        try:
            return self._idle.pop()
        except IndexError:
            return _made(self.url.get_secret_value(), self._schema)


def _made(url: str, schema: str) -> Any:
    # It logs what services answer, and what it sends, with tokens.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        from apprise import AppriseAsset, OverflowMode

        from shared.notifiers.services.apprise.bridge import bridge, never_sleep

        kind = _plugin(schema)
    except ModuleNotFoundError as error:
        raise SendFailed(f"{error.name} is not installed: {_INSTALL}") from None
    bridge(kind)
    # Its own name and pictures would stand in our messages.
    asset = AppriseAsset(app_id="Bonghwa", app_desc="Bonghwa", app_url="", image_url_mask="", image_path_mask="")
    try:
        plugin = kind(**kind.parse_url(url.replace("/#", "/%23")), asset=asset)
        recipients = len(plugin)
    except Exception:  # noqa: BLE001  # what it says holds the URL
        raise SendFailed(f"Apprise does not understand this {schema}:// URL", is_permanent=True) from None
    if recipients != 1:
        found = f"this {schema}:// URL has {recipients} recipients: one channel for each"
        raise SendFailed(found, is_permanent=True)
    if not plugin.enabled:
        raise SendFailed(f"Apprise cannot use {schema}:// here", is_permanent=True)
    plugin.overflow_mode = OverflowMode.TRUNCATE
    never_sleep(plugin)
    return plugin


@functools.cache
def _plugin(schema: str) -> Any:
    """The plugin's class, without the other 170, which Apprise would import too."""
    module = importlib.import_module(f"apprise.plugins.{modules()[schema]}")
    for found in vars(module).values():
        if isinstance(found, type) and found.__module__ == module.__name__ and schema in _schemas(found):
            return found
    raise SendFailed(f"this Apprise does not know {schema}://: {_INSTALL}", is_permanent=True)


def _schemas(plugin: Any) -> set[str]:
    found = (getattr(plugin, "protocol", None), getattr(plugin, "secure_protocol", None))
    return {schema for part in found if part for schema in ([part] if isinstance(part, str) else part)}


def _fitting(message: Message, longest: int) -> str:
    """The full message, or the line if that is too long; if even that is cut, the number stays at its end."""
    links = [f"{link.label}: {link.url}" for link in message.links]
    text = "\n".join(part for part in (message.title, message.body, *links) if part)
    if not longest or len(text) <= longest:
        return text
    if message.is_list:
        return text_within(message, longest)
    if len(message.text) <= longest:
        return message.text
    end = f" {message.mark}" if message.mark else ""
    return f"{cut(message.text, max(1, longest - len(end)))}{end}"


def _judged(sending: "Sending", attempts: int, *, is_sent: bool, logs_in: bool) -> Accepted:
    """The outcome by the plugin's word and the service's answers together."""
    if sending.failure is not None:
        raise sending.failure
    responses = sending.responses
    if not responses:
        why = "sent nothing" if is_sent else "refused the message before it sent anything"
        raise SendFailed(f"Apprise's plugin {why}", is_permanent=True)
    refused = [response for response in responses if not 200 <= response.status < 300]
    last = responses[-1]
    # Most plugins take no success but 200 for one. A single exchange may be the login alone, if there is one.
    is_success = is_sent or (len(responses) == 1 and last.status in (201, 202, 204) and not logs_in)
    # A login that had to be renewed is no failure, if the plugin has sent the message after all.
    is_accepted = is_success and last not in refused and not _says_no(last)
    return judged(refused[-1] if refused and not is_accepted else last, is_accepted=is_accepted, attempts=attempts)


def _says_no(response: Response) -> bool:
    """Whether a success is none by its words: most plugins read only the status."""
    data = response.data
    if data.get("ok") is False or data.get("success") is False or data.get("error"):
        return True
    is_error = str(data.get("status", "")).lower() in ("error", "fail", "failed", "failure", "false")
    return is_error or str(data.get("errcode", 0)) not in ("0", "None")
