"""Quotes of wrong input in a problem: enough to find it, and no secret."""

import json

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.settings.secrets import quoted as shown
from shared.web.problems import response_to

SECRET = "s3cret-value"  # not one of ours


class Thing(BaseModel):
    """Something with a rule about several fields."""

    model_config = ConfigDict(strict=True)

    name: str
    token: str = ""
    urls: tuple[str, ...] = Field((), max_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "Thing":
        if self.name == self.token:
            raise ValueError("a token that is not the name")
        return self


@pytest.mark.parametrize(
    ("data", "field", "value"),
    [
        ({"token": SECRET}, "name", "an object"),
        ({"name": SECRET, "token": SECRET}, "body", "an object"),
        ({"name": "a", "urls": [f"http://kim:{SECRET}@a.example/"] * 2}, "urls", "kim:***@a.example"),
        ({"name": [f"http://{SECRET}@a.example/"]}, "name", "http://***@a.example/"),
        ([SECRET], "body", "an array"),
        (5, "body", "5"),
    ],
)
def test_a_problem_shows_what_is_wrong_and_not_what_is_right(data: object, field: str, value: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Thing.model_validate_json(json.dumps(data))
    response = response_to(wrong.value, "things")
    problem = json.loads(response.data)
    assert (response.status_code, problem["field"]) == (400, field)
    assert value in problem["value"]
    assert SECRET not in response.get_data(as_text=True)


def test_a_quote_is_short_and_has_no_password() -> None:
    assert shown("x" * 300) == f"'{'x' * 198}…"
    # The password does not come back where the quote is cut.
    assert SECRET not in shown(["x" * 150, f"http://kim:{SECRET}@{'a' * 300}.example/"])
    assert shown(b"\xff http://kim:s3cret@a") == "'� http://kim:***@a'"
    assert shown({"a": None}) == '{"a": null}'
