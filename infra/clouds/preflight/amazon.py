"""Amazon's questions: how many functions may run at once, and whether names are taken."""

import os
from collections.abc import Iterator, Mapping

from infra.clouds.aws.target import AWS, CODE, STACK, Existing, Place, dashed
from infra.clouds.cli import ask_within
from infra.clouds.preflight.costs import examine_costs
from infra.clouds.preflight.database import examine_database
from infra.clouds.preflight.examination import SECONDS, Preflight
from infra.clouds.preflight.links import examine_links
from infra.doctor.channels import examine_reach
from infra.doctor.findings import Finding, failure, ok, warning
from infra.table import rows
from shared.channels import read

# The API alone may call 20 functions a second, beside those that are scheduled. New accounts have 10:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENOUGH_AT_ONCE = 50
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html names this quota.
_QUOTA = "aws service-quotas request-service-quota-increase --service-code=lambda --quota-code=L-B99A9384"


def preflight(
    place: Place, existing: Existing, given: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> Preflight:
    """The questions to AWS before a deployment.

    ``given``: the settings, without DATABASE_URL if the deployment makes the database. ``environ`` fills in the file's
    placeholders.
    """
    questions = {
        "concurrency": lambda: examine_concurrency(place),
        "names": lambda: examine_names(place, is_new=not existing.status),
        "database": lambda: examine_database(given.get("DATABASE_URL", ""), CODE),
        "channels": lambda: examine_reach(read(given)[0]),
        "links": lambda: examine_links("aws", given),
        "costs": lambda: examine_costs("aws", given, place.region, environ),
    }
    return Preflight(questions, given)


def examine_concurrency(place: Place) -> Iterator[Finding]:
    """How many functions may run at once. Raises CommandFailed."""
    most = int(_ask(place, "lambda", "get-account-settings", "--query=AccountLimit.ConcurrentExecutions"))
    found = f"{most} functions may run at once in {place.region}"
    if most < ENOUGH_AT_ONCE:
        expected = f"{ENOUGH_AT_ONCE} or more: a call beyond them waits or is lost"
        fix = f"{_QUOTA} --desired-value=1000 --region={place.region}"
        yield warning("concurrency", found, expected=expected, fix=fix)
    else:
        yield ok("concurrency", found)


def examine_names(place: Place, *, is_new: bool) -> Iterator[Finding]:
    """Whether something else has a name that a new stack (``is_new``) needs. Raises CommandFailed."""
    if not is_new:
        yield ok("names", "this updates what has them")
        return
    functions = f"--query=Functions[?starts_with(FunctionName, '{STACK}-')].FunctionName"
    found = {f"the function {name}" for name in _ask(place, "lambda", "list-functions", functions).split()}
    prefix = f"--log-group-name-prefix=/aws/lambda/{STACK}-"
    logs = _ask(place, "logs", "describe-log-groups", prefix, "--query=logGroups[].logGroupName")
    found |= {f"the log {name}" for name in logs.split()}
    # Other names may begin with the stack's too.
    needed = [f"{STACK}-{dashed(row)}" for row in rows()]
    taken = [
        each for name in needed for each in (f"the function {name}", f"the log /aws/lambda/{name}") if each in found
    ]
    if taken:
        expected = f"names that are free: there is no stack {STACK} that would have made them"
        fix = "remove or rename what has them, or take another region"
        yield failure("names", f"taken: {', '.join(taken)}", expected=expected, fix=fix)
    else:
        yield ok("names", "none that is needed is taken")


def _ask(place: Place, *words: str) -> str:
    answer = ask_within(SECONDS, AWS, *words, f"--region={place.region}", "--output=text").strip()
    return "" if answer == "None" else answer
