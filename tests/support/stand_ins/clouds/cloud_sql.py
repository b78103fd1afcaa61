"""``gcloud sql`` of the recording gcloud, and Cloud Run's sockets to it.

It refuses what Google refuses. The source of each wording stands beside it.
"""

from typing import Any

from tests.support.recorded_call import RecordedCall, Refused

# https://github.com/terraform-google-modules/terraform-google-gke-gitlab/issues/81
TAKEN = (
    "HTTPError 409: The Cloud SQL instance already exists. When you delete an instance, you can't reuse the name of "
    "the deleted instance until one week from the deletion date."
)
# https://github.com/hashicorp/terraform-provider-google/issues/5179
BUSY = "HTTPError 409: The instance or operation is not in an appropriate state to handle the request."
PROTECTED = "HTTPError 400: The instance is protected. Please disable the deletion protection and try again."
# An instance of PostgreSQL 16 or newer has the edition Enterprise Plus unless it names another.
OTHER_EDITION = "HTTPError 400: Invalid request: Invalid Tier (db-f1-micro) for (ENTERPRISE_PLUS) Edition."
READY, MAKING = "RUNNABLE", "PENDING_CREATE"


def sql(call: RecordedCall, state: dict[str, Any]) -> str:
    """The output of a call, which may change the state. Raises Refused."""
    if "sqladmin.googleapis.com" not in state["apis"]:
        raise Refused("API [sqladmin.googleapis.com] not enabled")
    instances = state.setdefault("sql", {})
    kind, verb, *names = call.words[1:]
    if kind == "instances":
        return _instances(verb, names, call, instances, state)
    if kind == "operations":
        return _operations(verb, names, call, instances)
    instance = _known(instances, call.flags["--instance"])
    if instance["state"] != READY:
        raise Refused(BUSY)
    things = instance[kind]
    if verb == "list":
        return "\n".join(things)
    [name] = names
    if verb == "create" and name in things:
        raise Refused(f"HTTPError 400: Invalid request: {name} already exists.")
    if verb == "set-password":
        _known(things, name)
    things[name] = "".join(file["--password"] for file in call.files.values())
    return ""


def connect(name: str, where: str, state: dict[str, Any]) -> None:
    """``--set-cloudsql-instances`` of ``gcloud run deploy``. Raises Refused."""
    _known(state.get("sql", {}), where.rpartition(":")[2])
    state.setdefault("sockets", {})[name] = where


def _instances(
    verb: str, names: list[str], call: RecordedCall, instances: dict[str, Any], state: dict[str, Any]
) -> str:
    if verb == "list":
        return "\n".join(f"{name}\t{each['region']}\t{each['state']}" for name, each in instances.items())
    [name] = names
    if verb == "create":
        if name in instances or name in state.get("sql_deleted", []):
            raise Refused(TAKEN)
        if call.flags.get("--edition") != "enterprise":
            raise Refused(OTHER_EDITION)
        instances[name] = {
            "state": READY,
            "region": call.flags["--region"],
            "protected": "--deletion-protection" in call.flags,
            "databases": {"postgres": ""},
            "users": {"postgres": ""},
        }
        return ""
    instance = _known(instances, name)
    if verb == "patch":
        instance["protected"] = "--no-deletion-protection" not in call.flags
        return ""
    assert verb == "delete", call.arguments
    if instance["protected"]:
        raise Refused(PROTECTED)
    del instances[name]
    state.setdefault("sql_deleted", []).append(name)
    return ""


def _operations(verb: str, names: list[str], call: RecordedCall, instances: dict[str, Any]) -> str:
    if verb == "list":
        name = call.flags["--instance"]
        return f"of-{name}" if _known(instances, name)["state"] == MAKING else ""
    assert (verb, call.flags["--timeout"]) == ("wait", "unlimited"), "by default it gives up after five minutes"
    for each in names:
        _known(instances, each.removeprefix("of-"))["state"] = READY
    return ""


def _known(things: dict[str, Any], name: str) -> Any:
    if name not in things:
        raise Refused(f"HTTPError 404: {name} was not found")
    return things[name]
