"""``python -m infra.clouds.aws``: deploy everything to AWS, update it, or remove it again."""

import argparse
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.clouds import afterwards, configured
from infra.clouds.afterwards import NotFinished
from infra.clouds.aws import schedules, stack, stages, template
from infra.clouds.aws.package import VERSIONS, ZIP, Package, PackagingFailed, Runtime, build, fitting, runtime_of
from infra.clouds.aws.target import AWS, OWN_FILE, STACK, Existing, Place, account_number, configured_region, inspect
from infra.clouds.cli import TRIES, CommandFailed, Stage, guarded, is_installed, is_to_be_done, run
from infra.clouds.preflight import PreflightFailed, examined
from infra.clouds.preflight.amazon import preflight
from infra.clouds.settings import settings_given
from infra.configuration.sending import NotApplied
from infra.local.terminal import prepare
from shared import ROOT
from shared.settings import SettingError

PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}
REGION = "us-east-1"
_LEFT = "The database stays."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. If it cannot be done, exit with one line on standard error."""
    asked = _parser().parse_args(arguments)
    guarded(lambda: _run(asked), SettingError, PackagingFailed, NotApplied, PreflightFailed, NotFinished)


def _run(asked: argparse.Namespace) -> None:
    if asked.command == "package":
        runtime = Runtime(asked.python or fitting().version, PROCESSORS[asked.architecture])
        print(_described(build(runtime, asked.to)))
    elif asked.command == "template":
        template.FILE.write_text(template.text(), encoding="utf-8")
        print(f"{template.FILE} is up to date")
    else:
        _do(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.clouds.aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    package = commands.add_parser("package", help="build the zip that Lambda runs")
    package.add_argument("--architecture", choices=PROCESSORS, default="arm64", help="(%(default)s)")
    package.add_argument("--python", choices=VERSIONS, help="the version, by default one that this machine has")
    package.add_argument("--to", type=Path, default=ZIP, help="the zip; an existing file is replaced")
    commands.add_parser("template", help="write template.yaml from the table of functions")
    deploy = commands.add_parser("deploy", help="deploy everything, or update it")
    deploy.add_argument("--zip", type=Path, help="a zip that package has built; by default it is built now")
    deploy.add_argument("--alarm-email", default="", help="who gets alarms by mail, after confirming that once")
    afterwards.add_arguments(deploy)
    for command in (deploy, commands.add_parser("teardown", help="remove everything")):
        command.add_argument("--region", type=_region, help=f"by default the region that aws itself uses, or {REGION}")
        command.add_argument("--dry-run", action="store_true", help="print every command, and change nothing")
        command.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _do(asked: argparse.Namespace) -> None:
    is_deployment = asked.command == "deploy"
    given = settings_given(OWN_FILE) if is_deployment else {}
    configuration = configured.read(given) if is_deployment else None
    if is_deployment:
        given = configured.settings_with(
            given, configuration, shortest_seconds=schedules.SHORTEST_SECONDS, whose="Amazon's"
        )
        stages.schedule_parameters(given)
    if asked.dry_run and not is_installed(AWS):
        print("# aws is not installed, so these are the commands for a new account")
        place, existing = Place("ACCOUNT", asked.region or _own_region()), Existing()
    else:
        place = Place(account_number(), asked.region or _own_region())
        if not asked.dry_run:
            stack.wait_until_settled(place)
        existing = inspect(place)
    findings = examined(preflight(place, existing, given)) if is_deployment and not asked.dry_run else []
    package = _package(asked) if is_deployment else None
    planned = _planned(asked, place, existing, given, package)
    if is_to_be_done(
        planned,
        f"{place.account}, {place.region}",
        heading=_kind(existing, is_deployment=is_deployment),
        in_short=_short,
        note="\n".join([*findings, "--dry-run shows each command."]) if is_deployment else _LEFT,
        is_dry_run=asked.dry_run,
        is_agreed=asked.yes,
    ):
        _carry_out(planned, place, lambda: _planned(asked, place, inspect(place), given, package))
        if not is_deployment:
            print("Done.")
            return
        afterwards.finish(_url(place), given, configuration, asked, own_file=OWN_FILE)


def _planned(
    asked: argparse.Namespace, place: Place, existing: Existing, given: dict[str, str], package: Path | None
) -> list[Stage]:
    if package is None:
        planned = stages.removal(place, existing)
    else:
        planned = stages.deployment(place, existing, given, package, asked.alarm_email)
    return [stage for stage in planned if stage.commands]


def _carry_out(planned: list[Stage], place: Place, plan: Callable[[], list[Stage]]) -> None:
    """Run what is planned. If the stack fails because something was not ready yet, ``plan`` the rest, and run that.

    Raises:
        CommandFailed: a command failed for another reason, which the text has, or for the same one again and again.
    """
    for left in reversed(range(TRIES)):
        try:
            run(planned, stack.NOT_YET, stack.PAUSE_SECONDS)
        except CommandFailed as failure:
            reason = stack.explained(place, failure)
            if not left or not any(words in reason for words in stack.NOT_YET):
                raise CommandFailed(reason) from None
            print(f"# not ready yet, so once more: {reason.splitlines()[0]}", flush=True)
            time.sleep(stack.PAUSE_SECONDS)
            stack.wait_until_settled(place)
            planned = plan()
        else:
            return


def _package(asked: argparse.Namespace) -> Path:
    package: Path | None = asked.zip
    if package is None:
        built = build(fitting())
        print(f"# {_described(built)}")
        package = built.zip
    runtime = runtime_of(package)
    if runtime is None:
        raise PackagingFailed(f"{package} does not say what it is for: make package-aws builds one that does")
    if runtime.processor != Runtime.processor:
        raise PackagingFailed(f"{package} is for {runtime.processor}, and the template for {Runtime.processor}")
    return package.resolve()


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a region")
    return text


def _own_region() -> str:
    """The region that the command line itself would use. Raises SettingError if that is not a region."""
    found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or configured_region() or REGION
    try:
        return _region(found)
    except argparse.ArgumentTypeError:
        raise SettingError("AWS_REGION", found, "a region, like eu-west-1") from None


def _described(package: Package) -> str:
    """The facts about a zip that a person may want to know."""
    name = package.zip.relative_to(ROOT) if package.zip.is_relative_to(ROOT) else package.zip
    runtime = runtime_of(package.zip) or Runtime()
    of_psycopg = package.bytes_of_psycopg / 1e6
    rest = package.bytes_unpacked / 1e6 - of_psycopg
    text = f"{name}, for {runtime.name} on {runtime.processor}, has {package.zip.stat().st_size / 1e6:.1f} MB"
    text += f", unpacked {rest:.1f} MB and {of_psycopg:.1f} MB of psycopg"
    slower = (
        f"; not compiled, since this machine has no Python {', '.join(VERSIONS)}: cold starts take three times as long"
    )
    return text if package.is_compiled else text + slower


def _kind(existing: Existing, *, is_deployment: bool) -> str:
    if not is_deployment:
        return "This deletes from"
    return "This updates what is in" if existing.status else "This deploys to"


def _short(stage: Stage) -> str:
    """A stage in short: each command's words before its first flag, and the names that its flags hold."""
    does = []
    for command in stage.commands:
        words = command.words()[1:]
        until_flag = next(number for number, word in enumerate(words) if word.startswith("-"))
        names = (re.match("--(?:stack-name|secret-id|name|bucket)=(.*)", word) for word in words[until_flag:])
        does.append(" ".join([*words[:until_flag], *(name[1] for name in names if name)]))
    return "; ".join(does)


def _url(place: Place) -> str:
    query = "--query=Stacks[0].Outputs[?OutputKey=='Url'].OutputValue"
    return place.ask("cloudformation", "describe-stacks", f"--stack-name={STACK}", query)


if __name__ == "__main__":
    prepare()
    main()
