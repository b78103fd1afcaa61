"""``python -m infra.clouds.aws``: deploy everything to AWS, update it, or remove it again."""

import argparse
import itertools
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infra.clouds import afterwards, own_database
from infra.clouds.afterwards import NotFinished
from infra.clouds.aws import schedules, stack, stages, template
from infra.clouds.aws.database import stages as database
from infra.clouds.aws.database import template as database_template
from infra.clouds.aws.package import VERSIONS, ZIP, Package, PackagingFailed, Runtime, build, fitting, runtime_of
from infra.clouds.aws.target import AWS, OWN_FILE, STACK, Existing, Place, account_number, configured_region, inspect
from infra.clouds.cli import TRIES, CommandFailed, Stage, guarded, is_installed, is_to_be_done, run
from infra.clouds.given import NOTHING, Given, given_for
from infra.clouds.preflight import PreflightFailed, examined
from infra.clouds.preflight.amazon import preflight
from infra.configuration.sending import NotApplied
from infra.local.terminal import prepare
from shared import ROOT
from shared.settings import SettingError

if TYPE_CHECKING:
    from infra.configuration.file import Configuration

PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}
REGION = "us-east-1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. If it cannot be done, exit with one line on standard error."""
    asked = _parser().parse_args(arguments)
    guarded(lambda: _run(asked), SettingError, PackagingFailed, NotApplied, PreflightFailed, NotFinished)


def _run(asked: argparse.Namespace) -> None:
    if asked.command == "package":
        runtime = Runtime(asked.python or fitting().version, PROCESSORS[asked.architecture])
        print(_described(build(runtime, asked.to)))
    elif asked.command == "template":
        for each in (template, database_template):
            each.FILE.write_text(each.text(), encoding="utf-8")
            print(f"{each.FILE} is up to date")
    else:
        _do(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.clouds.aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    package = commands.add_parser("package", help="build the zip that Lambda runs")
    package.add_argument("--architecture", choices=PROCESSORS, default="arm64", help="(%(default)s)")
    package.add_argument("--python", choices=VERSIONS, help="the version, by default one that this machine has")
    package.add_argument("--to", type=Path, default=ZIP, help="the zip; an existing file is replaced")
    commands.add_parser("template", help="write the two files named template.yaml")
    deploy = commands.add_parser("deploy", help="deploy everything, or update it")
    deploy.add_argument("--zip", type=Path, help="a zip that package has built; by default it is built now")
    about = "who gets alarms by mail, after confirming that once; an empty one ends that (by default it stays as it is)"
    deploy.add_argument("--alarm-email", type=_email, metavar="ADDRESS", help=about)
    afterwards.add_arguments(deploy)
    for command in (deploy, commands.add_parser("teardown", help="remove everything")):
        command.add_argument("--region", type=_region, help=f"by default the region that aws itself uses, or {REGION}")
        about = "with a database in RDS: deploy makes it, or finds the one that it has made; teardown deletes it"
        command.add_argument("--with-database", action="store_true", help=about)
        command.add_argument("--dry-run", action="store_true", help="print every command, and change nothing")
        command.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _do(asked: argparse.Namespace) -> None:
    is_deployment = asked.command == "deploy"
    given, configuration, environ = _given(asked) if is_deployment else NOTHING
    if asked.dry_run and not is_installed(AWS):
        print("# aws is not installed, so these are the commands for a new account")
        place, existing, sql = Place("ACCOUNT", asked.region or _own_region()), Existing(), database.Existing()
    else:
        place = Place(account_number(), asked.region or _own_region())
        if not asked.dry_run:
            stack.wait_until_settled(place)
        existing, sql = inspect(place), _database(asked, place)
    findings = _findings(asked, place, existing, given, environ) if is_deployment else []
    package = _package(asked) if is_deployment else Path()
    before = database.creation(place, sql) if is_deployment and asked.with_database else []
    if is_to_be_done(
        [stage for stage in [*before, *_planned(asked, place, existing, sql, given, package)] if stage.commands],
        f"{place.account}, {place.region}",
        heading=_kind(existing, is_deployment=is_deployment),
        in_short=_short,
        note="\n".join([*findings, _note(asked, sql)]),
        is_dry_run=asked.dry_run,
        is_agreed=asked.yes,
    ):
        if not is_deployment and asked.with_database and sql.status:
            own_database.refuse_unless_named(database_template.STACK)
        if before:
            _carry_out(before, place, lambda: database.creation(place, database.inspect(place)))
            # Only now it is known where the database is, and what its password is.
            sql = database.inspect(place)
        planned = _planned(asked, place, existing, sql, given, package)
        _carry_out(planned, place, lambda: _planned(asked, place, inspect(place), sql, given, package))
        if not is_deployment:
            print("Done.")
            return
        _finish(asked, _url(place), given, configuration)


def _finish(asked: argparse.Namespace, url: str, given: dict[str, str], configuration: "Configuration | None") -> None:
    if "PUBLIC_URL" not in given:
        # The stack itself cannot say it: the API is made of the functions that would read it.
        print(f"# For links to acknowledge and silence in messages: PUBLIC_URL={url} in {OWN_FILE}, and deploy again")
    afterwards.finish(url, given, configuration, asked, own_file=OWN_FILE)


def _given(asked: argparse.Namespace) -> Given:
    return given_for(
        OWN_FILE,
        with_database=asked.with_database,
        shortest_seconds=schedules.SHORTEST_SECONDS,
        whose="Amazon's",
        check=stages.schedule_parameters,
    )


def _findings(
    asked: argparse.Namespace, place: Place, existing: Existing, given: dict[str, str], environ: Mapping[str, str]
) -> list[str]:
    """The findings before a deployment. Raises PreflightFailed."""
    known = own_database.without(given) if asked.with_database else given
    return [] if asked.dry_run else examined(preflight(place, existing, known, environ))


def _database(asked: argparse.Namespace, place: Place) -> database.Existing:
    """The database that is there, as far as it matters for the command."""
    if asked.command == "deploy":
        if not asked.with_database:
            return database.Existing()
        database.refuse_unknown_authority(place)
    return database.inspect(place)


def _planned(
    asked: argparse.Namespace,
    place: Place,
    existing: Existing,
    sql: database.Existing,
    given: dict[str, str],
    package: Path,
) -> list[Stage]:
    """The stages, but not those that make a database."""
    if asked.command == "teardown":
        return [*stages.removal(place, existing), *(database.removal(place, sql) if asked.with_database else ())]
    if asked.with_database:
        given = {**given, "DATABASE_URL": database.url(sql)}
    return stages.deployment(place, existing, given, package, asked.alarm_email)


def _note(asked: argparse.Namespace, sql: database.Existing) -> str:
    """The words before somebody agrees."""
    name, is_deployment = database_template.STACK, asked.command == "deploy"
    if is_deployment and asked.with_database:
        said = own_database.price("aws", name, database_template.STORAGE_GB)
        return f"{said} --dry-run shows each command."
    if is_deployment:
        return "--dry-run shows each command."
    if not sql.status:
        return "A database of your own stays."
    if asked.with_database:
        return f"A last snapshot of the database {name} stays, for 0.095 dollars a GB and month."
    return f"The database {name} stays, with its price and its password (WITH_DATABASE=1 deletes it)."


def _carry_out(planned: list[Stage], place: Place, plan: Callable[[], list[Stage]]) -> None:
    """Run what is planned. If the stack fails because something was not ready yet, ``plan`` the rest, and run that.

    Raises:
        CommandFailed: a command failed for another reason, which the text has, or for the same one again and again.
    """
    for left in reversed(range(TRIES)):
        try:
            run([stage for stage in planned if stage.commands], stack.NOT_YET, stack.PAUSE_SECONDS)
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
    """The zip for the functions, which is built unless one was named. Raises PackagingFailed."""
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


def _email(text: str) -> str:
    # Otherwise the stack would fail once everything else is made, or the mail would never come.
    if text and not re.fullmatch(r"[^@\s,;]+@[^@\s,;.]+(\.[^@\s,;.]+)+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not one address, like you@example.com")
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
        several = words[words.index("--names") + 1 :] if "--names" in words else []
        listed = itertools.takewhile(lambda word: not word.startswith("-"), several)
        does.append(" ".join([*words[:until_flag], *(name[1] for name in names if name), *listed]))
    return "; ".join(does)


def _url(place: Place) -> str:
    query = "--query=Stacks[0].Outputs[?OutputKey=='Url'].OutputValue"
    return place.ask("cloudformation", "describe-stacks", f"--stack-name={STACK}", query)


if __name__ == "__main__":
    prepare()
    main()
