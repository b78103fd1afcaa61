"""AWS: the zip that the deployment builds and the stack of its template, run as Lambda does.

Routes, handlers, environment and schedules come from the translated template. Its parameters and the secrets come from
the deployment. API Gateway, the scheduler and its queue have stand-ins here, and moto is everything else.
"""

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from infra.clouds.aws import stages, template
from infra.clouds.aws.target import STACK, Existing, Place, Stored, id_of
from infra.clouds.cli import Command
from infra.table import agent
from tests.support.running import API_KEY, AWS
from tests.support.stand_ins.clouds.aws_api import FUNCTION_ERROR, AwsApi
from tests.system.runtimes import Runtime
from tests.system.runtimes.api_gateway import HttpApi, Route, routes_of
from tests.system.runtimes.confined import files_in
from tests.system.runtimes.processes import ROWS
from tests.system.runtimes.sandbox import PACKAGE, READ_AT_THE_START, TASK, InvocationFailed, Sandbox, Source
from tests.system.runtimes.stack import ACCOUNT, Stack

if TYPE_CHECKING:
    from boto3 import Session

PLACE = Place(ACCOUNT, "ap-northeast-2")
# The role's credentials, which each function finds in its environment. Its output is searched for the secret one.
TOKEN = "of-the-session"
CREDENTIALS = {name: AWS[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


def session() -> "Session":
    """A session with moto's AWS."""
    # Imported here, because the import takes long and every process of a distributed run collects this file.
    from boto3 import Session

    return Session("a", "b", region_name=PLACE.region)


class ParameterStore:
    """Secrets in moto's AWS. They exist while this is entered."""

    def __init__(self, url: str, secrets: Mapping[str, str]) -> None:
        self.url, self._first, self._names = url, secrets, list[str]()
        self._client = session().client("ssm", endpoint_url=url)

    def __enter__(self) -> Self:
        for name, text in self._first.items():
            self.put(name, text)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            self._client.delete_parameter(Name=name)

    def put(self, name: str, text: str) -> None:
        """Create a parameter, or give it a new version."""
        self._client.put_parameter(Name=name, Value=text, Type="SecureString", Overwrite=True)
        self._names = list(dict.fromkeys([*self._names, name]))

    def existing(self) -> Existing:
        """The things that a deployment finds there."""
        found = (self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"] for name in self._names)
        return Existing(parameters={each["Name"]: Stored(each["Version"], SecretStr(each["Value"])) for each in found})


class Aws(Runtime):
    """Every function as Lambda runs it, behind the API, and its schedules if a test asks for them."""

    def __init__(self, unpacked: Path, folder: Path, database_url: str, aws_url: str) -> None:
        super().__init__(database_url)
        self.unpacked, self.folder = unpacked, folder
        given = {"TARGET_URL": self.target.url, "ALLOW_PRIVATE_TARGETS": "true", "DATABASE_URL": database_url}
        given["FLAPPING_STARTS"] = "off"
        self._given = {**given, "API_KEY": API_KEY, **self.bot_api.environ}
        self.stack, self.secrets = self._deployed(Existing())
        self.functions = self.stack.of_type("AWS::Lambda::Function")
        self._store = ParameterStore(aws_url, self.secrets)
        self._names = {self.stack.arn(id_of(row)): name for name, row in ROWS.items()}
        self._lambda = AwsApi("lambda", PLACE.region, self._called, TOKEN)
        [api] = self.stack.of_type("AWS::ApiGatewayV2::Api").values()
        self._api = HttpApi(routes_of(api), self._invoke)
        self._turns = {name: itertools.cycle(self._events(name)) for name, row in ROWS.items() if row.every}
        self.sandboxes: dict[str, Sandbox] = {}
        # A new environment that a test asks for starts truly, as one of each function in the benchmark zip_start.
        self._source = Source(unpacked, folder)
        # The functions that the agent has called.
        self.called: list[str] = []
        self._fronts: dict[Sandbox, HttpApi] = {}
        self._outputs: list[Path] = []
        self.code = unpacked / TASK
        self.files_before = files_in(self.code)

    def parts(self) -> list[AbstractContextManager[Any]]:
        """See Runtime."""
        return [*super().parts(), self._store, self._queue(), self._source, self._api, self._lambda]

    def start(self) -> None:
        """See Runtime."""
        for name in ROWS:
            self._sandbox(name)

    def kill(self) -> None:
        """See Runtime."""
        for each in self.sandboxes.values():
            each.kill()
        self.sandboxes = {}

    def run(self, name: str) -> None:
        """See Runtime. A function's schedules take turns, including those through a queue."""
        self.invoke(name, next(self._turns[name]))

    def ticks(self, name: str) -> list[str]:
        """The events of a function's schedule and of its queue, with the scheduler's placeholder for the time."""
        return list(self._events(name))

    def invoke(self, name: str, event: str) -> Any:
        """Call a function with an event of its schedule; its result."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._sandbox(name).invoke(json.loads(event.replace("<aws.scheduler.scheduled-time>", at)))

    def url(self, method: str, path: str, function: str | None) -> str:  # noqa: ARG002  # one URL leads to all
        """See Runtime. A function that only a schedule calls has no route; it is called as if it had one."""
        if function is None or ROWS[function].every is None:
            return f"{self._api.url}{path}"
        return f"{self._alone(function, self._sandbox(function))}{path}"

    def printed(self) -> str:
        """See Runtime."""
        return "".join(each.read_text(encoding="utf-8", errors="replace") for each in self._outputs)

    @contextlib.contextmanager
    def one_more(self, name: str, **variables: str) -> Iterator[str]:
        """Start another environment of a function, with other settings; its URL."""
        environ = self.environment(name)
        secret = f"/bonghwa/other-{len(self._outputs)}"
        self._store.put(secret, json.dumps(variables))
        # The last of several secrets with one setting counts.
        with self._new(name, environ | {"SECRET_NAMES": f"{environ['SECRET_NAMES']} {secret}:1"}) as more:
            yield self._alone(name, more)

    def processes(self) -> list[int]:
        """The processes of every running function."""
        return [process for each in self.sandboxes.values() for process in each.living()]

    @contextlib.contextmanager
    def redeployed(self, name: str, **settings: str) -> Iterator[tuple[dict[str, str], str]]:
        """A new environment of a function after another deployment: its variables and its URL. Running ones stay."""
        stack, secrets = self._deployed(self._store.existing(), **settings)
        for secret, text in secrets.items():
            self._store.put(secret, text)
        environ = self.environment(name, stack.of_type("AWS::Lambda::Function")[id_of(ROWS[name])])
        with self._new(name, environ) as new:
            yield environ, self._alone(name, new)

    def later_runs(self) -> int:
        """How many runs wait in the agent's queue until it is time."""
        client = session().client("sqs", endpoint_url=self._store.url)
        found = client.get_queue_attributes(
            QueueUrl=self._queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessagesDelayed"])

    def memory_shares(self) -> dict[str, float]:
        """For each running function, the share of its instance's memory that it uses."""
        sizes = {name: self.functions[id_of(ROWS[name])]["MemorySize"] for name in self.sandboxes}
        return {name: each.memory_mib() / sizes[name] for name, each in self.sandboxes.items()}

    def environment(self, name: str, function: Mapping[str, Any] | None = None) -> dict[str, str]:
        """A function's environment variables: those of the template, and Lambda's own."""
        function = function or self.functions[id_of(ROWS[name])]
        environ = dict(function["Environment"]["Variables"])
        assert all(isinstance(value, str) for value in environ.values())
        if "BACKEND_URL" in environ:
            assert (environ["BACKEND_URL"], environ["SPOOL_DIR"]) == (self.stack.output("Url"), "/tmp")
            # Nothing listens where its reports would go without a direct call.
            environ |= {"BACKEND_URL": "http://127.0.0.1:1", "SPOOL_DIR": str(self.folder)}
        return environ | {
            **CREDENTIALS,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_REGION": PLACE.region,
            "AWS_DEFAULT_REGION": PLACE.region,
            "AWS_ENDPOINT_URL": self._store.url,
            "AWS_ENDPOINT_URL_LAMBDA": self._lambda.url,
            "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function['Runtime']}",
            "_HANDLER": function["Handler"],
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            **READ_AT_THE_START,
            "TMPDIR": str(self.folder),
            "TIMEOUT_SECONDS": str(function["Timeout"]),
        }

    def _deployed(self, existing: Existing, **settings: str) -> tuple[Stack, dict[str, str]]:
        parameters, secrets = set_by_the_deployment(existing, self._given | settings, self.unpacked / PACKAGE)
        return Stack(template.FILE, STACK, PLACE.region, parameters), secrets

    def _sandbox(self, name: str) -> Sandbox:
        if name not in self.sandboxes:
            self.sandboxes[name] = self._new(name, self.environment(name), self._source)
            self.sandboxes[name].start()
        return self.sandboxes[name]

    def _new(self, name: str, environ: Mapping[str, str], source: Source | None = None) -> Sandbox:
        self._outputs.append(self.folder / f"{name}-{len(self._outputs)}.txt")
        self._outputs[-1].touch()
        return Sandbox(self.unpacked, self.folder, environ, self._outputs[-1], source=source)

    def _invoke(self, arn: str, event: dict[str, Any]) -> Any:
        return self._sandbox(self._names[arn]).invoke(event)

    def _called(self, path: str, event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        """Lambda's API, for the agent's role."""
        name = path.removeprefix("/2015-03-31/functions/").removesuffix("/invocations")
        arn = next(arn for arn in self._names if arn.endswith(f":function:{name}"))
        role = self.stack.of_type("AWS::IAM::Role")[f"{id_of(agent())}Role"]
        statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        if arn not in next(each["Resource"] for each in statements if each["Action"] == ["lambda:InvokeFunction"]):
            return 403, {"Message": "not authorized to perform: lambda:InvokeFunction"}, {}
        self.called.append(arn)
        try:
            return 200, self._invoke(arn, event), {}
        except InvocationFailed as failure:
            return 200, {"errorMessage": str(failure)}, {FUNCTION_ERROR: "Unhandled"}

    @contextlib.contextmanager
    def _queue(self) -> Iterator[None]:
        """The queue that the agent sends its later runs to, in moto's AWS."""
        client = session().client("sqs", endpoint_url=self._store.url)
        url = self.functions[id_of(agent())]["Environment"]["Variables"]["LATER_RUNS_QUEUE"]
        self._queue_url = client.create_queue(QueueName=url.rpartition("/")[2])["QueueUrl"]
        yield
        client.delete_queue(QueueUrl=self._queue_url)

    def _alone(self, name: str, sandbox: Sandbox) -> str:
        """The URL of an API that leads only to one environment of a function."""
        if sandbox not in self._fronts:
            routes = [Route("ANY", route.braced, name) for route in ROWS[name].routes]
            front = HttpApi(routes, lambda _, event: sandbox.invoke(event))
            self._fronts[sandbox] = self._stack.enter_context(front)
        return self._fronts[sandbox].url

    def _events(self, name: str) -> Iterator[str]:
        """The event of each of the function's schedules, with the scheduler's placeholder for the time in it."""
        for schedule in self.stack.of_type("AWS::Scheduler::Schedule").values():
            target = schedule["Target"]
            if target["Arn"] == self.stack.arn(id_of(ROWS[name])):
                yield target["Input"]
        for source in self.stack.of_type("AWS::Lambda::EventSourceMapping").values():
            if source["FunctionName"] == self.functions[id_of(ROWS[name])]["FunctionName"]:
                yield json.dumps({"Records": [_record(source["EventSourceArn"], "<aws.scheduler.scheduled-time>")]})


def _record(queue: str, body: str) -> dict[str, Any]:
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        "messageAttributes": {},
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": PLACE.region,
    }


def set_by_the_deployment(
    existing: Existing, given: Mapping[str, str], package: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """The stack's parameters and the new secrets, by name, from the command lines of a deployment."""
    plan = stages.deployment(PLACE, existing, given, package, "")
    commands: list[Command] = [command for stage in plan for command in stage.commands]
    [deploy] = [each for each in commands if each.words()[1:3] == ["cloudformation", "deploy"]]
    words = deploy.words()
    overrides = itertools.takewhile(
        lambda word: not word.startswith("--"), words[words.index("--parameter-overrides") + 1 :]
    )
    secrets = {}
    for command in commands:
        if command.words()[1:3] == ["ssm", "put-parameter"]:
            [name] = [word.removeprefix("--name=") for word in command.words() if word.startswith("--name=")]
            secrets[name] = str(command.files[0].content["Value"])
    return dict(word.split("=", 1) for word in overrides), secrets
