"""The one field that a kind of check cannot do without, its address mostly, and the words about a wrong one."""

import re
from html import unescape
from typing import Any

import pytest

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import URL, new, stored
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow
FILL_IN = {"en": "Fill this in.", "ko": "값을 입력하세요."}


def errors(response: Any) -> dict[str, str]:
    """The mistakes that the form names, by the field's id."""
    assert response.status_code == 422, response.status_code
    found = re.findall(r'<p class="err" id="f-([\w-]+)-h">.*?<span>(.*?)</span>', response.text)
    return {name: unescape(text) for name, text in found}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("url", {"url": "", "name": ""}),
        ("url", {"url": " ", "name": "Shop"}),
        ("url", {"kind": "database", "url": "", "name": ""}),
        ("dns-query_name", {"kind": "dns", "url": "", "name": "Zone", "dns.query_name": "", "dns.query_type": "A"}),
        ("heartbeat-period", {"kind": "heartbeat", "name": "Backup", "heartbeat.period": "", "heartbeat.grace": ""}),
        ("heartbeat-period", {"kind": "heartbeat", "name": "", "heartbeat.period": "", "heartbeat.grace": "1h"}),
    ],
)
@pytest.mark.parametrize("language", FILL_IN)
def test_the_field_that_has_to_be_there_is_asked_for(
    signed_in: Browser, language: str, path: str, fields: dict[str, str]
) -> None:
    signed_in.headers["Accept-Language"] = language
    assert errors(new(signed_in, **fields)) == {path: FILL_IN[language]}


def test_an_emptied_address_is_asked_for(signed_in: Browser, api: Api) -> None:
    new(signed_in, name="Shop")
    response = signed_in.send("/dashboard/monitors/1/edit", name="Shop", url="", verify_tls="on")
    assert errors(response) == {"url": FILL_IN["en"]}
    assert stored(api)["url"] == URL


@pytest.mark.parametrize(
    ("fields", "schemes"),
    [
        ({"kind": "database", "url": "127.0.0.1:5432"}, "postgres://"),
        ({"kind": "http", "url": "https://"}, "http://, https://."),
        ({"kind": "http", "url": "tcp://db.example.org:5432"}, "http://, https://."),  # without follow_redirects
        ({"kind": "tcp", "url": "https://shop.example", "keyword": "a", "body": "b", "interval": "often"}, "tcp://."),
    ],
)
def test_only_the_schemes_of_the_kind_are_named(signed_in: Browser, fields: dict[str, str], schemes: str) -> None:
    (path, text), *others = errors(new(signed_in, **fields)).items()
    assert (path, others) == ("url", [])
    assert text.startswith(f"Expected: a URL that begins with {schemes}")
    assert "icmp://" not in text


def test_an_address_of_another_kind_is_taken_if_all_else_fits(signed_in: Browser, api: Api) -> None:
    new(signed_in, url="tcp://db.example.org:5432", follow_redirects="on", verify_tls="on")
    assert stored(api)["url"] == "tcp://db.example.org:5432"


@pytest.mark.parametrize(
    ("kind", "url", "kept"),
    [
        ("tcp", "db.example.org:5432", "db.example.org:5432"),
        ("tcp", "https://db.example.org:5432", "db.example.org:5432"),
        ("http", "HTTP://shop.example/", "HTTP://shop.example/"),
        ("http", "https://", ""),
        ("dns", "https://shop.example", ""),  # a page is no resolver
        ("dns", "dns://9.9.9.9", "dns://9.9.9.9"),
    ],
)
def test_another_kind_keeps_the_address(signed_in: Browser, kind: str, url: str, kept: str) -> None:
    response = new(signed_in, url=url, show=kind)
    assert re.search(r'id="f-url" name="url" [^>]*?value="([^"]*)"', response.text)[1] == kept  # type: ignore[index]


def test_a_resolver_needs_no_scheme(signed_in: Browser, api: Api) -> None:
    new(signed_in, kind="dns", url="9.9.9.9", **{"dns.query_name": "a.example", "dns.query_type": "A"})
    assert stored(api)["url"] == "dns://9.9.9.9"


def test_a_first_resolver_is_asked_what_it_resolves(signed_in: Browser, api: Api) -> None:
    response = signed_in.send("/dashboard/monitors/new", first="1", url="dns://9.9.9.9")
    assert errors(response) == {"dns-query_name": FILL_IN["en"]}
    fields = {name: values[0] for name, values in filled(response.text).items()}
    assert (fields["url"], fields["name"], fields["kind"]) == ("dns://9.9.9.9", "9.9.9.9", "dns")
    fields |= {"dns.query_name": "a.example"}
    assert signed_in.send("/dashboard/monitors/new", **fields).status_code == 303
    assert stored(api)["url"] == "dns://9.9.9.9"


def test_the_first_address_is_asked_for(signed_in: Browser) -> None:
    response = signed_in.send("/dashboard/monitors/new", first="1", url="")
    assert response.status_code == 422
    assert FILL_IN["en"] in response.text
