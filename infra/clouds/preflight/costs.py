"""The plan's price of a deployment, and whether the platform can do it at all."""

from collections.abc import Iterator, Mapping

from infra.doctor.findings import Finding, failure, ok, warning
from infra.plan.load import Load
from infra.plan.plans import idle, lacking, plan_for
from infra.plan.savings import with_savings
from infra.plan.unreachable import with_unreachable
from shared.settings import Settings

ABOUT = "costs"
# A saving of less is not worth a warning.
WORTH_DOLLARS = 2.0


def examine_costs(
    platform: str, given: Mapping[str, str], region: str, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """The dollars of a month, what would save some, and which monitors would not be watched.

    ``environ`` fills in the file's placeholders.
    """
    # The database may not be known yet, and costs what its own host asks for.
    settings = {name: value for name, value in given.items() if name != "DATABASE_URL"}
    plan = with_savings(plan_for(platform, settings, region=region, environ=environ), region)
    for refusal in plan.refusals:
        yield failure(
            ABOUT, refusal, expected="what the cloud can do", fix=f"python -m infra plan --platform {platform}"
        )
    if plan.refusals:
        return
    monitors, dollars = plan.load.monitors, sum(line.dollars for line in plan.bill)
    yield ok(ABOUT, f"about {dollars:,.2f} $ a month for {monitors:,} monitors, before the database (infra/plan)")
    if saving := next(
        (each for each in plan.savings if "reuse" in each.change and each.dollars >= WORTH_DOLLARS), None
    ):
        found, expected = (
            f"{saving.dollars:,.2f} $ of that is for new connections",
            "kept ones, if they show you enough",
        )
        yield warning(ABOUT, found, expected=expected, fix=saving.change)
    for note in (note for note in with_unreachable(plan).notes if note not in plan.notes):
        yield warning(
            "monitors", note, expected="hosts with an IPv4 address", fix="check them from a machine of your own"
        )
    yield from _later_monitors(plan.load, f".env.{platform}")
    for note in idle(plan.load):
        expected = "something to check, unless heartbeats, other agents or monitors made later are all that you want"
        fix = f"TARGET_URL=… in .env.{platform}, or a monitor in the file"
        yield warning("monitors", note, expected=expected, fix=fix)
    for note in lacking(plan.load):
        yield warning("monitors", note, expected="a value", fix=f"write it into .env.{platform} or .env")


def _later_monitors(load: Load, own_file: str) -> Iterator[Finding]:
    """How often monitors can be checked that the deployment does not know of yet, if that is seldom."""
    usual = Settings.from_env({}).check_interval_seconds
    if load.interval > usual:
        found = f"the agent runs every {load.interval:g} s"
        expected = "to check monitors that are made later, on the dashboard or by the API, no more often than that"
        yield warning("monitors", found, expected=expected, fix=f"CHECK_INTERVAL_SECONDS={usual:g} in {own_file}")
