"""How each command is answered, and what Google refuses besides."""

import json
import re
from typing import TYPE_CHECKING, Any

from infra.clouds.gcp.project import BUILD_REGIONS
from tests.support.recording_gcloud import grants, services
from tests.support.recording_gcloud.call import NUMBER, REGIONAL, Call, Refused
from tests.support.stand_ins.clouds import cloud_sql

if TYPE_CHECKING:
    from tests.support.recording_gcloud.cloud import Cloud

# Some of them.
REGIONS = {"asia-northeast3", *BUILD_REGIONS.values()}
_PLACE = "projects/p/locations/{region}"
# For each command group: the kind of resource, the API that it needs, and how its names are printed.
KINDS = {
    ("iam", "service-accounts"): ("accounts", "iam", "{}@{project}.iam.gserviceaccount.com"),
    ("secrets",): ("secrets", "secretmanager", f"projects/{NUMBER}/secrets/{{}}"),
    ("artifacts", "repositories"): ("repositories", "artifactregistry", f"{_PLACE}/repositories/{{}}"),
    ("artifacts", "docker", "images"): ("tags", "artifactregistry", "{}"),
    ("storage", "buckets"): ("buckets", "storage", "{}"),
    ("storage", "rm"): ("buckets", "storage", "{}"),
    ("run", "services"): ("services", "run", "{}\t{region}"),
    ("run",): ("services", "run", "{}"),
    ("builds",): ("tags", "cloudbuild", "{}"),
    ("scheduler", "jobs"): ("jobs", "cloudscheduler", f"{_PLACE}/jobs/{{}}"),
    ("tasks", "queues"): ("queues", "cloudtasks", f"{_PLACE}/queues/{{}}"),
    ("functions",): ("functions", "cloudfunctions", f"{_PLACE}/functions/{{}}"),
    ("workflows",): ("workflows", "workflows", f"{_PLACE}/workflows/{{}}"),
    ("api-gateway", "apis"): ("gateway_apis", "apigateway", "projects/p/locations/global/apis/{}"),
    ("api-gateway", "api-configs"): ("configs", "apigateway", "projects/p/locations/global/apis/a/configs/{}"),
    ("api-gateway", "gateways"): ("gateways", "apigateway", "projects/p/locations/asia-northeast1/gateways/{}"),
}
# https://cloud.google.com/iam/docs/service-accounts-create, https://cloud.google.com/run/docs/deploying (49 letters),
# https://cloud.google.com/storage/docs/buckets#naming, https://cloud.google.com/secret-manager/docs/creating-and-accessing-secrets.
_NAMES = {
    "accounts": "[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "services": "[a-z][a-z0-9-]{0,47}[a-z0-9]",
    "buckets": "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "secrets": "[A-Za-z0-9_-]{1,255}",
    "queues": "[A-Za-z0-9-]{1,500}",
    "jobs": "[A-Za-z0-9_-]{1,500}",
    "repositories": "[a-z][a-z0-9-]{0,61}[a-z0-9]",
}


def answer(call: Call, cloud: "Cloud") -> str:
    """The output of a call, which may change the state. Raises Refused."""
    words = call.words
    if words[:2] == ["projects", "describe"]:
        return NUMBER
    if words[:2] == ["billing", "projects"]:
        # As value() prints a boolean: https://cloud.google.com/sdk/gcloud/reference/billing/projects/describe
        return f"{cloud.state.get('billing', True)}\n"
    if words[:2] == ["resource-manager", "org-policies"]:
        # https://cloud.google.com/resource-manager/reference/rest/v1/Policy, as --effective gives it.
        usual = "DENY" if words[3] in cloud.forbids else "ALLOW"
        policy = cloud.state.get("policy", {"allValues": usual})
        return json.dumps({"constraint": f"constraints/{words[3]}", "listPolicy": policy})
    if words[:2] == ["services", "enable"]:
        new = set(words[2:]) - set(cloud.state["apis"])
        cloud.state["apis"] = sorted({*cloud.state["apis"], *new})
        for api in new:
            cloud.fresh.add(f"api {api}")
        return ""
    if words[:2] == ["services", "list"]:
        return "\n".join(cloud.state["apis"])
    if words[:3] == ["run", "regions", "list"]:
        _refuse_disabled(call, cloud, "run")
        return "\n".join(sorted(REGIONS))
    if words[0] == "sql":
        return cloud_sql.sql(call, cloud.state)
    return grants.of_project(call, cloud) if words[0] == "projects" else _about_thing(call, cloud)


def _about_thing(call: Call, cloud: "Cloud") -> str:
    group = next(group for group in sorted(KINDS, key=len, reverse=True) if call.words[: len(group)] == list(group))
    kind, api, printed = KINDS[group]
    _refuse_disabled(call, cloud, api)
    if kind in REGIONAL and call.region and call.region not in REGIONS:
        raise Refused(f"PERMISSION_DENIED: Permission denied on 'locations/{call.region}' (or it may not exist)")
    things = cloud.things(kind)
    if group == ("storage", "rm"):
        return _delete(cloud, "buckets", call.words[2].removeprefix("gs://"))
    verb, *rest = call.words[len(group) :]
    if verb == "list":
        if kind == "tags":
            cloud.known("repositories", call.words[4].split("/")[2])
        is_everywhere = kind in REGIONAL and not call.region
        found = cloud.everywhere(kind) if is_everywhere else {cloud.region: list(things)}
        return "\n".join(
            printed.format(name, project=call.flags["--project"], region=region)
            for region, names in found.items()
            for name in names
            if _is_asked(call, name)
        )
    if verb == "versions":
        return _versions(call, cloud, rest)
    # ``jobs create http NAME``.
    name = (rest[1] if rest[0] == "http" else rest[0]).partition("@")[0].removeprefix("gs://")
    if verb == "create":
        _create(call, cloud, kind, name)
    elif verb in ("deploy", "submit") or (verb == "update" and kind == "services"):
        {"deploy": services.deploy, "submit": services.build, "update": services.update}[verb](call, cloud, name)
    elif verb == "delete":
        return _delete(cloud, kind, name)
    else:
        _change(call, cloud, kind, verb, name)
    return ""


def _change(call: Call, cloud: "Cloud", kind: str, verb: str, name: str) -> None:
    cloud.known(kind, name)
    if verb == "set-iam-policy":
        grants.set_readers(call, cloud, name)
    elif verb == "add-iam-policy-binding" and kind == "services":
        grants.set_caller(call, cloud, name)
    elif verb == "add-iam-policy-binding":
        grants.account(call, cloud, call.flags["--member"].removeprefix("serviceAccount:"))
        members = cloud.things(f"{kind} members").setdefault(name, [])
        members += [[call.account, call.flags["--role"]]] * ([call.account, call.flags["--role"]] not in members)
    elif verb == "update":
        _refuse_unknown_account(call, cloud)
        cloud.things(kind)[name] = call.arguments
    else:
        assert verb == "set-cleanup-policies", call.arguments


def _create(call: Call, cloud: "Cloud", kind: str, name: str) -> None:
    if name in cloud.things(kind):
        raise Refused(f"ALREADY_EXISTS: {name} already exists")
    if not re.fullmatch(_NAMES.get(kind, ".*"), name):
        raise Refused(f"INVALID_ARGUMENT: {name} is no name for {kind}")
    if kind == "queues" and name in cloud.gone["queues"]:
        # https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete
        raise Refused(
            "FAILED_PRECONDITION: The queue cannot be created because a queue with this name existed too recently."
        )
    _refuse_unknown_account(call, cloud)
    cloud.things(kind)[name] = [] if kind == "secrets" else call.arguments
    if kind == "accounts":
        for what in ("projects add-iam-policy-binding", "secrets set-iam-policy", "run deploy", "run services"):
            cloud.fresh.add(f"account {name} {what}")


def _delete(cloud: "Cloud", kind: str, name: str) -> str:
    cloud.known(kind, name)
    if kind == "configs" and any(f"--api-config={name}" in each for each in cloud.things("gateways").values()):
        raise Refused(f"{name} is in use by a gateway")
    if kind == "gateway_apis" and cloud.things("configs"):
        raise Refused(f"{name} has configs")
    del cloud.things(kind)[name]
    if kind == "functions":
        # The service under a function has its name, and goes with it: https://cloud.google.com/functions/docs/concepts/version-comparison.
        cloud.things("services").pop(name, None)
    if kind == "accounts":
        grants.forget_account(cloud, name)
    if kind == "queues":
        cloud.gone["queues"].add(name)
    if kind == "repositories":
        cloud.things("tags").clear()
    for policies in ("readers", "callers", f"{kind} members", "unchecked"):
        if kind in ("secrets", "services", "queues", "accounts"):
            cloud.things(policies).pop(name, None)
    return ""


def _versions(call: Call, cloud: "Cloud", rest: list[str]) -> str:
    """``secrets versions``: a destroyed one keeps its number, and cannot be read again."""
    verb = rest[0]
    secret = call.flags.get("--secret") or rest[1]
    values: list[Any] = cloud.known("secrets", secret)
    place = f"projects/{NUMBER}/secrets/{secret}/versions"
    if verb == "list":
        states = [
            f"{place}/{number}\t{'ENABLED' if each is not None else 'DESTROYED'}"
            for number, each in enumerate(values, 1)
        ]
        return "\n".join(reversed(states))
    if verb == "add":
        values.append(call.stdin)
        return ""
    number = len(values) if rest[1] == "latest" else int(rest[1])
    if not 0 < number <= len(values):
        raise Refused(f"NOT_FOUND: Secret Version [{place}/{number}] not found.")
    if values[number - 1] is None:
        # https://cloud.google.com/secret-manager/docs/destroy-secret-version
        raise Refused(f"FAILED_PRECONDITION: Secret Version [{place}/{number}] is in DESTROYED state.")
    if verb == "access":
        return str(values[number - 1])
    values[number - 1] = None
    return ""


def _refuse_disabled(call: Call, cloud: "Cloud", api: str) -> None:
    full = f"{api}.googleapis.com"
    words = f"PERMISSION_DENIED: {full} has not been used in project {NUMBER} before or it is disabled"
    if full not in cloud.state["apis"]:
        raise Refused(words)
    # Questions before a deployment find only what is known.
    if not call.is_read:
        cloud.fresh.refuse(f"api {full}", words)


def _refuse_unknown_account(call: Call, cloud: "Cloud") -> None:
    for flag in ("--service-account", "--oidc-service-account-email"):
        if flag in call.flags:
            grants.account(call, cloud, call.flags[flag])


def _is_asked(call: Call, name: str) -> bool:
    wanted = call.flags.get("--filter", "").removeprefix("name=")
    return not wanted or name == wanted
