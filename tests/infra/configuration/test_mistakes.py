"""The reader's words about a wrong file: the line, the place, the value without a secret, and what is expected."""

import pytest

from tests.infra.configuration.conftest import Mistakes, Read


def monitor(fields: str) -> str:
    return f"monitors:\n  - {{name: API, url: 'https://a.example', {fields}}}\n"


def test_every_mistake_is_said_at_once_in_the_order_of_lines(mistakes: Mistakes) -> None:
    text = """\
defaults: {intervall: 5m}
monitors:
  - name: One
    url: https://one.example
    interval: 30 secs
  - {name: Two}
  - url: https://three.example
    retries: many
monitor: []
"""
    assert mistakes(text) == [
        "1: defaults: unknown key 'intervall': expected interval",
        "5: monitors[0] 'One': interval is '30 secs': expected a duration such as 30s or 5m",
        "6: monitors[1] 'Two': url is missing: expected one of url, dns or heartbeat",
        "7: monitors[2]: name is missing: expected a name that no other monitor has",
        "8: monitors[2]: retries is 'many': expected a whole number",
        "9: unknown key 'monitor': expected monitors",
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("interval: 0", "interval is 0: expected a duration of 1s or more"),
        ("timeout: [1]", "timeout is a list: expected a duration such as 30s or 5m"),
        ("retries: -1", "retries is -1: expected 0 or more"),
        ("retries: 101", "retries is 101: expected 100 or less"),
        ("retries: 1.5", "retries is 1.5: expected a whole number"),
        ("enabled: maybe", "enabled is 'maybe': expected true or false"),
        ("quorum: 0", "quorum is 0: expected 1 or more, or majority"),
        ("quorum: most", "quorum is 'most': expected a whole number, or majority"),
        ("connection: keep", "connection is 'keep': expected new or reuse"),
        ("ip_version: 5", "ip_version is 5: expected 4 or 6"),
        ("method: G T", "method is 'G T': expected a method in capitals, such as GET"),
        ("keyword: ''", "keyword is '': expected text that is not empty"),
        ("keyword: [a]", "keyword is a list: expected text"),
        ("description: {a: 1}", "description is a mapping: expected text"),
        ('keyword: "a\\0b"', "keyword is 'a\\x00b': expected text without NUL characters"),
        ("group: '  '", "group is '  ': expected text on one line that can be seen"),
        ("tags: [ok, [a]]", "tags[1] is a list: expected text"),
        ("packets: 3", "packets is 3: expected none in a monitor of kind http"),
        ("depends_on: [API]", "depends_on is a list: expected other monitors than the monitor itself"),
        ("oauth2: {token_url: a, client_id: b}", "oauth2.client_secret is missing: expected text"),
        ("oauth2: {tokenurl: a}", "oauth2: unknown key 'tokenurl': expected token_url"),
        ("dns: {query_name: a.example}", "url is 'https://a.example': expected a url such as dns://9.9.9.9 beside dns"),
        ("xyz: 1", "unknown key 'xyz': expected a key that infra/configuration/README.md lists"),
        ("url: 'ftq://a'", "duplicate key 'url': expected it once; it is on line 2 too"),
    ],
)
def test_a_wrong_field_says(mistakes: Mistakes, fields: str, said: str) -> None:
    assert any(line.removeprefix("2: ").removeprefix("monitors[0] 'API': ").startswith(said) for line in mistakes(
        monitor(fields)
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("url", "found"), [("[https://a.example]", "a list"), ("{a: https://a.example}", "a mapping"), ("5", "5")]
)
def test_a_url_of_the_wrong_shape_is_named(mistakes: Mistakes, url: str, found: str) -> None:
    [said] = mistakes(f"monitors:\n  - name: API\n    url: {url}\n")
    assert said.startswith(f"3: monitors[0] 'API': url is {found}: expected ")


def test_starttls_on_a_port_of_no_protocol_says_what_is_missing(mistakes: Mistakes) -> None:
    assert mistakes("monitors:\n  - {name: Mail, url: 'starttls://mail.example:1587'}\n") == [
        "2: monitors[0] 'Mail': protocol is missing: expected smtp, imap, pop3, ftp or postgres, since port 1587 of "
        "url does not say what is spoken before STARTTLS"
    ]


@pytest.mark.parametrize("item", ["text", "5", "[a]", "~"])
def test_a_monitor_is_a_mapping(mistakes: Mistakes, item: str) -> None:
    [found] = mistakes(f"monitors:\n  - {item}\n")
    assert found.startswith("2: monitors[0]: ")
    assert found.endswith(": expected a mapping with a name and a url")


@pytest.mark.parametrize("section", ["monitors: {a: 1}", "windows: text", "drills: 5"])
def test_a_section_of_the_wrong_shape_is_named(mistakes: Mistakes, section: str) -> None:
    [found] = mistakes(f"{section}\n")
    assert found.startswith(f"1: {section.partition(':')[0]}: it is ")
    assert found.endswith("expected a list")


@pytest.mark.parametrize("section", ["channels: [a]", "groups: text", "escalations: 5", "status_pages: []"])
def test_a_section_that_is_no_mapping_is_named(mistakes: Mistakes, section: str) -> None:
    [found] = mistakes(f"{section}\n")
    assert found.startswith(f"1: {section.partition(':')[0]} is ")
    assert found.endswith("expected a mapping of names")


def test_two_monitors_of_one_name_are_a_mistake(mistakes: Mistakes) -> None:
    text = "monitors:\n- {name: API, url: 'http://a.example'}\n- {name: ' API ', url: 'http://b.example'}\n"
    assert mistakes(text) == [
        "3: monitors[1] ' API ': name is ' API ': expected a name of its own; monitors[0] on line 2 has it"
    ]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ("basic_auth: {username: kim, password: [hunter2-secret]}", "basic_auth.password"),
        ("basic_auth: 'kim:hunter2-secret'", "basic_auth"),
        ("digest_auth: {username: kim, password: '${hunter2-secret'}", None),
        ("bearer_token: {hunter2-secret: 1}", "bearer_token"),
        ("oauth2: {token_url: a, client_id: b, client_secret: [hunter2-secret]}", "oauth2.client_secret"),
        ("client_certificate: hunter2-secret", "client_certificate"),
        ("headers: 'Authorization: hunter2-secret'", "headers"),
        ("headers: {Authorization: [hunter2-secret]}", "headers.Authorization"),
        ('headers: {X-Api-Key: "hunter2-secret\\n"}', "headers"),
        ("body: [hunter2-secret]", "body"),
        ("proxy: ['http://kim:hunter2-secret@proxy.example']", "proxy"),
        ("'bearer_token:hunter2-secret': 1", "unknown key 'bearer_token…'"),
        ("basic_auth: {'password=hunter2-secret': 1}", "basic_auth: unknown key 'password…'"),
    ],
)
def test_a_mistake_shows_no_secret(mistakes: Mistakes, reading: Read, fields: str, place: str | None) -> None:
    if place is None:
        assert "hunter2" not in repr(reading(monitor(fields)))
        return
    found = mistakes(monitor(fields))
    assert any(place in line for line in found)
    assert not any("hunter2" in line for line in found)


@pytest.mark.parametrize("url", ["htps://kim:hunter2-secret@a.example/", "htps://a.example/?token=hunter2-secret"])
def test_a_wrong_url_shows_no_secret(mistakes: Mistakes, url: str) -> None:
    [found] = mistakes(f"monitors: [{{name: API, url: '{url}'}}]\n")
    assert found.startswith("1: monitors[0] 'API': url is 'htps://")
    assert ": expected a URL that begins with http://, " in found
    assert "hunter2" not in found


@pytest.mark.slow
def test_long_values_and_many_mistakes_are_cut(mistakes: Mistakes) -> None:
    [found] = mistakes(monitor(f"interval: '{'x' * 500}'"))
    assert len(found) < 250
    many = mistakes("monitors:\n" + "  - {name: A, url: 'http://a.example', tagz: 1}\n" * 400)
    assert many[-1] == " 599 more mistakes"
    assert len(many) == 201


def test_a_number_may_stand_for_text(reading: Read) -> None:
    fields = "group: 2030, tags: [1.10, true], keyword: 0042, http_version: 1.1, bearer_token: 12345678"
    [known] = reading(monitor(fields)).monitors
    assert (known.group, known.tags, known.keyword) == ("2030", ("1.10", "true"), "0042")
    assert (known.http_version, known.bearer_token) == ("1.1", "12345678")
