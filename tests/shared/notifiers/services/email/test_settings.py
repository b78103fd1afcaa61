"""The settings of mail: which servers and addresses are taken, and how a wrong one is named."""

import json
from typing import Any

import pytest

from shared.channels import configured
from shared.notifiers.services.email.addresses import address_of, server_of
from shared.settings import SettingError
from tests.shared.notifiers.services.email.channel import FROM, TO, channel


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:0",
        "smtp://mail.example:99999",
        "smtp://kim:hunter2/x@mail.example",
        "smtp://kim:hunter2#x@mail.example",
        "smtp://kim@mail.example",
        "smtp://kim:hunter2%0d%0a@mail.example",
        "smtp://kim:hunter2@mail.example/path",
        "smtp://mail example",
        "smtp://a..b",
        "smtp://메일..한국",
    ],
)
def test_a_url_that_is_no_mail_server_s_is_refused_and_hidden(url: str) -> None:
    with pytest.raises(SettingError, match=r"CHANNELS\.ops\.url is '\(hidden\)': expected a mail server") as raised:
        channel(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "to",
    [
        "",
        [],
        "kim",
        "kim@",
        "kim@example.com, lee@example.com",
        "kim@example.com>\r\nRCPT TO:<eve@x.example",
        "Kim <kim@example.com",
        "한글@example.com",
        "kim@-x.example",
        "kim@한국..example",
        "kim@☃.example",
        "kim@" + "a." * 130 + "example",
        ["kim@example.com", 7],
        7,
        ["kim@example.com"] * 101,
    ],
)
def test_what_is_no_address_is_refused(to: Any) -> None:
    with pytest.raises(SettingError, match=r"^CHANNELS\.ops\.to is .*: expected an address like kim@example\.com"):
        channel("smtp://mail.example", to=to)


def test_a_sender_is_one_address() -> None:
    with pytest.raises(SettingError, match=r"^CHANNELS\.ops\.from is 'ops': expected the sender's address"):
        channel("smtp://mail.example", **{"from": "ops"})


def test_a_sender_that_is_missing_or_misspelt_is_named() -> None:
    described = {"kind": "email", "url": "smtp://mail.example", "to": TO}
    with pytest.raises(SettingError, match=r"^CHANNELS\.ops\.from is not set: expected the sender's address"):
        configured({"CHANNELS": json.dumps({"ops": described})})
    with pytest.raises(SettingError, match=r"^CHANNELS\.ops\.form is .*perhaps from$"):
        configured({"CHANNELS": json.dumps({"ops": {**described, "form": FROM}})})


def test_ports_and_addresses_of_servers_are_as_in_any_url() -> None:
    assert [server_of(url).port for url in ("smtp://a.example", "smtps://a.example", "smtp://a.example:587")] == [
        25,
        465,
        587,
    ]
    assert server_of("smtp://[2001:db8::1]").host == "[2001:db8::1]"
    assert server_of("smtp://메일.한국").host == "xn--h32bq4v.xn--3e0b707e"
    assert server_of("smtps://kim%40a.example:p%2Fw@a.example")[3:] == ("kim@a.example", "p/w")


@pytest.mark.parametrize(
    ("domain", "in_dns"),
    [
        # IDNA 2003 makes another domain of these, strasse.de and βολοσ.com.
        ("straße.de", "xn--strae-oqa.de"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("BÜCHER。example", "xn--bcher-kva.example"),
        ("메일.한국", "xn--h32bq4v.xn--3e0b707e"),
    ],
)
def test_a_domain_of_any_script_is_nobody_elses(domain: str, in_dns: str) -> None:
    assert address_of(f"Kim <kim@{domain}>").text == f"kim@{in_dns}"
    assert server_of(f"smtp://{domain}").host == in_dns
