"""A stand-in for AWS on 127.0.0.1: moto's server, and the real ``aws`` command line before it.

moto's CloudFormation neither translates SAM nor knows every kind of thing in our template; here it does, and makes
those through moto's own APIs, whose clients refuse a property that there is not. The program that it puts on the PATH
only hands its arguments to a socket of the test, where aws runs: to import it is what each call would cost. All of this
is imported where it is used, since every process of a distributed run reads every test.
"""

import contextlib
import copy
import functools
import io
import json
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

ACCOUNT = "123456789012"
# Where no other test has anything.
REGION = "eu-central-1"
# Of bash alone, since Python's start is what each call would cost.
_PROGRAM = """\
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "$#" "$PWD" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' error <&3
printf '%s' "$out"
printf '%s' "$error" >&2
exit "$code"
"""
_READS = ("describe-", "list-", "get", "wait")


@dataclass(frozen=True)
class Call:
    """One call of the command line, with what it read from files."""

    arguments: list[str]
    files: dict[str, Any]

    @property
    def words(self) -> list[str]:
        """Everything before the first flag."""
        flags = [number for number, each in enumerate(self.arguments) if each.startswith("--")]
        return self.arguments[: min(flags, default=len(self.arguments))]

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return any(word.startswith(_READS) for word in self.words)


class Cloud:
    """moto's server, and while it is entered a ``folder`` of programs with aws in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[Call] = []
        # The next call whose arguments hold the first fails with the second.
        self.breaks_at: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        from awscli.clidriver import create_clidriver
        from moto.moto_server.threaded_moto_server import ThreadedMotoServer

        self._stack = contextlib.ExitStack()
        self._moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._moto.start()
        self._stack.callback(self._moto.stop)
        self.url = f"http://127.0.0.1:{self._moto.get_host_and_port()[1]}"
        self._stack.enter_context(_environ(self.url, self.folder))
        self._stack.enter_context(_cloudformation())
        # aws logs everything at DEBUG, and pytest would keep it.
        logging.disable(logging.WARNING)
        self._stack.callback(logging.disable, logging.NOTSET)
        self._driver = create_clidriver()
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, service: str) -> Any:
        """A client of boto3's to it."""
        return _client(service)

    def _listen(self) -> None:
        cloud = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                count = int(_until_zero(self.rfile))
                folder, *arguments = [_until_zero(self.rfile) for _ in range(count + 1)]
                self.wfile.write("".join(f"{each}\0" for each in cloud._answer(folder, arguments)).encode())

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.folder.mkdir(parents=True, exist_ok=True)
        program = self.folder / "aws"
        program.write_text(_PROGRAM.format(port=server.server_address[1]))
        program.chmod(0o755)

    def _answer(self, folder: str, arguments: list[str]) -> tuple[str, str, str]:
        names = (each.partition("=file://") for each in arguments)
        files = {flag: json.loads(Path(path).read_text()) for flag, found, path in names if found}
        out, error = io.StringIO(), io.StringIO()
        # One after the other: what is printed and the folder that we are in are the whole process's.
        with self._lock:
            self.calls.append(Call(arguments, files))
            if self.breaks_at and self.breaks_at[0] in " ".join(arguments):
                words, self.breaks_at = self.breaks_at[1], None
                return "254", "", words
            with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
                code = self._driver.main(arguments)
        return str(code), out.getvalue(), error.getvalue()


def _until_zero(file: io.BufferedIOBase) -> str:
    found = b"".join(iter(lambda: file.read(1).rstrip(b"\0"), b""))
    return found.decode()


@contextlib.contextmanager
def _environ(url: str, folder: Path) -> Iterator[None]:
    nothing, configured = str(folder / "nothing"), folder.with_name(f"{folder.name}-config")
    # What the page's ``aws configure`` leaves.
    configured.write_text(f"[default]\nregion = {REGION}\n")
    ours = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    ours |= {"AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": str(configured), "AWS_SHARED_CREDENTIALS_FILE": nothing}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ours.items():
            patch.setenv(name, value)
        yield
    _client.cache_clear()


@functools.cache
def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)  # type: ignore[call-overload]


# --- what moto's CloudFormation lacks ---------------------------------------------------------------------------------


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """A SAM template as CloudFormation gets it from AWS's translation; any other as it is."""
    if "Transform" not in template:
        return template
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    # No policy of AWS's own is named, so none has to be known.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    found: dict[str, Any] = translator.translate(copy.deepcopy(template), {})
    return found


@contextlib.contextmanager
def _cloudformation() -> Iterator[None]:
    """moto's, as CloudFormation is where that matters here.

    With SAM's translation, our kinds of things, a change without changes that is said afterwards, the outputs of what
    a change set made, roles that can be changed, and lists in which AWS::NoValue leaves no empty place.
    """
    from moto.cloudformation import models, parsing
    from moto.cloudformation.responses import CloudFormationResponse
    from moto.iam.models import Role

    _kinds()
    parse, clean, apply = models.Stack.parse_template, parsing.clean_json, models.ChangeSet.apply

    def parsed(template: str) -> dict[str, Any]:
        return translated(parse(template))

    def parse_change_set(change_set: models.ChangeSet) -> None:
        change_set.template_dict = parsed(change_set.template)

    def applied(change_set: models.ChangeSet) -> None:
        apply(change_set)
        change_set.stack.template_dict = change_set.template_dict
        change_set.stack.output_map = change_set.stack._create_output_map()
        change_set.stack.parameters = change_set.parameters

    def cleaned(value: Any, resources: Any) -> Any:
        if isinstance(value, list):
            return [each for each in (cleaned(each, resources) for each in value) if each is not None]
        return clean(value, resources)

    def update_role(original_resource: Role, cloudformation_json: dict[str, Any], **_: Any) -> Role:
        for policy in cloudformation_json["Properties"]["Policies"]:
            original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
        return original_resource

    for each in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        each.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.Stack, "parse_template", staticmethod(parsed))
        patch.setattr(models.ChangeSet, "_parse_template", parse_change_set)
        patch.setattr(models.ChangeSet, "apply", applied)
        patch.setattr(parsing, "clean_json", cleaned)
        patch.setattr(Role, "update_from_cloudformation_json", staticmethod(update_role))
        patch.setattr(CloudFormationResponse, "_validate_different_update", lambda *_: None)
        yield


def _api(properties: dict[str, Any]) -> str:
    # moto has no import_api.
    name = properties["Body"]["info"]["title"]
    made = str(_client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")["ApiId"])
    _import(made, properties)
    return made


def _import(identity: str, properties: dict[str, Any]) -> None:
    _client("apigatewayv2").reimport_api(ApiId=identity, Body=json.dumps(properties["Body"]))


def _stage(properties: dict[str, Any]) -> str:
    return str(_client("apigatewayv2").create_stage(**properties)["StageName"])


def _schedule(properties: dict[str, Any]) -> str:
    _client("scheduler").create_schedule(**properties)
    return str(properties["Name"])


def _invoke_config(properties: dict[str, Any]) -> str:
    _client("lambda").put_function_event_invoke_config(**properties)
    return str(properties["FunctionName"])


def _alarm(properties: dict[str, Any]) -> str:
    _client("cloudwatch").put_metric_alarm(**properties)
    return str(properties["AlarmName"])


def _nothing(*_: Any) -> None:
    pass


def _kind(name: str, make: Callable[[dict[str, Any]], str], remake: Any, delete: Any) -> type:
    """A kind of resource; moto knows its kinds by who inherits from CloudFormationModel directly."""
    from moto.core.common_models import CloudFormationModel

    def create(_: str, json: dict[str, Any], *__: Any, **___: Any) -> Any:
        return kind(make(json["Properties"]))

    def update(original_resource: Any, cloudformation_json: dict[str, Any], **_: Any) -> Any:
        remake(original_resource.identity, cloudformation_json["Properties"])
        return kind(original_resource.identity)

    parts = {
        "__init__": lambda self, identity: setattr(self, "identity", identity),
        "physical_resource_id": property(lambda self: self.identity),
        "delete": lambda self, *_: delete(self.identity),
        "cloudformation_type": staticmethod(lambda: name),
        "cloudformation_name_type": staticmethod(lambda: ""),
        "create_from_cloudformation_json": staticmethod(create),
        "update_from_cloudformation_json": staticmethod(update),
    }
    kind: Any = type(name.replace("::", ""), (CloudFormationModel,), parts)
    return kind  # type: ignore[no-any-return]


@functools.cache
def _kinds() -> list[type]:
    # Kept: moto finds them as long as there are any.
    return [
        _kind(
            "AWS::ApiGatewayV2::Api",
            _api,
            _import,
            lambda identity: _client("apigatewayv2").delete_api(ApiId=identity),
        ),
        _kind("AWS::ApiGatewayV2::Stage", _stage, _nothing, _nothing),
        _kind(
            "AWS::Scheduler::Schedule",
            _schedule,
            lambda _, new: _client("scheduler").update_schedule(**new),
            lambda identity: _client("scheduler").delete_schedule(Name=identity),
        ),
        _kind("AWS::Lambda::EventInvokeConfig", _invoke_config, lambda _, new: _invoke_config(new), _nothing),
        _kind(
            "AWS::CloudWatch::Alarm",
            _alarm,
            lambda _, new: _alarm(new),
            lambda identity: _client("cloudwatch").delete_alarms(AlarmNames=[identity]),
        ),
    ]
