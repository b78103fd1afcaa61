"""``python -m infra.clouds.gcp``: deploy everything to Google Cloud, update it, or remove it again."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from infra.clouds import afterwards, own_database
from infra.clouds.afterwards import NotFinished
from infra.clouds.cli import CommandFailed, Stage, guarded, is_installed, is_to_be_done, run
from infra.clouds.gcp import database, schedules, stages, words
from infra.clouds.gcp.inventory import inspect, project_number, refuse_elsewhere
from infra.clouds.gcp.project import (
    BUILD_REGIONS,
    GCLOUD,
    OWN_FILE,
    Existing,
    Place,
    build_region_near,
    secret_name,
)
from infra.clouds.gcp.services import APART, TOGETHER
from infra.clouds.given import NOTHING, Given, given_for
from infra.clouds.preflight import PreflightFailed, examined
from infra.clouds.preflight.google import preflight
from infra.commands import region
from infra.configuration.sending import NotApplied
from infra.local.terminal import prepare
from shared.pages.rendering import compile_templates
from shared.settings import SettingError

_LEFT = (
    "The project and its APIs stay{}. If a version with functions was deployed before, Google has kept the source and "
    "the images of its builds in the buckets and the repository named gcf-…, which you may delete too."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Say what will be done, ask, and do it. If it cannot be done, exit with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m infra.clouds.gcp", description=__doc__)
    parser.add_argument("command", choices=["deploy", "teardown"])
    parser.add_argument("--project", required=True, type=_project, help="the project's id")
    parser.add_argument("--region", type=region, default="us-central1", help="where everything runs (%(default)s)")
    parser.add_argument(
        "--build-region", type=region, help="where the image is built, by default where every project may, near"
    )
    parser.add_argument(
        "--shape",
        choices=[TOGETHER, APART],
        default=TOGETHER,
        help="whether what people call is one service, or each function its own behind a gateway (%(default)s)",
    )
    about = "with a database in Cloud SQL: deploy makes it, or finds the one that it has made; teardown deletes it"
    parser.add_argument("--with-database", action="store_true", help=about)
    parser.add_argument("--dry-run", action="store_true", help="print every command, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    afterwards.add_arguments(parser)
    asked = parser.parse_args(arguments)
    guarded(lambda: _advised(lambda: _do(asked)), SettingError, NotApplied, PreflightFailed, NotFinished)


def _do(asked: argparse.Namespace) -> None:
    is_deployment = asked.command == "deploy"
    given, configuration, environ = _given(asked) if is_deployment else NOTHING
    build_region = asked.build_region or build_region_near(asked.region)
    if asked.dry_run and not is_installed(GCLOUD):
        print("# gcloud is not installed, so these are the commands for a new project")
        place, existing = Place(asked.project, "PROJECT_NUMBER", asked.region, build_region), Existing()
    else:
        place = Place(asked.project, project_number(asked.project), asked.region, build_region)
        existing = inspect(place)
        refuse_elsewhere(place, existing, is_deployment=is_deployment)
    planned, note = _deployment(asked, place, existing, given) if is_deployment else _removal(asked, place, existing)
    planned = [stage for stage in planned if stage.commands]
    findings = []
    if is_deployment and not asked.dry_run:
        is_new = not existing.tags
        known = own_database.without(given) if asked.with_database else given
        asks = preflight(place, existing, known, environ, build_region=place.build_region, is_new=is_new)
        findings = examined(asks)
    if is_to_be_done(
        planned,
        f"{place.project}, {place.region}",
        heading=_kind(existing, is_deployment=is_deployment),
        in_short=_short,
        note="\n".join([*findings, note]),
        is_dry_run=asked.dry_run,
        is_agreed=asked.yes,
    ):
        if is_deployment:
            compile_templates()
        else:
            for name in _doomed(asked, place, existing):
                own_database.refuse_unless_named(name)
        run(planned, (*words.NOT_YET, *database.NOT_YET))
        if not is_deployment:
            print("Done.")
            return
        afterwards.finish(place.url(), given, configuration, asked, own_file=OWN_FILE)


def _advised(do: Callable[[], None]) -> None:
    """Do it. Raises CommandFailed, which also says what a person can do about it."""
    try:
        do()
    except CommandFailed as failure:
        regions = ", ".join(sorted(set(BUILD_REGIONS.values())))
        raise CommandFailed(f"{failure}{words.fix(str(failure), regions)}") from None


def _given(asked: argparse.Namespace) -> Given:
    return given_for(
        OWN_FILE,
        with_database=asked.with_database,
        shortest_seconds=schedules.SHORTEST_SECONDS,
        whose="Google's",
        check=_check,
    )


def _check(given: Mapping[str, str]) -> None:
    database.refuse_socket(given)
    stages.settings_of(given)


def _deployment(
    asked: argparse.Namespace, place: Place, existing: Existing, given: dict[str, str]
) -> tuple[list[Stage], str]:
    """The stages, and what to say before somebody agrees to them."""
    note = "--dry-run shows each command."
    if not asked.with_database:
        for name, each in database.found(place, existing).items():
            dollars = own_database.dollars_a_month("gcp", database.STORAGE_GB)
            price = f"costs some {dollars:.2f} dollars a month"
            note = f"The Cloud SQL instance {name} in {each.region} stays, and {price}. {note}"
        return stages.deployment(place, existing, given, asked.shape, datetime.now(UTC)), note
    sql = database.inspect(place, existing)
    given = {**given, "DATABASE_URL": sql.url.get_secret_value()}
    said = own_database.price("gcp", sql.name, database.STORAGE_GB)
    return stages.deployment(place, existing, given, asked.shape, datetime.now(UTC), sql), f"{said} {note}"


def _removal(asked: argparse.Namespace, place: Place, existing: Existing) -> tuple[list[Stage], str]:
    """The stages, and what to say before somebody agrees to them."""
    doomed = _doomed(asked, place, existing)
    kept = [name for name in database.found(place, existing) if name not in doomed]
    if kept:
        # It has the password.
        name = secret_name("DATABASE_URL")
        existing = replace(existing, secrets={each: it for each, it in existing.secrets.items() if each != name})
    stay = f", and so does the database {', '.join(kept)}, with its price and its secret (WITH_DATABASE=1 deletes it)"
    note = _LEFT.format(stay if kept else "")
    for there in sorted(existing.elsewhere):
        note += f" Bonghwa runs in {there} too: what both share stays, such as the accounts and the secrets."
    for there in sorted(existing.images_elsewhere - existing.elsewhere):
        note += f" A repository of images is in {there}: a teardown with REGION={there} removes it."
    return [*stages.removal(place, existing), *(database.removal(place, name) for name in doomed)], note


def _doomed(asked: argparse.Namespace, place: Place, existing: Existing) -> list[str]:
    """The databases that a removal deletes. One in another region may be that of what runs there."""
    found = database.found(place, existing).items() if asked.with_database else ()
    return [name for name, each in found if not existing.elsewhere or each.region == place.region]


def _project(text: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9-]{4,28}[a-z0-9]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a project's id")
    return text


def _kind(existing: Existing, *, is_deployment: bool) -> str:
    if not is_deployment:
        return "This deletes from"
    return "This updates what is in" if existing.services else "This deploys to"


def _short(stage: Stage) -> str:
    does = [" ".join(_verbs(command.words()[1:])) for command in stage.commands]
    return "; ".join(dict.fromkeys(does))


def _verbs(words: Sequence[str]) -> list[str]:
    """A command in short: its words before the first flag, with the short names of APIs; and who gets or loses what."""
    until_flag = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    binding = [word.partition("=")[2] for word in words if word.startswith(("--member=", "--role="))]
    shown = [word.removesuffix(".googleapis.com") for word in words[:until_flag] if not word.endswith(".json")]
    return [*shown, *binding]


if __name__ == "__main__":
    prepare()
    main()
