"""Google's questions: the project's billing, its APIs, its organisation's policy, and the region."""

import difflib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from infra.clouds.cli import ask_within
from infra.clouds.gcp.project import APIS, BUILD_REGIONS, GCLOUD, Existing, Place
from infra.clouds.preflight.costs import examine_costs
from infra.clouds.preflight.database import examine_database
from infra.clouds.preflight.examination import SECONDS, Preflight
from infra.clouds.preflight.links import examine_links
from infra.doctor.channels import examine_reach
from infra.doctor.findings import Finding, failure, ok, warning
from infra.plan.plans import price_list
from shared.channels import read

_RUN = "run.googleapis.com"
# The folder of the functions' code in Cloud Run, as of every image of a buildpack.
_CODE = PurePosixPath("/workspace")
_DOMAINS = "iam.allowedPolicyMemberDomains"


def preflight(
    place: Place,
    existing: Existing,
    given: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
    *,
    build_region: str,
    is_new: bool,
) -> Preflight:
    """The questions to Google before a deployment.

    ``given``: the settings, without DATABASE_URL if the deployment makes the database. ``environ`` fills in the file's
    placeholders. ``build_region``: where it builds; ``is_new``: it has not built there yet.
    """
    questions = {
        "billing": lambda: examine_billing(place),
        "organisation": lambda: examine_policy(place),
        "APIs": lambda: examine_apis(existing.apis),
        "Cloud Run": lambda: examine_place(place, existing.apis),
        "region": lambda: examine_region(build_region, is_new=is_new),
        "database": lambda: examine_database(given.get("DATABASE_URL", ""), _CODE),
        "channels": lambda: examine_reach(read(given)[0]),
        "links": lambda: examine_links("gcp", given),
        "costs": lambda: examine_costs("gcp", given, place.region, environ),
    }
    return Preflight(questions, given)


def examine_billing(place: Place) -> Iterator[Finding]:
    """Whether somebody pays. Raises CommandFailed."""
    answer = _ask("billing", "projects", "describe", place.project, "--format=value(billingEnabled)", "--quiet")
    if answer == "True":
        yield ok("billing", f"it is on for {place.project}")
        return
    link = f"gcloud billing projects link {place.project} --billing-account=… (gcloud billing accounts list has it)"
    yield failure("billing", f"it is off for {place.project}", expected="on: no API can be enabled without", fix=link)


def examine_policy(place: Place) -> Iterator[Finding]:
    """Whether the organisation lets everybody (allUsers) call a service. Raises CommandFailed."""
    words = ("resource-manager", "org-policies", "describe", _DOMAINS, "--effective")
    policy = json.loads(_ask(*words, "--format=json", f"--project={place.project}", "--quiet") or "{}")
    # https://cloud.google.com/resource-manager/reference/rest/v1/Policy#ListPolicy
    listed = policy.get("listPolicy", {})
    if listed.get("allowedValues") or listed.get("allValues") == "DENY":
        yield warning(
            "organisation",
            f"its policy {_DOMAINS} forbids allUsers, with which a service is public",
            expected="a public service without it: --no-invoker-iam-check",
            fix="nothing, unless run.managed.requireInvokerIam forbids that too: then its administrator allows it",
        )
    else:
        yield ok("organisation", "its policy lets a service be public")


def examine_apis(enabled: Collection[str]) -> Iterator[Finding]:
    """How many APIs the deployment has yet to enable."""
    missing = [api for api in APIS if f"{api}.googleapis.com" not in enabled]
    yield ok("APIs", f"the deployment enables {len(missing)} of {len(APIS)}" if missing else "all are enabled")


def examine_place(place: Place, enabled: Collection[str]) -> Iterator[Finding]:
    """Whether Cloud Run has the region. Raises CommandFailed."""
    is_enabled = _RUN in enabled
    if is_enabled:
        # It says so only once its API is enabled.
        regions = _ask("run", "regions", "list", "--format=value(locationId)", f"--project={place.project}").split()
    else:
        listed = price_list()["gcp"]["tier_2"]
        regions = [*listed["tier_1"], *listed["others"]]
    if place.region in regions:
        yield ok("Cloud Run", f"{place.region} is one of its regions")
        return
    near = next(iter(difflib.get_close_matches(place.region, regions, 1)), "us-central1")
    fix = f"REGION={near}"
    if not is_enabled:
        fix += f", or if it is new: gcloud services enable {_RUN} --project={place.project}, and then again"
    yield failure("Cloud Run", f"{place.region} is none of its regions", expected=f"one such as {near}", fix=fix)


def examine_region(region: str, *, is_new: bool) -> Iterator[Finding]:
    """Whether each project may build in the region. ``is_new``: nothing was built there yet."""
    always = sorted(set(BUILD_REGIONS.values()))
    if region in always or not is_new:
        yield ok("region", f"{region} can build" if is_new else f"{region} has built before")
        return
    found = f"some projects may not build in {region}, and nobody says so before the first build"
    fix = f"--build-region as one of them, or a quota for {region}: https://cloud.google.com/build/docs/locations"
    yield warning("region", found, expected=f"one of {', '.join(always)}", fix=fix)


def _ask(*words: str) -> str:
    return ask_within(SECONDS, GCLOUD, *words).strip()
