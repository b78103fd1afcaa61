"""Every plugin of the pinned Apprise that a URL can be made for, with every kind of answer. For ``make nightly``."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shared.notifiers.services.apprise import _plugin
from shared.notifiers.services.apprise.schemas import modules
from shared.settings import SettingError
from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.apprise.bridged import NEEDS_APPRISE, SECONDS, channel, outcome
from tests.support.stand_ins.service import Doing, Service, drips_body, drips_headers, hangs, says

pytestmark = [NEEDS_APPRISE, pytest.mark.nightly, pytest.mark.timeout(1_500)]

# How many plugins there are URLs for, how many believe an empty object, and how many a 204. Fewer is a loss.
PLUGINS, BELIEVED, EMPTY = 95, 80, 85
# Patterns that plugins ask of the parts of their URLs: the first that fits is taken.
_WORDS = (
    *("s3cr3t", "15551234567", "+15551234567", "alerts", "kim@example.com", "example.com", "en", "1", "us", "#alerts"),
    *("8e3f8f7a-7c1b-4e1d-9c53-0d5a6f1f2b3c", "@kim", "!room:example.com", "123456789:abcdefg_hijklmnop"),
    *("AC" + "a" * 32, "SK" + "a" * 32, "B" + "A1b2" * 3),
)
_LETTERS = ("0123456789abcdef", "a", "1", "A1b2")


def _fits(given: Any, text: str) -> bool:
    pattern, flags = given if isinstance(given, tuple | list) else (given, None)
    return re.match(pattern, text, re.IGNORECASE if "i" in (flags or "") else 0) is not None


def _part(described: dict[str, Any]) -> str | None:
    """A value for a part of a URL, as Apprise describes the part."""
    if described.get("values"):
        return str(next(iter(described["values"])))
    if described.get("default") not in (None, ""):
        return str(described["default"])
    if described.get("type") in ("int", "float"):
        return str(int(described.get("min") or 1))
    if described.get("regex") is None:
        return _WORDS[0]
    longer = ((letters * length)[:length] for length in range(2, 164) for letters in _LETTERS)
    return next((each for each in itertools.chain(_WORDS, longer) if _fits(described["regex"], each)), None)


def _urls(plugin: Any, schema: str, port: int) -> Iterator[str]:
    """URLs after the plugin's own templates, at this port if the service may be anywhere."""
    tokens = plugin.template_tokens
    for template in plugin.templates:
        values: dict[str, list[str | None]] = {"schema": [schema], "host": ["127.0.0.1"], "port": [str(port)]}
        for name in set(re.findall(r"{(\w+)}", template)) - values.keys():
            described = tokens.get(name, {})
            group = sorted(described.get("group", ()))
            parts = [(tokens[each].get("prefix") or "", _part(tokens[each])) for each in group]
            values[name] = [f"{prefix}{part}" for prefix, part in parts if part] or [_part(described)]
        for chosen in itertools.islice(itertools.product(*values.values()), 6):
            if None not in chosen:
                yield template.format(**dict(zip(values, chosen, strict=True)))


def _url(schema: str, service: Service) -> str | None:
    """A URL of this schema that we take, and that leads to a request."""
    for url in _urls(_plugin(schema), schema, service.port):
        try:
            notifier = channel(url)
            notifier.refuse_missing_library()
        except SettingError:
            continue
        service.requests.clear()
        outcome(notifier, message())
        if service.requests:
            return url
    return None


# Once found they are tried again by every test, at the port of its own service.
_found: dict[str, str] = {}


@pytest.fixture
def urls(service: Service) -> dict[str, str]:
    """One URL for each plugin, by the plugin's module."""
    if not _found:
        for schema, module in modules().items():
            if module not in _found and (url := _url(schema, service)):
                _found[module] = url.replace(str(service.port), "PORT")
    return {module: url.replace("PORT", str(service.port)) for module, url in _found.items()}


def outcomes(urls: dict[str, str], service: Service, doing: Doing) -> dict[str, str]:
    """How sending through each plugin ends, if its service does this with every request."""
    service.usual = doing
    found = {}
    for module, url in urls.items():
        service.requests.clear()
        began = time.monotonic()
        found[module] = outcome(channel(url), message())
        assert time.monotonic() - began < SECONDS + 2.0, module
        service.release()
    return found


def test_there_is_a_url_for_most_plugins(urls: dict[str, str]) -> None:
    assert len(urls) >= PLUGINS, sorted(set(modules().values()) - urls.keys())


@pytest.mark.parametrize(
    ("doing", "expected"),
    [
        (says(301, "", {"Location": "/elsewhere"}), {"failed"}),
        (says(401, "{}"), {"failed"}),
        (says(404, "{}"), {"failed"}),
        (says(429, "{}", {"Retry-After": "17"}), {"retry after 17"}),
        (says(500, "{}"), {"retry"}),
        (says(503, "{}", {"Retry-After": "17"}), {"retry after 17"}),
        (hangs, {"retry"}),
        (drips_body, {"retry"}),
        (drips_headers, {"retry"}),
    ],
    ids=["301", "401", "404", "429", "500", "503", "hangs", "drips_body", "drips_headers"],
)
def test_what_a_service_answers_decides(
    urls: dict[str, str], service: Service, doing: Doing, expected: set[str]
) -> None:
    wrong = {module: end for module, end in outcomes(urls, service, doing).items() if end not in expected}
    assert wrong == {}


@pytest.mark.parametrize(("doing", "least"), [(says(200, "{}"), BELIEVED), (says(204), EMPTY)], ids=["200", "204"])
def test_most_plugins_believe_a_success(urls: dict[str, str], service: Service, doing: Doing, least: int) -> None:
    found = Counter(outcomes(urls, service, doing).values())
    assert found["accepted"] >= least, found
    assert set(found) <= {"accepted", "retry", "failed"}


def test_words_that_say_no_are_believed_over_a_plugin(urls: dict[str, str], service: Service) -> None:
    found = outcomes(urls, service, says(200, '{"ok": false, "error": "invalid_auth"}'))
    assert [module for module, end in found.items() if end == "accepted"] == []
