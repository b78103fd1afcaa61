"""The types of settings that several kinds of channel have."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from shared.settings.parsers import header_value, secret_http_url, without_slash


def _can_be_requested(url: SecretStr) -> SecretStr:
    # A line break or a blank would end the address where a request is written.
    if not url.get_secret_value().isprintable() or " " in url.get_secret_value():
        raise ValueError("an address without blanks")
    return secret_http_url(url)


# An address that whoever knows it may post to.
SecretUrl = Annotated[SecretStr, AfterValidator(_can_be_requested)]
# A token that a header carries.
Token = Annotated[SecretStr, AfterValidator(header_value)]
# The root of a service that people run themselves.
ServerUrl = Annotated[str, AfterValidator(without_slash)]
