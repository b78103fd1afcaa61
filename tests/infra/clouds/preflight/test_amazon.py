"""Questions to AWS before a deployment, through the real aws program and moto."""

from collections.abc import Iterator

import pytest

from infra.clouds.aws.target import Existing, Place
from infra.clouds.preflight import PreflightFailed, examined
from infra.clouds.preflight.amazon import preflight
from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.infra.clouds.preflight import alike
from tests.support.moto_aws import ACCOUNT, Cloud

pytestmark = pytest.mark.together("aws")
# A region where no other test of this process has a deployment.
PLACE = Place(ACCOUNT, "eu-north-1")
GIVEN = {**USUAL_SETTINGS, "DATABASE_URL": ""}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("aws") / "bin") as cloud:
        yield cloud


@pytest.fixture
def cloud(shared: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv("PATH", str(shared.folder), prepend=":")
    return shared


def lines(*, is_new: bool = True, **settings: str) -> list[str]:
    existing = Existing("" if is_new else "UPDATE_COMPLETE")
    return examined(preflight(PLACE, existing, {**GIVEN, **settings}), seconds=60)


def test_a_new_account_is_fine(cloud: Cloud) -> None:
    found = lines()
    assert [line.split()[0] for line in found] == ["ok", "ok", "ok", "3"], found
    assert f"1000 functions may run at once in {PLACE.region}" in found[0]
    assert all(call.is_read for call in cloud.calls)


def test_a_small_concurrency_is_warned_about(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "concurrency", 10)
    [line] = [line for line in lines() if line.startswith("warning")]
    assert "10 functions may run at once" in line
    assert "fix: aws service-quotas request-service-quota-increase" in line


def test_names_that_are_taken_stop_the_deployment(cloud: Cloud) -> None:
    logs = cloud.client("logs", PLACE.region)
    names = ("/aws/lambda/bonghwa-health", "/aws/lambda/bonghwa-relay")
    for name in names:
        logs.create_log_group(logGroupName=name)
    try:
        with pytest.raises(PreflightFailed, match="taken: the log /aws/lambda/bonghwa-health · "):
            lines()
        logs.delete_log_group(logGroupName=names[0])
        assert not [line for line in lines() if line.startswith("failure")], "none of our functions has that name"
        logs.create_log_group(logGroupName=names[0])
        # The stack has them.
        assert not [line for line in lines(is_new=False) if line.startswith("failure")]
    finally:
        for name in names:
            logs.delete_log_group(logGroupName=name)


def test_what_nobody_may_ask_stops_nothing(cloud: Cloud) -> None:
    cloud.breaks_at = ("lambda get-account-settings", "An error occurred (AccessDeniedException)")
    [line] = [line for line in lines() if line.startswith("warning")]
    assert "could not be asked: An error occurred (AccessDeniedException)" in line


@pytest.mark.usefixtures("cloud")
def test_a_deployment_that_notifies_nobody_is_named() -> None:
    alike.names_a_deployment_that_notifies_nobody(lines)


@pytest.mark.usefixtures("cloud")
def test_links_to_this_machine_are_warned_about() -> None:
    alike.warns_of_links_to_this_machine(lines, ".env.aws")
