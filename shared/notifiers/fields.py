"""The types of settings that several kinds of channel have."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from shared.settings.parsers import header_value, secret_http_url, without_slash

_REFUSAL = "refusal"


def refusal(expected: str) -> PydanticCustomError:
    """The error of a value that needs other words than its field's description; they hold no part of the value."""
    return PydanticCustomError(_REFUSAL, "{expected}", {"expected": expected})


def expected_of(field: FieldInfo, detail: Mapping[str, Any]) -> str:
    """The expectation for a setting in which pydantic found a mistake."""
    return str(detail["msg"] if detail["type"] == _REFUSAL else field.description)


def _can_be_requested(url: SecretStr) -> SecretStr:
    # A line break or a blank would end the address where a request is written.
    if not url.get_secret_value().isprintable() or " " in url.get_secret_value():
        raise ValueError("an address without blanks")
    return secret_http_url(url)


def secret_like(pattern: str) -> AfterValidator:
    """The validator of a secret that has to match all of ``pattern``. A pattern of pydantic's would be for a text."""

    def matching(secret: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, secret.get_secret_value()):
            raise ValueError("another form")
        return secret

    return AfterValidator(matching)


# An address that whoever knows it may post to.
SecretUrl = Annotated[SecretStr, AfterValidator(_can_be_requested)]
# A token that a header carries.
Token = Annotated[SecretStr, AfterValidator(header_value)]
# The same, if there need not be one. SecretStr stands at the outside: otherwise a malformed one would be shown.
OptionalToken = Annotated[SecretStr | None, AfterValidator(lambda token: token and header_value(token))]
# The root of a service that people run themselves.
ServerUrl = Annotated[str, AfterValidator(without_slash)]
