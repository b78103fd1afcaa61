"""``python -m infra.clouds.aws``: its arguments, and what it does without the aws program."""

import sys
import zipfile
from pathlib import Path

import pytest

from infra.clouds.aws import package, template
from infra.clouds.aws.__main__ import main
from tests.infra.clouds.aws.life import GIVEN, AwsDeployer
from tests.support.forking import forks
from tests.support.moto_aws import Cloud


@pytest.mark.system
@pytest.mark.parametrize(
    ("settings", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({}, "ap-northeast-2"),
    ],
)
def test_the_default_region_is_that_of_the_aws_command(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    region: str,
) -> None:
    # Only asks, and of nothing but what is on this machine.
    program = tmp_path / "aws"
    program.write_text("""#!/bin/sh
case "$1 $2 $3" in
"configure get region") echo ap-northeast-2 ;;
"sts get-caller-identity"*) echo 123456789012 ;;
esac
""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, settings.get(name, ""))
    main(["teardown"])
    assert capsys.readouterr().out == f"There is nothing of Bonghwa in 123456789012, {region}\n"
    monkeypatch.setenv("AWS_REGION", "Seoul")
    with pytest.raises(SystemExit, match=r"^bonghwa: AWS_REGION is 'Seoul': expected a region, like eu-west-1$"):
        main(["teardown"])


@pytest.mark.system
def test_without_aws_only_a_dry_run_works_and_the_rest_says_why(cloud_project: Path) -> None:
    package.write_zip({}, cloud_project / "any.zip", package.Runtime("3.12"))
    command = [sys.executable, "-m", "infra.clouds.aws", "deploy", "--zip=any.zip"]
    environ = {"PATH": "", **GIVEN}
    dry = [*command, "--dry-run"]
    said = forks.run(dry, cloud_project, environ).stdout
    assert said.startswith("# aws is not installed")
    assert "\naws s3 cp any.zip s3://bonghwa-us-east-1-" in said
    assert "\naws cloudformation deploy " in said
    assert " Runtime=python3.12 " in said
    refused = forks.run(command, cloud_project, environ).stderr
    assert refused.startswith("bonghwa: aws is not installed: see https://docs.aws.amazon.com/cli/")


@pytest.mark.system
def test_a_zip_for_another_runtime_is_not_deployed(cloud_project: Path) -> None:
    for name in ("other", "any"):
        package.write_zip({}, cloud_project / f"{name}.zip", package.Runtime(processor="x86_64"))
    with zipfile.ZipFile(cloud_project / "any.zip", "a") as archive:
        archive.comment = b""
    for name, words in (
        ("other", "other.zip is for x86_64, and the template for aarch64"),
        ("any", "any.zip does not say what it is for: make package-aws builds one that does"),
    ):
        command = [sys.executable, "-m", "infra.clouds.aws", "deploy", f"--zip={name}.zip", "--dry-run"]
        environ = {"PATH": "", **GIVEN}
        done = forks.run(command, cloud_project, environ)
        assert (done.returncode, done.stderr) == (1, f"bonghwa: {words}\n")


def test_a_zip_is_built_only_for_what_the_template_may_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--python=3.11"])
    assert "invalid choice: '3.11'" in capsys.readouterr().err
    allowed = template.document()["Parameters"]["Runtime"]["AllowedValues"]
    assert allowed == [f"python{each}" for each in package.VERSIONS]


@pytest.mark.parametrize("text", ["kim", "kim@", "kim@localhost", "a@b.example,c@d.example", "kim @b.example"])
def test_an_alarm_address_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["deploy", f"--alarm-email={text}"])
    assert f"{text!r} is not one address, like you@example.com" in capsys.readouterr().err


@pytest.mark.slow
def test_make_hands_an_empty_alarm_address_on(tmp_path: Path, cloud_project: Path) -> None:
    deployer = AwsDeployer(cloud_project, Cloud(tmp_path / "bin"))
    line = "make deploy-aws REGION=us-east-1"
    for more in ("--alarm-email=", "--alarm-email=kim@b.example"):
        word = more.removeprefix("--alarm-email")
        assert deployer.arguments_of(f"{line} ALARM_EMAIL{word}") == [*deployer.arguments_of(line), more]
