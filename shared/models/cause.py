"""Why a check failed or an alert opened, as data. ``shared/words`` has the sentence for each code."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from shared.settings.secrets import without_password

MAX_NAME = 64
MAX_PARAMETERS = 16
MAX_TEXT = 300
MAX_NUMBER = 10**15

# The agent could not make, or not judge yet, a check with such a code. The reason concerns that check alone, and says
# nothing of the agent's location.
OF_ONE_CHECK = frozenset(
    {
        "agent_defect",
        "ca_certificate_not_usable",
        "client_certificate_not_usable",
        "condition_not_usable",
        "docker_out_of_reach",
        "docker_starting",
        "file_not_readable",
        "header_not_valid",
        "http3_not_supported",
        "key_not_readable",
        "ping_not_allowed",
        "proxy_not_valid",
        "resolver_not_address",
        "starttls_unknown",
        "value_missing",
    }
)
# The agent lacked what every check needs, and could hardly make any.
OF_THE_AGENT = frozenset({"agent_short_of_files", "agent_short_of_memory", "agent_short_of_threads"})

_NAME = r"^[a-z][a-z0-9_]*$"

Parameter = str | int | float


def _is_parameter(name: object, value: object) -> bool:
    if not isinstance(name, str) or len(name) > MAX_NAME or not re.fullmatch(_NAME, name):
        return False
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and "\0" not in value
    # NaN and the infinities lie between no two numbers.
    return isinstance(value, int | float) and not isinstance(value, bool) and -MAX_NUMBER <= value <= MAX_NUMBER


def _flat(value: Any) -> dict[str, Parameter]:
    # One check for the whole mapping: pydantic's own would name each kind of value that it tried.
    is_small = isinstance(value, dict) and len(value) <= MAX_PARAMETERS
    if not is_small or not all(_is_parameter(*item) for item in value.items()):
        raise ValueError(
            f"up to {MAX_PARAMETERS} names in snake_case, each with a number or a text of up to {MAX_TEXT} characters"
        )
    return {name: _masked(each) if isinstance(each, str) else each for name, each in value.items()}


class Cause(BaseModel):
    """A code such as ``host_not_found``, and the parameters that its sentence names.

    A reporter may send a code that we have no words for. Messages then show its ``error_message``. The
    password of a URL is masked.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    code: Annotated[str, Field(pattern=_NAME, max_length=MAX_NAME)]
    parameters: Annotated[
        Mapping[str, Parameter],
        PlainValidator(_flat),
        WithJsonSchema(
            {
                "type": "object",
                "maxProperties": MAX_PARAMETERS,
                "propertyNames": {"pattern": _NAME, "maxLength": MAX_NAME},
                "additionalProperties": {
                    "anyOf": [
                        {"type": "string", "maxLength": MAX_TEXT, "pattern": r"^[^\u0000]*$"},
                        {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
                    ]
                },
            }
        ),
    ] = {}

    @classmethod
    def of(cls, code: str, /, **parameters: Parameter) -> "Cause":
        """A cause that we saw ourselves. Its texts are made printable and cut to what an event can carry."""
        fitted = {name: _printable(value) if isinstance(value, str) else value for name, value in parameters.items()}
        # Unchecked, because modules make causes at import, and to build the validator would cost a cold start.
        return cls.model_construct(code=code, parameters=fitted)


def _printable(text: str) -> str:
    """``text`` without the characters that would confuse a terminal, a mail or the store."""
    return "".join(c if c.isprintable() else "�" for c in _masked(text))


def _masked(text: str) -> str:
    # Masked before it is cut: half a URL does not show that it has a password.
    return without_password(text)[:MAX_TEXT]
