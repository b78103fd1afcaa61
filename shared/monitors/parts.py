"""The parts of a policy, and of an escalation, that have fields of their own."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.models.scalars import Text
from shared.monitors.due import GRACE_SECONDS
from shared.monitors.durations import Duration
from shared.monitors.placeholders import refuse_foreign_names

Word = Annotated[Text, Field(min_length=1, max_length=1024), AfterValidator(refuse_foreign_names)]
# masking.py lists the fields that are secret.
Secret = Annotated[Text, Field(min_length=1, max_length=65_536), AfterValidator(refuse_foreign_names)]


class Part(BaseModel):
    """A part of a policy. An unknown field is an error: a mistyped one would be lost quietly.

    The text of an error shows no input, which may be a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, hide_input_in_errors=True)


class Credentials(Part):
    """A user and a password."""

    username: Word
    password: Secret


class OAuth2(Part):
    """The source of a token: OAuth 2 with client credentials. ``scopes`` as a list or as text with blanks."""

    token_url: Word
    client_id: Word
    client_secret: Secret
    scopes: Annotated[tuple[Word, ...], BeforeValidator(lambda value: _listed(value, " "))] = ()


class ClientCertificate(Part):
    """A certificate and its key, each as PEM text or as the path of a file on the agent's machine."""

    certificate: Annotated[Text, Field(min_length=1, max_length=65_536), AfterValidator(refuse_foreign_names)]
    key: Secret


class DnsQuery(Part):
    """The question to a resolver."""

    query_name: Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(refuse_foreign_names)]
    query_type: Annotated[
        Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "PTR", "CAA"],
        BeforeValidator(lambda value: upper(value)),
    ] = "A"


class Heartbeat(Part):
    """A ping is expected every ``period``, and missed ``grace`` after that. Without a ``token`` one is made."""

    period: Duration
    grace: Duration = GRACE_SECONDS
    token: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.~-]+$")] | None = None


def upper(value: Any) -> Any:
    """Text in capital letters, and anything else as it is."""
    return value.upper() if isinstance(value, str) else value


def _listed(value: Any, separator: str) -> Any:
    return tuple(part for part in value.split(separator) if part) if isinstance(value, str) else value


def one_or_more(value: Any) -> Any:
    """A list, or one thing that stands for a list of one."""
    return (value,) if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def _visible(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("text on one line that can be seen")
    return text.strip()


Name = Annotated[Text, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Names = Annotated[tuple[Name, ...], Field(max_length=200), BeforeValidator(one_or_more)]


class Step(Part):
    """A step of an escalation."""

    after: Duration = Field(description="How long an alert has been open and unacknowledged when the step is taken.")
    channels: Names = Field(description="The channels that are notified then.")
    repeat: Duration | None = Field(None, description="How often they are notified again. Without it, once.")
