"""A stand-in for gcloud: it records its calls, remembers what exists, and refuses what Google would refuse.

The program that it puts on the PATH only hands its arguments and standard input to a socket of the test. It is written
in bash, because there are a thousand calls and Python's start takes ten times as long.
"""

import json
import socketserver
import threading
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Self

from tests.support.recorded_call import RecordedCall, Refused
from tests.support.stand_ins import cloud_sql

NUMBER = "123456789012"
HOST = "bonghwa-abc123.an.gateway.dev"
# For each command group: the kind of resource, the API that it needs, and how its names are printed.
KINDS = {
    ("iam", "service-accounts"): ("accounts", "iam", "{}@{project}.iam.gserviceaccount.com"),
    ("secrets",): ("secrets", "secretmanager", "{}"),
    ("functions",): ("functions", "cloudfunctions", "projects/p/locations/r/functions/{}"),
    ("scheduler", "jobs"): ("jobs", "cloudscheduler", "projects/p/locations/r/jobs/{}"),
    ("workflows",): ("workflows", "workflows", "projects/p/locations/r/workflows/{}"),
    ("api-gateway", "apis"): ("gateway_apis", "apigateway", "projects/p/locations/global/apis/{}"),
    ("api-gateway", "api-configs"): ("configs", "apigateway", "projects/p/locations/global/apis/a/configs/{}"),
    ("api-gateway", "gateways"): ("gateways", "apigateway", "projects/p/locations/r/gateways/{}"),
}
# bash cannot close one direction of a connection, so it first sends the number of words. A zero ends each word.
_PROGRAM = """\
#!/bin/bash
IFS= read -r -d '' input
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "$#" "$input" "$@" >&3
IFS= read -r -d '' answer <&3
[ "${{answer:0:1}}" = "!" ] && printf '%s\\n' "${{answer:1}}" >&2 && exit 1
printf '%s' "${{answer:1}}"
"""
READS = {"list", "describe", "access", "get-iam-policy"}


@dataclass(frozen=True)
class Call(RecordedCall):
    """One call of ``gcloud``, with its standard input."""

    stdin: str

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return bool(READS & set(self.words[:3]))


class Cloud:
    """The project on Google Cloud. While it is entered, ``folder`` is a folder of programs with gcloud in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[Call] = []
        self.state: dict[str, Any] = {"apis": [], "roles": []}
        # The next calls whose arguments contain the first text fail with the second, as often as the number says.
        self.breaks_at: tuple[str, str, int] = ("", "", 0)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        cloud = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                stdin, *arguments = _words(self.rfile)
                self.wfile.write(cloud.answer(stdin, arguments).encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        program = self.folder / "gcloud"
        program.write_text(_PROGRAM.format(port=self._server.server_address[1]))
        program.chmod(0o755)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, stdin: str, arguments: list[str]) -> str:
        """The output of a call after a space, or its error after an exclamation mark."""
        files = {}
        for each in arguments:
            flag, _, value = each.partition("=") if each.startswith("--") else ("argument", "", each)
            if value.endswith(".json"):
                files[flag] = json.loads(Path(value).read_text())
        call = Call(arguments, files, stdin)
        with self._lock:
            self.calls.append(call)
            try:
                where, words, times = self.breaks_at
                if times and where in " ".join(arguments):
                    self.breaks_at = (where, words, times - 1)
                    raise Refused(words)
                return f" {_answer(call, self.state)}"
            except Refused as refusal:
                return f"!ERROR: (gcloud) {refusal}"


def _words(said: BufferedIOBase) -> list[str]:
    """The program's standard input and arguments."""
    data, ends = b"", 1
    while data.count(b"\0") < ends:
        piece = said.read1()
        assert piece, "it ended before all was said"
        data += piece
        if b"\0" in data:
            ends = int(data.partition(b"\0")[0]) + 2
    return data.decode().split("\0")[1:-1]


def _answer(call: Call, state: dict[str, Any]) -> str:
    """The output of a call, which may change the state. Raises Refused."""
    words = call.words
    if words[:2] == ["projects", "describe"]:
        return NUMBER
    if words[:2] == ["billing", "projects"]:
        # As value() prints a boolean: https://cloud.google.com/sdk/gcloud/reference/billing/projects/describe
        return f"{state.get('billing', True)}\n"
    if words[:2] == ["resource-manager", "org-policies"]:
        # https://cloud.google.com/resource-manager/reference/rest/v1/Policy, as --effective gives it.
        policy = state.get("policy", {"allValues": "ALLOW"})
        return json.dumps({"constraint": f"constraints/{words[3]}", "listPolicy": policy})
    if words[:2] == ["services", "enable"]:
        state["apis"] = sorted({*state["apis"], *words[2:]})
        return ""
    if words[:2] == ["services", "list"]:
        return "\n".join(state["apis"])
    if words[0] == "sql":
        return cloud_sql.sql(call, state)
    if words[:3] == ["run", "services", "update"]:
        return cloud_sql.connect(call, state)
    if words[:2] == ["projects", "get-iam-policy"]:
        asked = call.flags["--filter"].removeprefix("bindings.role=")
        return "\n".join(member for member, each in state["roles"] if each == asked)
    if words[0] != "projects":
        return _about_thing(call, state)
    role = [call.flags["--member"], call.flags["--role"]]
    _account(state, call.flags["--member"].removeprefix("serviceAccount:"))
    if words[1].startswith("add"):
        state["roles"] += [role] * (role not in state["roles"])
    else:
        state["roles"].remove(role)
    return ""


def _about_thing(call: Call, state: dict[str, Any]) -> str:
    group = next(group for group in KINDS if call.words[: len(group)] == list(group))
    kind, api, printed = KINDS[group]
    if f"{api}.googleapis.com" not in state["apis"]:
        raise Refused(f"API [{api}.googleapis.com] not enabled")
    things = state.setdefault(kind, {})
    verb, *rest = call.words[len(group) :]
    if verb == "list":
        return "\n".join(printed.format(name, project=call.flags["--project"]) for name in things)
    if verb == "versions":
        name = call.flags.get("--secret") or rest[1]
        _known(things, name)
        if rest[0] == "access":
            return str(things[name][-1])
        things[name].append(call.stdin)
        return ""
    # ``jobs create http NAME``.
    name = (rest[1] if rest[0] == "http" else rest[0]).partition("@")[0]
    if verb == "create" and name in things:
        raise Refused(f"{name} already exists")
    if verb not in ("create", "deploy"):
        _known(things, name)
    if verb in ("create", "deploy", "update"):
        _check(call, state)
        things[name] = [call.stdin] if kind == "secrets" else call.arguments
    elif verb == "delete":
        _check_unused(kind, name, state)
        del things[name]
    elif verb == "add-invoker-policy-binding":
        _account(state, call.flags["--member"].removeprefix("serviceAccount:"))
    else:
        assert verb in ("set-iam-policy", "describe"), call.arguments
    return HOST if verb == "describe" else ""


def _check_unused(kind: str, name: str, state: dict[str, Any]) -> None:
    if kind == "configs" and any(f"--api-config={name}" in each for each in state.get("gateways", {}).values()):
        raise Refused(f"{name} is in use by a gateway")
    if kind == "gateway_apis" and state.get("configs"):
        raise Refused(f"{name} has configs")


def _check(call: Call, state: dict[str, Any]) -> None:
    """Refuse a resource that refers to one that does not exist."""
    flags = call.flags
    for flag in ("--service-account", "--backend-auth-service-account", "--oidc-service-account-email"):
        if flag in flags:
            _account(state, flags[flag])
    for pair in flags.get("--set-secrets", "").split(","):
        if pair:
            _known(state.get("secrets", {}), pair.partition("=")[2].partition(":")[0])
    if "--api-config" in flags:
        _known(state.get("configs", {}), flags["--api-config"])


def _account(state: dict[str, Any], address: str) -> None:
    _known(state.get("accounts", {}), address.partition("@")[0])


def _known(things: dict[str, Any], name: str) -> None:
    if name not in things:
        raise Refused(f"{name} was not found")


def dictionary(text: str) -> dict[str, str]:
    """A dictionary as gcloud reads it: ``^|^a=1|b=2``, or ``a=1,b=2``."""
    separator, text = text[1:].split("^", 1) if text.startswith("^") else (",", text)
    return dict(pair.split("=", 1) for pair in text.split(separator) if pair)
