"""Loads that a platform cannot bear."""

import pytest

from infra.plan import show
from infra.plan.plans import REFERENCE, load_of
from shared.settings import SettingError
from tests.infra.plan.planned import plan

LONG = "https://service-1.example.com/" + "x" * 40_000


@pytest.mark.parametrize(
    ("platform", "monitors", "variables", "reason"),
    [
        ("gcp", 10, {"CHECK_INTERVAL_SECONDS": "5"}, "expected 10, 12, 15, 20, 30 or 60 seconds"),
        ("gcp", 10, {"CHECK_INTERVAL_SECONDS": "45"}, "as Google's scheduler can keep"),
        ("gcp", 10, {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:bonghwa"}, "expected no topic"),
        ("aws", 10, {"CHECK_INTERVAL_SECONDS": "20"}, "expected 30 or 60 seconds"),
        ("aws", 10, {"CHECK_INTERVAL_SECONDS": "420"}, "as Amazon's scheduler can keep"),
        ("gcp", 1100, {}, "TARGET_URL is 34,099 bytes long"),
        ("gcp", 1, {"TARGET_URL": LONG}, "TARGET_URL is 40,030 bytes long"),
        # A setting that is too long for a variable is in a secret, which may be longer.
        ("aws", 2200, {}, "of 68,199 characters': expected at most 65,536 characters"),
        ("aws", 10, {"LOCATION": "x" * 255, "HEARTBEAT_URL": f"https://hc.example/{'x' * 70_000}"}, "HEARTBEAT_URL"),
        # The run that was measured takes longer than that.
        ("local", 1000, {"CHECK_INTERVAL_SECONDS": "2"}, "but the next one begins after 2 s"),
        ("local", 100_000, {"CHECK_INTERVAL_SECONDS": "3600"}, "but may take 300 s"),
    ],
)
def test_what_a_platform_cannot_do_is_refused(
    platform: str, monitors: int, variables: dict[str, str], reason: str
) -> None:
    refused = plan(platform, monitors, **variables)
    assert [each for each in refused.refusals if reason in each], refused.refusals
    assert not refused.bill
    assert "cannot do that" in show.text(refused)


@pytest.mark.parametrize(
    ("platform", "seconds"),
    [*(("gcp", each) for each in (10, 12, 15, 20, 30, 60, 300, 3600)), *(("aws", each) for each in (30, 60, 300))],
)
def test_an_interval_that_a_platform_can_keep_is_not_refused(platform: str, seconds: int) -> None:
    assert not plan(platform, CHECK_INTERVAL_SECONDS=str(seconds)).refusals


def test_a_malformed_setting_is_named() -> None:
    with pytest.raises(SettingError, match="CHECK_INTERVAL_SECONDS is 'often'"):
        load_of({**REFERENCE, "CHECK_INTERVAL_SECONDS": "often"})
