"""A message as a channel gets it. The package does not export it: only senders need it, and the others start sooner."""

from datetime import datetime
from typing import Literal, NamedTuple, Self

from shared.models.alert import Alert, AlertStatus
from shared.models.notification import Notification, NotificationKind

Tone = Literal["bad", "warning", "good", "neutral"]

_TONES: dict[str, Tone] = {
    NotificationKind.OUTAGE: "bad",
    NotificationKind.REMINDER: "bad",
    NotificationKind.ESCALATION: "bad",
    NotificationKind.RECOVERY: "good",
    NotificationKind.SUMMARY: "neutral",
}
_TONES_OF_UPDATES: dict[str, Tone] = {AlertStatus.OPEN: "bad", AlertStatus.RESOLVED: "good"}
# A person's line, as opposed to the parts of it that this joins.
_SEPARATOR = " · "


class Fact(NamedTuple):
    """One thing worth knowing, such as ``Cause`` and ``connection refused``."""

    label: str
    value: str


class Circumstances(NamedTuple):
    """The facts beside the alert itself.

    ``threshold``: how many checks in a row had to fail; None if they are not counted. ``status_code`` and
    ``response_time_ms``: those of the check that opened it. ``others_failing``: how many other monitors are down.
    ``availability``: the share of this month, 0 to 1, if the alert is over.
    """

    group: str | None = None
    threshold: int | None = None
    status_code: int | None = None
    response_time_ms: float | None = None
    last_success_at: datetime | None = None
    others_failing: int = 0
    availability: float | None = None


# A button that silences holds messages for so long.
BUTTON_SILENCE_SECONDS = 3_600.0


class Action(NamedTuple):
    """An action on an alert, and the words of its button."""

    name: Literal["acknowledge", "silence"]
    label: str


class Link(NamedTuple):
    """An address where one acts on an alert, and the words of the button that leads there."""

    action: Literal["acknowledge", "silence", "open"]
    label: str
    url: str


class Message(NamedTuple):
    """The content that a channel carries, without any markup: a notifier escapes what it shows.

    ``text``: all of it in one line that begins with the kind's word and ends with the notification's id; for a list,
    one line for each notification. ``title``: the kind's word and the subject. ``facts``: what the full form says below
    the title; a list has none, nor has what no alert is about. ``notification`` and ``alert``: what it is about, of a
    list the first ones. ``numbers``: of a list, those of all its notifications. ``edited``: of an UPDATE, the
    notification whose message it takes the place of. ``actions``: what one can do about it now; ``links`` lead there,
    if there are links.
    ``template``: the words of the operator's own template, in place of ``facts`` and ``text``.
    ``group``: the monitor's, if it has one. ``installation``: the id of the store, by which a service that several
    installations report to distinguishes their alerts; empty if no store is known.
    ``own_tone``: of what is no notification.
    """

    text: str
    title: str
    facts: tuple[Fact, ...] = ()
    language: Literal["en", "ko"] = "en"
    notification: Notification | None = None
    alert: Alert | None = None
    links: tuple[Link, ...] = ()
    is_list: bool = False
    numbers: tuple[int, ...] = ()
    actions: tuple[Action, ...] = ()
    group: str | None = None
    edited: Notification | None = None
    template: str | None = None
    installation: str = ""
    own_tone: Tone | None = None

    @classmethod
    def of_text(cls, text: str, language: Literal["en", "ko"] = "en") -> Self:
        """A message for which no notification is owed, such as a test of the channel."""
        return cls(text, text.partition("\n")[0].partition(_SEPARATOR)[0], language=language)

    @property
    def tone(self) -> Tone:
        """How it is to look."""
        if self.own_tone is not None:
            return self.own_tone
        if self.edited is not None and self.alert is not None:
            return _TONES_OF_UPDATES.get(self.alert.status, "warning")
        return _TONES.get(self.notification.kind, "warning") if self.notification else "neutral"

    @property
    def mark(self) -> str:
        """The number by which people and logs name it; empty if no notification is owed for it."""
        about = self.edited or self.notification
        return f"#{about.id}" if about else ""

    @property
    def identity(self) -> str:
        """By which a channel recognises a copy: letters, digits and hyphens. Empty if no notification is owed for it.

        The time stands there because numbers begin again with a new database, and two installations count alike. A list
        also has a digest of its text, because its first notification may have gone alone before.
        """
        if self.notification is None:
            return ""
        identity = f"{self.notification.id}-{self.notification.created_at.timestamp():.0f}"
        if not self.is_list:
            return identity
        import hashlib

        return f"{identity}-list-{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @property
    def has_full_form(self) -> bool:
        """Whether there is more to show than ``text``. A list has no other form, nor has what no alert is about."""
        return bool(self.facts) or self.template is not None

    @property
    def full_text(self) -> str:
        """All of it in lines, for what shows neither markup nor buttons: title, body and links, with blank lines."""
        links = [f"{link.label}: {link.url}" for link in self.links]
        return "\n\n".join(part for part in (self.title, self.body, "\n".join(links)) if part)

    @property
    def content(self) -> str:
        """The lines below the title, without the number at their end; a list's lines keep theirs."""
        if not self.mark or self.is_list:
            return self.body
        return self.body.removesuffix(self.mark).rstrip(f"{_SEPARATOR}\n")

    @property
    def body(self) -> str:
        """The lines below the title, and at their end the number."""
        if self.template is not None:
            return f"{self.template}\n{self.mark}".strip()
        if self.facts:
            return "\n".join([*(f"{label}: {value}" for label, value in self.facts), self.mark])
        # A list's lines have their numbers.
        head, _, lines = self.text.partition("\n")
        return lines or head.removeprefix(self.title).removeprefix(_SEPARATOR)

    def url(self, action: str) -> str | None:
        """The address of one of its links, if it has that link."""
        return next((link.url for link in self.links if link.action == action), None)

    @property
    def attempts(self) -> int:
        """The number of this attempt, counted from 1."""
        return self.notification.attempts if self.notification else 1
