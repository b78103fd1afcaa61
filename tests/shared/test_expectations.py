"""The expectations of a policy's model, for people who read Korean."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.monitors.policy import Policy
from shared.monitors.reading import PolicyInvalid, changed, policy_in
from shared.words.expectations import expectation_text

BASE = {"name": "a", "url": "https://a.example/"}
CONDITIONS = (
    *("x", "[STATUS] == ", "[STATUS] == 200 && [BODY] == ok", "[STATUS] == 200 || [STATUS] == 404", "[STATUS]=200"),
    *("[BODY] contains ok", "[STATUSS] == 200", "[DOMAIN_EXPIRATION] > 48h", "[CONTEXT] == 1", "[WHAT] == 1"),
    *("[STATUS].a == 1", "[HEADER] == a", "[BODY].. == 1", '[BODY] == "a', "[BODY] == 'a'", "[BODY] == any()"),
    *("foo([BODY]) == 1", "len(x) == 1", "1 == 1", "[CONNECTED] < 3", "[STATUS] < soon", "[STATUS] == ok"),
    *("[CERTIFICATE_EXPIRATION] == soon", "[CONNECTED] == maybe", "[STATUS] > 48h", "len([BODY] == 1"),
    *("[BODY] == 1 == 1", "[RESPONSE_TIME] < [BODY] || x", "[DNS_RCODE] == NOERROR", "[BODY] == ${API_KEY}"),
)
WRONG: tuple[dict[str, Any], ...] = (
    *({"conditions": [each]} for each in CONDITIONS),
    *({"url": each} for each in ("x", "https://", "http://a.example:99999/", "tcp://a.example", "https:///x")),
    *({"url": each} for each in ("https://exa mple/", "https://a..b/")),
    *({"url": "https://a\x07.example/"}, {"url": None}, {"url": 7}),
    *({"interval": each} for each in ("soon", "0s", "900d", True)),
    *({"failure_threshold": each} for each in (0, 1001, "x", 1.5)),
    *({"name": each} for each in ("", " ", "a\x07", "n" * 201)),
    *({"method": "GET /"}, {"headers": {"a b": "c"}}, {"headers": ["a"]}, {"accepted_status_codes": ["9"]}),
    *({"accepted_status_codes": []}, {"verify_tls": "maybe"}, {"protocol": "irc"}, {"conditions": ["x"] * 51}),
    *({"bearer_token": "${API_KEY}"}, {"bearer_token": "***"}, {"depends_on": ["a"]}, {"packets": 3}),
    *({"dns": {"query_name": "b"}}, {"heartbeat": {"period": "1d"}}, {"oauth2": {"token_url": "x"}}, {"nme": "a"}),
    *({"url": None, "dns": None}, {"url": "dns://9.9.9.9"}, {"basic_auth": "x"}, {"description": "d" * 2001}),
    *({"ip_version": 5}, {"http_version": "9"}, {"body": "a\0b"}, {"heartbeat": {"period": "1d", "token": "/"}}),
)


def expected() -> Iterator[str]:
    """The model's words about each wrong policy."""
    for fields in WRONG:
        try:
            policy_in({name: value for name, value in {**BASE, **fields}.items() if value is not None})
        except PolicyInvalid as invalid:
            yield from (mistake.problem.removeprefix("expected ") for mistake in invalid.mistakes)
        else:
            raise AssertionError(f"nothing is wrong with {fields}")
    stored = Policy.model_validate({**BASE, "bearer_token": "secret"})
    with pytest.raises(PolicyInvalid) as moved:
        changed(stored, {"url": "https://b.example/"})
    yield moved.value.mistakes[0].problem.removeprefix("expected ")


def test_every_expectation_is_said_in_korean() -> None:
    # The nearest placeholder is said by itself.
    found = {text: expectation_text(text, "ko") for text in expected() if text != "[STATUS]"}
    assert {text: korean for text, korean in found.items() if not re.search("[가-힣]", korean)} == {}
    # No sentence is half English: a word between blanks is a field, a sign or a value.
    english = re.compile(r"\b(such as|since|which|beside|without|must|has to|instead|expected)\b")
    assert {text: korean for text, korean in found.items() if english.search(korean)} == {}


def test_english_stays_as_the_model_says_it() -> None:
    assert expectation_text("a whole number", "en") == "a whole number"
    assert expectation_text("something that nobody has translated", "ko") == "something that nobody has translated"
