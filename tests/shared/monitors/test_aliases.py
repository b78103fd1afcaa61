"""Names of fields that Gatus and Uptime Kuma use."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.monitors.aliases import normalised
from shared.monitors.descriptions import MONITOR
from shared.monitors.policy import Policy


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        # Gatus
        ({"failure-threshold": 3, "success-threshold": 2}, {"failure_threshold": 3, "success_threshold": 2}),
        ({"minimum-reminder-interval": "1h"}, {"reminder_interval": "1h"}),
        ({"minimum-reminder-interval": 0}, {"reminder_interval": None}),
        ({"dns": {"query-name": "example.org"}}, {"dns": {"query_name": "example.org"}}),
        ({"oauth2": {"token-url": "a", "client-id": "b"}}, {"oauth2": {"token_url": "a", "client_id": "b"}}),
        ({"dns-resolver": "9.9.9.9", "proxy-url": "http://p"}, {"resolver": "9.9.9.9", "proxy": "http://p"}),
        ({"insecure": True, "ignore-redirect": True}, {"verify_tls": False, "follow_redirects": False}),
        # Uptime Kuma's columns, and its JSON
        ({"accepted_statuscodes": ["200-299"]}, {"accepted_status_codes": ["200-299"]}),
        ({"accepted_statuscodes": '["200-299","301"]'}, {"accepted_status_codes": ["200-299", "301"]}),
        ({"accepted_statuscodes_json": "200-299"}, {"accepted_status_codes": "200-299"}),
        ({"maxretries": 0}, {"failure_threshold": 1}),
        ({"maxRetries": 2}, {"failure_threshold": 3}),
        ({"max-retries": 2}, {"failure_threshold": 3}),
        ({"interval": 30, "resend_interval": 4}, {"interval": 30, "reminder_interval": 120}),
        ({"resendInterval": 4, "interval": "1m30s"}, {"interval": "1m30s", "reminder_interval": 360}),
        ({"resend_interval": 4}, {"reminder_interval": 240}),
        ({"resend-interval": 0, "interval": 30}, {"interval": 30, "reminder_interval": None}),
        ({"upside_down": 1}, {"upside_down": 1}),
        ({"upsideDown": True}, {"upside_down": True}),
        ({"ignoreTls": False}, {"verify_tls": True}),
        ({"ignore_tls": 1}, {"verify_tls": False}),
        ({"maxredirects": 5, "active": 0}, {"max_redirects": 5, "enabled": 0}),
        ({"retryInterval": 20, "keyword": "ok"}, {"retry_interval": 20, "keyword": "ok"}),
        ({"ipFamily": "ipv6"}, {"ip_version": 6}),
        ({"tls_ca": "PEM"}, {"ca_certificate": "PEM"}),
        # null returns a field to its default, under any name.
        ({"maxretries": None, "ignoreTls": None}, {"failure_threshold": None, "verify_tls": None}),
        # A name that is no alias stays as it was written, so that the error shows it so.
        ({"failure-treshold": 3, "alerts": [], 5: 6}, {"failure-treshold": 3, "alerts": [], 5: 6}),
        ({"headers": {"content-type": "a"}, "group": "a-b"}, {"headers": {"content-type": "a"}, "group": "a-b"}),
        ({"dns": "example.org", "oauth2": {"x-y": 1}}, {"dns": "example.org", "oauth2": {"x-y": 1}}),
    ],
)
def test_other_tools_names_are_understood(given: dict[Any, Any], meant: dict[Any, Any]) -> None:
    assert normalised(given) == meant
    assert normalised(meant) == meant


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"failure_threshold": 3, "maxretries": 2},
            "maxretries: one of failure_threshold and maxretries, which mean the same",
        ),
        (
            {"failure-threshold": 3, "failure_threshold": 3},
            "failure_threshold: one of failure-threshold and failure_threshold, which mean the same",
        ),
        ({"maxretries": 3, "max_retries": 3}, "max_retries: one of maxretries and max_retries, which mean the same"),
        ({"ignoreTls": True, "verify_tls": True}, "verify_tls: one of ignoreTls and verify_tls, which mean the same"),
        ({"reminder_interval": 5, "resend_interval": 5}, "one of reminder_interval and resend_interval"),
        (
            {"dns": {"query-name": "a", "query_name": "a"}},
            "dns: either query_name or query-name, which mean the same",
        ),
        ({"maxretries": -1}, "maxretries: a whole number from 0 on"),
        ({"maxretries": "3 times"}, "maxretries: a whole number from 0 on"),
        ({"resend_interval": True}, "resend_interval: a whole number from 0 on"),
        ({"ignoreTls": "maybe"}, "ignoreTls: true or false"),
        ({"insecure": 2}, "insecure: true or false"),
        ({"accepted_statuscodes": "[200"}, 'accepted_statuscodes: a list such as ["200-299"]'),
    ],
)
def test_ambiguous_names_and_values_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        normalised(given)
    assert message in str(refused.value)
    with pytest.raises(ValidationError) as invalid:
        Policy.model_validate({"name": "a", "url": "https://example.org", **given})
    assert message in invalid.value.errors()[0]["msg"]


def test_a_policy_understands_them() -> None:
    kuma = {"interval": 30, "maxretries": 2, "resend_interval": 10, "upsideDown": True, "ignoreTls": True}
    policy = Policy.model_validate({"name": "a", "url": "https://example.org", "maxredirects": 3, **kuma})
    assert policy == Policy(
        name="a",
        url="https://example.org",
        interval=30,
        failure_threshold=3,
        reminder_interval=300,
        upside_down=True,
        verify_tls=False,
        max_redirects=3,
    )


def test_a_wrong_interval_is_named_itself() -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate({"name": "a", "url": "https://a.example", "interval": "soon", "resend_interval": 2})
    assert [error["loc"] for error in refused.value.errors()] == [("interval",)]


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(MONITOR)), st.integers(0, 9)))
def test_our_own_names_stay_as_they_are(fields: dict[str, Any]) -> None:
    assert normalised(fields) == fields
    assert normalised({name.replace("_", "-"): value for name, value in fields.items()}) == fields
