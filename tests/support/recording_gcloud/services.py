"""Builds and services: ``builds submit`` and ``run``, with what Cloud Build and Cloud Run refuse."""

import re
from typing import TYPE_CHECKING

from infra.clouds.gcp.project import BUILD_REGIONS
from shared import ROOT
from tests.support.recording_gcloud import grants
from tests.support.recording_gcloud.call import NUMBER, Call, Refused, dictionary
from tests.support.stand_ins.clouds import cloud_sql

if TYPE_CHECKING:
    from tests.support.recording_gcloud.cloud import Cloud

# https://cloud.google.com/run/docs/container-contract#services-env-vars
_RESERVED = re.compile("PORT|K_.*|CLOUD_RUN_.*|X_GOOGLE_.*")


def build(call: Call, cloud: "Cloud", _: str) -> None:
    """``builds submit --config``."""
    told, region = call.files["--config"], call.flags["--region"]
    if "builds" in cloud.forbids and region not in BUILD_REGIONS.values():
        # https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects
        raise Refused(
            "FAILED_PRECONDITION: due to quota restrictions, cannot run builds in this region, see "
            "https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects"
        )
    if not told.get("logsBucket"):
        # https://github.com/GoogleCloudPlatform/terraform-google-dataplex-auto-data-quality/pull/39
        raise Refused(
            "INVALID_ARGUMENT: if 'build.service_account' is specified, the build must specify 'build.logs_bucket'"
        )
    name = told["serviceAccount"].rpartition("/")[2]
    grants.account(call, cloud, name)
    cloud.known("buckets", told["logsBucket"].removeprefix("gs://"))
    cloud.known("buckets", call.flags["--gcs-source-staging-dir"].split("/")[2])
    grants.may_build(cloud, name.partition("@")[0])
    for image in told["images"]:
        host, _project, repository, _name = image.rpartition(":")[0].split("/")
        assert host.endswith("-docker.pkg.dev")
        cloud.known("repositories", repository)
        cloud.things("tags")[image.rpartition(":")[2]] = call.arguments


def deploy(call: Call, cloud: "Cloud", name: str) -> None:
    """``run deploy``."""
    flags = call.flags
    if "--source" in flags and "--base-image" in flags and (ROOT / "Dockerfile").exists():
        # lib/surface/run/deploy.py of the SDK.
        raise Refused(
            "Invalid value for [--base-image]: Base image is not supported for services built from Dockerfile."
        )
    if not re.fullmatch("[a-z][a-z0-9-]{0,47}[a-z0-9]", name) or len(f"{name}-{NUMBER}") > 63:
        # https://cloud.google.com/run/docs/deploying: fewer than 50 letters; a part of a host's name has 63.
        raise Refused(f"metadata.name: {name} must be fewer than 50 characters")
    _refuse_size(float(flags["--cpu"]), int(flags["--memory"].removesuffix("Mi")), int(flags["--concurrency"]))
    account = flags["--service-account"]
    if account.partition("@")[0] not in cloud.things("accounts"):
        raise Refused(
            f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        )
    grants.account(call, cloud, account)
    if flags["--image"].rpartition(":")[2] not in cloud.things("tags"):
        raise Refused(f"Image '{flags['--image']}' not found.")
    if reserved := [each for each in dictionary(flags["--set-env-vars"]) if _RESERVED.fullmatch(each)]:
        raise Refused(f"The following reserved env names were provided: {', '.join(reserved)}")
    _refuse_another_type(flags["--set-env-vars"], cloud.things("services").get(name, []))
    for reference in dictionary(flags.get("--set-secrets", "")).values():
        secret, _, version = reference.partition(":")
        assert version.isdigit(), (
            "Google recommends to pin a version: https://cloud.google.com/run/docs/configuring/secrets"
        )
        grants.may_read(cloud, account.partition("@")[0], secret, int(version))
    if "--set-cloudsql-instances" in flags:
        cloud_sql.connect(name, flags["--set-cloudsql-instances"], cloud.state)
    cloud.things("services")[name] = call.arguments
    if "--no-allow-unauthenticated" in flags:
        callers = cloud.things("callers").setdefault(name, [])
        callers[:] = [each for each in callers if each != "allUsers"]


def update(call: Call, cloud: "Cloud", name: str) -> None:
    """``run services update``."""
    cloud.known("services", name)
    assert "--no-invoker-iam-check" in call.flags, call.arguments
    if "run.managed.requireInvokerIam" in cloud.forbids:
        # https://cloud.google.com/run/docs/securing/managing-access#invoker_check
        raise Refused("FAILED_PRECONDITION: Operation denied by org policy: constraints/run.managed.requireInvokerIam")
    cloud.things("unchecked")[name] = True


def _refuse_another_type(told: str, before: list[str]) -> None:
    """lib/googlecloudsdk/command_lib/run/config_changes.py of the SDK: variables change before secrets go."""
    secrets = [each.partition("=")[2] for each in before if each.startswith("--set-secrets=")]
    both = dictionary(told).keys() & {name for each in secrets for name in dictionary(each)}
    if both:
        raise Refused(
            f"Cannot update environment variable [{min(both)}] to string literal because it has already been set with "
            "a different type."
        )


def _refuse_size(cpu: float, memory: int, concurrency: int) -> None:
    """https://cloud.google.com/run/docs/configuring/services/cpu."""
    if cpu < 1 and concurrency > 1:
        raise Refused(
            "spec.template.spec.containers.resources.limits.cpu: Total cpu < 1 is not supported with concurrency > 1."
        )
    if cpu < 0.5 and memory > 512:
        raise Refused("containers.resources.limits.memory: cpu < 0.5 supports at most 512Mi")
    if not 0.08 <= cpu <= 8 or (cpu > 1 and cpu not in (2, 4, 6, 8)):
        raise Refused("Invalid value specified for cpu.")
