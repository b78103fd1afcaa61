"""Any JSON as a policy: it is taken and comes back as it was sent, or it is refused with a problem. Never more."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.monitors.descriptions import MONITOR, PARTS
from tests.functions.api import Api
from tests.functions.manage_monitors.watched import SECRET, SHOP, answer

pytestmark = pytest.mark.slow

# Right by themselves.
RIGHT = st.sampled_from(
    [
        *(("interval", 90), ("interval", "1h30m"), ("timeout", "250ms"), ("retries", 2), ("retry_interval", "2s")),
        *(("group", "쇼핑 🛒"), ("tags", ["a", 'b"%']), ("tags", "a"), ("channels", []), ("locations", ["seoul"])),
        *(("quorum", 2), ("quorum", "majority"), ("enabled", False), ("public", True), ("hide_url", False)),
        *(("method", "post"), ("headers", {"X-Key": SECRET, "A": "b"}), ("body", "a\nb"), ("bearer_token", SECRET)),
        *(
            ("basic_auth", {"username": "kim", "password": SECRET}),
            ("bearer_token", "${MONITOR_X}"),
            ("http_version", 2),
        ),
        *(("oauth2", {"token_url": "https://id.example", "client_id": "a", "client_secret": SECRET, "scopes": "a b"}),),
        *(("url", f"https://kim:{SECRET}@shop.example.com/"), ("url", "http://shop.example.com/${MONITOR_X}?a=$$")),
        *(("accepted_status_codes", 401), ("accepted_status_codes", ["200-299", 404]), ("certificate_expiry", "14d")),
        *(("conditions", "[STATUS] == 200"), ("conditions", ["[BODY].a == pat(*)", "[RESPONSE_TIME] < 300ms"])),
        *(("ip_version", "either"), ("ip_version", 4), ("max_response_time", "1500ms"), ("keyword", "***")),
        *(("max_retries", 3), ("ignore-redirect", True), ("resendInterval", 2), ("depends_on", ["db"])),
    ]
)
# Nearly right, so that some of them are taken.
USUAL = st.sampled_from(
    [
        *("30s", "1h30m", "250ms", "GET", "post", "majority", "either", "200-299", "tcp://a.example:1", "${MONITOR_X}"),
        *("http://a.example/${MONITOR_X}", "***", "[STATUS] == 200", "https://kim:***@a.example/", "eu", "1.1", "dns"),
        *(0, 1, 2, 4, 6, 90, 401, 1.5, True, False, None, "", "a\nb", "a\0b", "쇼핑 🛒", "x" * 5000, SECRET),
    ]
)
ANY = st.recursive(
    USUAL | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PART = st.sampled_from(sorted(PARTS)).flatmap(
    lambda name: st.tuples(
        st.just(name), st.dictionaries(st.sampled_from(sorted(PARTS[name])), USUAL | ANY, max_size=4)
    )
)
FIELD = st.tuples(st.sampled_from(sorted(MONITOR)), USUAL | ANY)
POLICIES = st.lists(RIGHT | RIGHT | RIGHT | FIELD | PART, max_size=5).map(lambda fields: {**SHOP, **dict(fields)})


def is_refused(response: Any) -> bool:
    """Whether it is a problem, which has to be a good one."""
    if response.status_code < 400:
        return False
    assert (response.status_code, response.mimetype) == (400, "application/problem+json"), response.text
    problem = answer(response)
    assert problem["field"]
    assert problem["detail"]
    return True


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@settings(max_examples=150)
@given(policy=POLICIES)
def test_a_policy_is_taken_as_it_is_or_refused(api: Api, method: str, policy: dict[str, Any]) -> None:
    path = "/monitors"
    if method == "PATCH":
        path = f"/monitors/{answer(api.call('POST', '/monitors', SHOP))['id']}"
    response = api.call(method, path, json.dumps(policy).encode())
    if not is_refused(response):
        monitor = answer(response)
        own = f"/monitors/{monitor['id']}"
        assert api.get(own)["policy"] == monitor["policy"]
        sent_back = api.call("PUT", own, monitor["policy"])
        assert sent_back.status_code == 200, sent_back.text
        assert answer(sent_back)["policy"] == monitor["policy"]
        planned = answer(api.call("POST", "/checks/claim", {"agent": "a"}))
        assert planned["is_complete"]
    for monitor in api.get("/monitors")["monitors"]:
        assert api.call("DELETE", f"/monitors/{monitor['id']}").status_code == 204
