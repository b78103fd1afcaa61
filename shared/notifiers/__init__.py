"""The kinds of channel: in ``services``, a file or folder each, named like the kind, with all that is particular to it.

Such a file holds one subclass of ``NotifierKind``. This package finds it by itself: adding a kind is adding a file. No
kind knows which channels are configured (``shared.channels`` does), and no library is imported before it is used:
functions, plans and deployments read the channels without sending anything.
"""

import functools
import importlib
import importlib.util
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Self, cast

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr

from shared.models.channel import USUAL, Pace, Preferences, Route
from shared.notifiers import services
from shared.notifiers.outcomes import Accepted, SendFailed
from shared.settings import SettingError, secrets
from shared.settings.secrets import HIDDEN

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from shared.models.message import Message
    from shared.notifiers.personal import Mailer

__all__ = [
    "Accepted",
    "Library",
    "NotifierKind",
    "Permission",
    "ProbeResult",
    "SendFailed",
    "kind_named",
    "kinds",
    "mailers_of",
    "routes_of",
]


class ProbeResult(NamedTuple):
    """The result of a probe. If it is not ``ok``: what is ``expected``, and the command or setting that fixes it."""

    verdict: Literal["ok", "warning", "failure"]
    found: str
    expected: str | None = None
    fix: str | None = None


class Library(NamedTuple):
    """A library that a kind needs and requirements.txt does not bring.

    ``command`` installs it. ``expected_without``: what a deployment expects of the channel's setting in a cloud that
    does not have the library.
    """

    module: str
    command: str
    expected_without: str


class Permission(NamedTuple):
    """The action that a function on AWS must be allowed to take on the resource whose ARN is in ``field``."""

    action: str
    field: str


class NotifierKind(BaseModel, ABC):
    """One kind of channel: its fields are the settings of a channel, and each instance sends to one channel.

    A field's description says what is expected of it; ``SecretStr`` marks what must not be shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    # Whether its messages have more than a line, and so what is worth looking up for them.
    shows_facts: ClassVar[bool] = True
    library: ClassVar[Library | None] = None
    permission_on_aws: ClassVar[Permission | None] = None
    # Whether a message that was sent can be edited. The ``message_id`` of Accepted is kept only then.
    edits: ClassVar[bool] = False
    # In a storm it gets lists. None: it gets each message at once, and by itself.
    pace: ClassVar[Pace | None] = USUAL
    # Whether it can mail people who are not its recipients: see ``mailer``.
    mails_people: ClassVar[bool] = False

    _setting_names: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _preferences: Preferences | None = PrivateAttr(None)

    @abstractmethod
    def send(self, message: "Message", *, timeout_seconds: float) -> Accepted:
        """Hand the message to the channel and return what it answered.

        Gives up after ``timeout_seconds`` in all, however slowly the channel responds. Once the channel has the whole
        message, a kind may wait longer for its answer, by ``outcomes.ANSWER_SECONDS`` at most.

        Raises:
            PerhapsAccepted: the channel had the whole message, and that wait was over.
            SendFailed: the channel did not accept it, or did not say so in time.
        """

    def update(self, message: "Message", message_id: str, *, timeout_seconds: float) -> Accepted:  # noqa: ARG002
        """Let ``message`` take the place of one that was sent: ``message_id`` is that of its Accepted. It rings nobody.

        One that is like that already is accepted. Raises as ``send`` does.
        """
        raise SendFailed("a message of this kind of channel cannot be edited", is_permanent=True)

    def mailer(self) -> "Mailer":
        """The way to mail people who are not its recipients. Only for a kind that ``mails_people``."""
        raise NotImplementedError

    @abstractmethod
    def probe(self, timeout_seconds: float) -> ProbeResult:
        """Check whether the channel would accept a message, without sending one.

        Waits at most ``timeout_seconds`` for each response.
        """

    def get_ready(self) -> None:
        """Load and build what a first send needs, without sending. A failure is left for that send to report."""

    @classmethod
    def configured(cls, settings: Mapping[str, object], setting_names: Mapping[str, str]) -> Self:
        """The notifier of the channel with these settings; ``setting_names``: what a person calls each field.

        Raises:
            ValidationError: a setting is missing, malformed or unknown.
        """
        # To build a validator takes a cold start 0.5 ms, and the console has nothing to validate.
        is_empty = not settings and not cls.model_fields
        notifier = cast("Self", cls.model_construct()) if is_empty else cls.model_validate(settings)
        notifier._setting_names = setting_names
        return notifier

    def with_preferences(self, preferences: Preferences) -> Self:
        """The same channel, with what it says in the fields that every kind has."""
        self._preferences = preferences
        return self

    @classmethod
    def fields(cls) -> "dict[str, FieldInfo]":
        """The settings by the names that a person writes. A field has an alias if its name is a word of Python."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def places(cls, settings: Mapping[str, object]) -> "list[Mapping[str, object]]":
        """The settings of each place that one description is about: each is a channel, with retries of its own."""
        return [settings]

    @property
    def kind(self) -> str:
        """The kind's name."""
        return _kind_of(type(self))

    @functools.cached_property
    def common(self) -> Preferences:
        """The channel's values of the fields that every kind has."""
        said = self._preferences or Preferences(route=Route(self.kind))
        return said._replace(route=said.route._replace(opens_incidents=self.opens_incidents))

    @property
    def opens_incidents(self) -> bool:
        """Whether everything that it is told is an incident that somebody has to end."""
        return False

    def setting(self, field: str) -> str:
        """A setting's name as a person writes it: ``TELEGRAM_CHAT_ID``, or ``CHANNELS.ops.chat_id``."""
        return self._setting_names.get(field, field)

    def secrets(self) -> dict[str, str]:
        """The settings that must not be shown, by the names that a person calls them."""
        return {self.setting(field): value.get_secret_value() for field, value in self if isinstance(value, SecretStr)}

    def refuse_missing_library(self) -> None:
        """Raise SettingError if this process has no library to send with."""
        if self.library is not None and importlib.util.find_spec(self.library.module) is None:
            expected = f"{self.library.module} beside it, which is not installed: {self.library.command}"
            raise self.unusable(expected)

    def refuse_unusable_proxy(self) -> None:  # most kinds need no proxy, or can use any
        """Raise SettingError if this channel would be called through a proxy that its client cannot use."""

    def unusable(self, expected: str) -> SettingError:
        """The error that this channel cannot be used here; it names the channel's first setting."""
        field, value = next(iter(self))
        return SettingError(self.setting(field), HIDDEN if isinstance(value, SecretStr) else str(value), expected)

    def unexpected(self, defect: Exception) -> str:
        """The name and the reason of an exception that this class should not raise, without a secret."""
        return secrets.unexpected(defect, *self.secrets().values())


def routes_of(notifiers: Mapping[str, NotifierKind]) -> dict[str, Route]:
    """The messages that each channel gets, and when."""
    return {name: notifier.common.route for name, notifier in notifiers.items()}


def mailers_of(notifiers: Mapping[str, NotifierKind]) -> dict[str, NotifierKind]:
    """The channels that can mail people who are not their recipients."""
    return {name: notifier for name, notifier in notifiers.items() if notifier.mails_people}


@functools.cache
def kinds() -> tuple[str, ...]:
    """Every kind that there is code for."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(services.__path__)))


@functools.cache
def kind_named(name: str) -> type[NotifierKind]:
    """The class of one of ``kinds()``."""
    module = importlib.import_module(f"{services.__name__}.{name}")
    [kind] = (
        found
        for found in vars(module).values()
        # A class that the file imports from elsewhere does not count: kinds that are alike may share one.
        if isinstance(found, type) and issubclass(found, NotifierKind) and _kind_of(found) == name
    )
    return kind


def _kind_of(defined: type) -> str:
    return defined.__module__.removeprefix(f"{services.__name__}.").partition(".")[0]
