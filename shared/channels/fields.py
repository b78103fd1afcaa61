"""The fields that channels of every kind have, in the file and in ``CHANNELS``: one model for both.

Loaded only if a channel has one of them: to build the model costs a cold start milliseconds.
"""

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.models import channel
from shared.models.scalars import Text
from shared.monitors.durations import Duration
from shared.monitors.windows.clock import ClockTime, TimeZone

# As of the parts of a policy, whose models are not loaded for this.
_STRICT = ConfigDict(frozen=True, extra="forbid", defer_build=True, hide_input_in_errors=True)


def _template(text: str) -> str:
    # Imported here: few channels have a template, and it takes the loading of Jinja2's sandbox to check one.
    from shared.messages.sandbox import TemplateFailed
    from shared.messages.templates import check

    try:
        check(text)
    except TemplateFailed as failed:
        raise ValueError(f"a template that can be used ({failed})") from None
    return text


Words = Annotated[Text, Field(min_length=1, max_length=10_000), AfterValidator(_template)]
# NotificationKind without UPDATE, which follows the message that it edits. A test compares them.
Kind = Literal[
    "OUTAGE",
    "RECOVERY",
    "REMINDER",
    "ESCALATION",
    "FLAPPING",
    "DEGRADED",
    "CERTIFICATE_EXPIRING",
    "AGENT_SILENT",
    "LOCATION_OFFLINE",
    "CHANNEL_REFUSED",
    "DRILL",
    "DRILL_MISSED",
    "SUMMARY",
]


def _about(text: str) -> Any:
    return Field(None, description=text)


class QuietHours(BaseModel):
    """A part of each day in which a channel holds its messages. It may cross midnight."""

    model_config = _STRICT

    begins: ClockTime = Field(alias="from", description="When it begins.")
    ends: ClockTime = Field(alias="to", description="When it ends.")
    time_zone: TimeZone | None = _about("The zone of both times, such as `Asia/Seoul`. Without it, UTC.")

    @model_validator(mode="after")
    def _ends(self) -> "QuietHours":
        if self.begins == self.ends:
            # Nobody could say whether that is the whole day or none of it.
            raise ValueError("another time in to than in from")
        return self

    def as_value(self) -> channel.QuietHours:
        """The same, as the rules ask it."""
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        return channel.QuietHours(begins, ends, self.time_zone or "UTC")


class Common(BaseModel):
    """The fields of every kind of channel."""

    model_config = _STRICT

    title: Words | None = _about("A template of the message's title.")
    text: Words | None = _about("A template of the message's text.")
    language: Literal["en", "ko"] | None = _about("The language of its messages. Without it, MESSAGE_LANGUAGE.")
    only: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = _about("The kinds of message that it gets.")
    quiet_hours: QuietHours | None = _about('When its messages are held, such as {from: "22:00", to: "07:00"}.')
    delay: Duration | None = _about("It is notified only if an outage lasts longer than this.")

    def preferences(self, kind: str) -> channel.Preferences:
        """The same as a value, for a channel of this kind."""
        route = channel.Route(
            kind,
            frozenset(self.only) if self.only else None,
            self.quiet_hours.as_value() if self.quiet_hours else None,
            timedelta(seconds=self.delay or 0),
        )
        return channel.Preferences(self.title, self.text, self.language, route)
