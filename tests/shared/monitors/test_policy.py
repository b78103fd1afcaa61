"""The policy of a monitor: what each field accepts, and what is expected instead of the rest."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.monitors.kinds import KINDS_WITH, Kind
from shared.monitors.policy import MAX_BODY_BYTES, Policy

URLS = {
    Kind.HTTP: "https://example.org/health",
    Kind.TCP: "tcp://example.org:22",
    Kind.TLS: "tls://example.org:443",
    Kind.DNS: "dns://9.9.9.9",
    Kind.ICMP: "icmp://example.org",
    Kind.WEBSOCKET: "wss://example.org/live",
    Kind.MAIL: "smtp://example.org",
    Kind.SSH: "ssh://example.org",
    Kind.GRPC: "grpc://example.org:50051",
    Kind.DATABASE: "postgres://example.org/shop",
    Kind.DOCKER: "docker://shop",
}
QUERY = {"query_name": "example.org"}
LOGIN = {"username": "u", "password": "p"}
CLIENT = {"token_url": "https://id.example.org", "client_id": "a", "client_secret": "b"}


def policy(kind: Kind = Kind.HTTP, **fields: Any) -> Policy:
    """A policy of that kind with some fields."""
    known: dict[str, Any] = {"name": "Home"}
    if kind is Kind.HEARTBEAT:
        known["heartbeat"] = {"period": "25h"}
    else:
        known["url"] = URLS[kind]
    if kind is Kind.DNS:
        known["dns"] = QUERY
    return Policy.written(known | fields)


def refusal(kind: Kind = Kind.HTTP, **fields: Any) -> str:
    """The fields and the messages of what is refused."""
    with pytest.raises(ValidationError) as refused:
        policy(kind, **fields)
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.value.errors())


# A field, what people write, and what it is then.
ACCEPTED: list[tuple[str, Any, Any]] = [
    ("name", "  홈페이지 ", "홈페이지"),
    ("name", "x" * 200, "x" * 200),
    ("group", "Web & API", "Web & API"),
    ("group", None, None),
    ("description", "Two\nlines", "Two\nlines"),
    ("tags", ["a", "b"], ("a", "b")),
    ("tags", "a", ("a",)),
    ("enabled", False, False),
    ("interval", "1m30s", 90),
    ("interval", 30, 30),
    ("timeout", "250ms", 0.25),
    ("retries", 3, 3),
    ("retry_interval", "5s", 5),
    ("failure_threshold", 3, 3),
    ("success_threshold", 2, 2),
    ("reminder_interval", "4h", 14_400),
    ("upside_down", True, True),
    ("depends_on", ["Router"], ("Router",)),
    ("channels", "ops", ("ops",)),
    ("channels", [], ()),
    ("escalation", "night", "night"),
    ("locations", ["seoul", "default"], ("seoul", "default")),
    ("quorum", 2, 2),
    ("quorum", "majority", "majority"),
    ("public", False, False),
    ("hide_url", False, False),
    ("method", "post", "POST"),
    ("headers", {"X-Api-Version": "2"}, {"X-Api-Version": "2"}),
    ("body", '{"a": 1}', '{"a": 1}'),
    ("bearer_token", "${MONITOR_TOKEN}", "${MONITOR_TOKEN}"),
    ("ca_certificate", "/etc/ssl/own.pem", "/etc/ssl/own.pem"),
    ("verify_tls", False, False),
    ("follow_redirects", False, False),
    ("max_redirects", 0, 0),
    ("proxy", "http://proxy.example:3128", "http://proxy.example:3128"),
    ("user_agent", "Bonghwa", "Bonghwa"),
    ("http_version", "2", "2"),
    ("http_version", 1.1, "1.1"),
    ("http_version", 2, "2"),
    ("connection", "reuse", "reuse"),
    ("accepted_status_codes", ["200-399", 401], ("200-399", "401")),
    ("accepted_status_codes", 204, ("204",)),
    ("accepted_status_codes", "200 - 299", ("200-299",)),
    ("keyword", "Welcome", "Welcome"),
    ("forbidden_keyword", "Error", "Error"),
    ("max_response_time", "800ms", 0.8),
    ("certificate_expiry", ["30d", "7d"], (2_592_000, 604_800)),
    ("certificate_expiry", "14d", (1_209_600,)),
    ("conditions", ["[STATUS] == 200", "[BODY].status == UP"], ("[STATUS] == 200", "[BODY].status == UP")),
    ("conditions", "[STATUS] == 200", ("[STATUS] == 200",)),
    ("max_body", MAX_BODY_BYTES, MAX_BODY_BYTES),
    ("ip_version", 6, 6),
    ("ip_version", "either", None),
    ("resolver", "9.9.9.9", "9.9.9.9"),
]

# A field, what is refused, and a part of the message.
REFUSED: list[tuple[str, Any, str]] = [
    ("name", "", "at least 1"),
    ("name", "x" * 201, "at most 200"),
    ("name", " \t ", "text on one line that can be seen"),
    ("name", "a\nb", "text on one line that can be seen"),
    ("name", "a\0b", "text without NUL characters"),
    ("name", 5, "valid string"),
    ("group", "\u200b", "text on one line that can be seen"),
    ("tags", ["a", ""], "tags.1: "),
    ("tags", {"a": 1}, "valid tuple"),
    ("url", "example.org", "a URL that begins with"),
    ("url", "https://${API_KEY}/", "names begin with MONITOR_"),
    ("interval", "30 secs", "a duration such as 30s or 5m"),
    ("interval", "500ms", "a duration of 1s or more"),
    ("interval", None, "a duration such as 30s or 5m"),
    ("timeout", 0, "a duration of 1ms or more"),
    ("retries", -1, "greater than or equal to 0"),
    ("retries", 1.5, "valid integer"),
    ("failure_threshold", 0, "greater than or equal to 1"),
    ("success_threshold", 1_001, "less than or equal to 1000"),
    ("reminder_interval", "often", "a duration such as 30s or 5m"),
    ("upside_down", "maybe", "valid boolean"),
    ("depends_on", ["Home"], "depends_on: other monitors than the monitor itself"),
    ("quorum", "most", "quorum"),
    ("quorum", 0, "quorum"),
    ("method", "GET /", "pattern"),
    ("headers", {"X Y": "1"}, "names of headers, each with its value on one line; found 'X Y'"),
    ("headers", {"X": "a\r\nHost: b"}, "names of headers"),
    ("headers", {"X": "${API_KEY}"}, "names begin with MONITOR_"),
    ("headers", ["X: 1"], "valid dictionary"),
    ("basic_auth", {"username": "u"}, "basic_auth.password: Field required"),
    ("basic_auth", {"username": "u", "password": "p", "realm": "r"}, "basic_auth.realm: Extra inputs"),
    *(
        (field, "a ${TELEGRAM_BOT_TOKEN}", "names begin with MONITOR_")
        for field in ("bearer_token", "body", "keyword", "forbidden_keyword", "user_agent", "ca_certificate", "proxy")
    ),
    ("oauth2", {"token_url": "https://example.org"}, "oauth2.client_id: Field required"),
    ("max_redirects", 51, "less than or equal to 50"),
    ("http_version", "4", "http_version"),
    ("connection", "close", "'new' or 'reuse'"),
    ("accepted_status_codes", ["2xx"], "status codes or ranges of them, such as \"200-299\" and 401; found '2xx'"),
    ("accepted_status_codes", ["399-200"], "found '399-200'"),
    ("accepted_status_codes", [600], "found '600'"),
    ("accepted_status_codes", [True], "found 'True'"),
    ("accepted_status_codes", [], "status codes or ranges of them"),
    ("accepted_status_codes", None, "status codes or ranges of them"),
    ("accepted_status_codes", True, "status codes or ranges of them"),
    ("accepted_status_codes", {"200": 1}, "status codes or ranges of them"),
    ("max_response_time", "fast", "a duration such as 30s or 5m"),
    ("certificate_expiry", ["14d", "soon"], "certificate_expiry.1: Value error, a duration"),
    ("conditions", ["[STATUS] == 200", "[STATUS]==200"], "conditions.1: Value error, [STATUS] == 200, with a blank"),
    ("conditions", ["[STATUS] == 200 || [STATUS] == 404"], "[STATUS] == any(200, 404)"),
    ("conditions", [None], "conditions.0: "),
    ("conditions", ["[BODY] == ${API_KEY}"], "names begin with MONITOR_"),
    ("conditions", ["[DNS_RCODE] == NOERROR"], "conditions: only [BODY], [CERTIFICATE_EXPIRATION], [CONNECTED], "),
    ("max_body", MAX_BODY_BYTES + 1, "less than or equal to 10485760"),
    ("ip_version", 5, "4 or 6"),
    ("heartbeat", {"period": "1h"}, "url: either a heartbeat or a url"),
    ("dns", QUERY, "url: a url such as dns://9.9.9.9 beside dns"),
    ("packets", 3, "packets: none in a monitor of kind http, since only icmp can use it"),
    ("timeouts", 5, "timeouts: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("field", "written", "value"), ACCEPTED)
def test_a_field_accepts_what_people_write(field: str, written: Any, value: Any) -> None:
    accepted = policy(**{field: written})
    assert getattr(accepted, field) == value
    assert Policy.model_validate_json(accepted.model_dump_json()) == accepted


@pytest.mark.parametrize(("field", "written", "message"), REFUSED)
def test_a_field_refuses_the_rest(field: str, written: Any, message: str) -> None:
    text = refusal(**{field: written})
    assert field in text
    assert message in text


@pytest.mark.parametrize(
    ("kind", "field", "written", "value"),
    [
        (Kind.DNS, "dns", {"query_name": "example.org", "query_type": "mx"}, {**QUERY, "query_type": "MX"}),
        (Kind.ICMP, "packets", 3, 3),
        (Kind.TLS, "protocol", "smtp", "smtp"),
        (Kind.DATABASE, "query", "SELECT 1", "SELECT 1"),
        (Kind.MAIL, "basic_auth", LOGIN, LOGIN),
        (Kind.HTTP, "oauth2", {**CLIENT, "scopes": "x  y"}, {**CLIENT, "scopes": ["x", "y"]}),
        (
            Kind.HEARTBEAT,
            "heartbeat",
            {"period": "25h", "grace": 90, "token": "a-b_c.d~e"},
            {"period": "1d1h", "grace": "1m30s", "token": "a-b_c.d~e"},
        ),
    ],
)
def test_a_kind_has_fields_of_its_own(kind: Kind, field: str, written: Any, value: Any) -> None:
    assert policy(kind, **{field: written}).model_dump(mode="json")[field] == value


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Kind.DNS, {"dns": None}, "dns: what is asked, such as {query_name: example.com"),
        (Kind.DNS, {"dns": {**QUERY, "query_type": "ANY"}}, "dns.query_type: Input should be 'A', 'AAAA'"),
        (Kind.ICMP, {"packets": 21}, "less than or equal to 20"),
        (
            Kind.ICMP,
            {"conditions": ["[BODY] == x"]},
            "only [CONNECTED], [IP], [RESPONSE_TIME] in a monitor",
        ),
        (Kind.HEARTBEAT, {"interval": "30s"}, "interval: none in a monitor of kind heartbeat"),
        (Kind.HEARTBEAT, {"heartbeat": {"grace": "1m"}}, "heartbeat.period: Field required"),
        (Kind.HEARTBEAT, {"heartbeat": {"period": "1h", "token": "a b"}}, "heartbeat.token: "),
        (Kind.HTTP, {"url": None}, "url: one of url, dns or heartbeat"),
    ],
)
def test_a_kind_refuses_what_it_cannot_do(kind: Kind, fields: dict[str, Any], message: str) -> None:
    assert message in refusal(kind, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "starttls://mail.example:1587", "protocol": "smtp"},
        {"url": "starttls://mail.example:587"},
        {"url": "starttls://mail.example:${MONITOR_PORT}"},
        {"url": "starttls://${MONITOR_MAIL}"},
        {"url": "tls://mail.example:1587"},
    ],
)
def test_starttls_names_a_protocol_that_its_port_does_not_say(fields: dict[str, Any]) -> None:
    assert Policy.written({"name": "Mail", **fields}).url == fields["url"]
    with pytest.raises(ValidationError, match=r"protocol: smtp, imap, .* since port 1587 of url does not say"):
        Policy.written({"name": "Mail", "url": "STARTTLS://mail.example:1587"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mongodb://me:a,b@a.example:27017,b.example:27018/?x=y", "url: one host, such as mongodb://a.example:27017"),
        ("redis://${MONITOR_LOGIN}@a:1,b:2", "url: one host, such as redis://a:1"),
        ("dns://1.1.1.1,8.8.8.8", "url: one host, such as dns://1.1.1.1"),
        ("https://example.org:99999/?a=1,2", "url: a URL such as https://example.org, with a port of at most 65535"),
        ("https:///a,b", "url: a URL with a host, such as https://example.org"),
    ],
)
def test_whoever_writes_a_url_names_one_host(url: str, expected: str) -> None:
    fields = {"name": "Shop", "url": url, "dns": {"query_name": "a.example"} if url.startswith("dns") else None}
    with pytest.raises(ValueError, match="url: ") as refused:
        Policy.written(fields)
    assert expected in str(refused.value)
    # One that a former version has stored can still be read.
    assert Policy.model_validate(fields).url == url


@pytest.mark.parametrize(
    "url", ["https://example.org/a,b?c=1,2", "redis://:a,b@cache:6379", "https://${MONITOR_H}/a,b"]
)
def test_a_comma_elsewhere_does_no_harm(url: str) -> None:
    assert Policy.written({"name": "Shop", "url": url}).url == url


def test_what_a_former_version_stored_is_read() -> None:
    """It accepted starttls:// on any port without a protocol."""
    stored = Policy(name="Mail", url="starttls://mail.example:1587").model_dump_json(exclude_defaults=True)
    assert Policy.model_validate_json(stored).url == "starttls://mail.example:1587"


@pytest.mark.parametrize("kind", Kind)
def test_what_is_written_out_is_read_again(kind: Kind) -> None:
    """Also with all its defaults, which an answer of the API holds and somebody sends back."""
    first = policy(kind, interval="1m", method="GET")
    assert Policy.model_validate(first.model_dump(mode="json")) == first
    assert Policy.model_validate_json(first.model_dump_json(exclude_defaults=True)) == first


@pytest.mark.parametrize("field", sorted(KINDS_WITH.keys() - {"dns", "heartbeat"}))
def test_a_field_is_only_where_it_is_used(field: str) -> None:
    other = {"basic_auth": LOGIN, "digest_auth": LOGIN, "oauth2": CLIENT, "headers": {"a": "b"}, "protocol": "smtp"}
    other |= {"client_certificate": {"certificate": "/c", "key": "/k"}}
    other |= {name: written for name, written, value in ACCEPTED if value != Policy.model_fields[name].default}
    value = other.get(field, 2 if field == "packets" else "SELECT 1")
    for kind in Kind:
        fields = {"conditions": ["[CONNECTED] == true"]} if field == "conditions" else {field: value}
        if kind in KINDS_WITH[field]:
            policy(kind, **fields)
        else:
            assert f"{field}: none in a monitor of kind {kind}" in refusal(kind, **fields)


def test_the_target_shows_no_password() -> None:
    assert policy(url="https://user:s3cret@example.org/").target == "https://user:***@example.org/"
    assert Policy.model_validate({"name": "a", "dns": QUERY}).target == "dns:example.org"
    assert policy(Kind.HEARTBEAT).target == "heartbeat"
