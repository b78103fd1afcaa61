"""The OpenAPI document: made from the models, valid, worth reading, and true of the running system."""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
import requests
from jsonschema import Draft202012Validator

from infra.openapi.document import FILE, document
from tests.support.routes import ROUTES, filled
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target

# The responses to a request that breaks the document; 414 comes from the server, before any function.
REFUSALS = ["400", "401", "404", "405", "409", "413", "414", "415", "429"]
POLICIES = [
    *("create_monitor", "replace_monitor", "change_monitor", "apply_configuration"),
    *("create_window", "change_window"),
    # A schema cannot say which monitors there are.
    *("create_incident", "change_incident"),
]
# A schema cannot say which two times make a span of few buckets.
SPANS = ["show_monitor_history", "show_group_history", "list_events"]
# Models that ignore fields which they do not know.
TAKEN = {"Event", "CheckAttempt", "Cause", "ClaimRequest", "Configuration"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def needs_key(operation: dict[str, Any]) -> bool:
    return bool(operation["security"]) and {} not in operation["security"]


# --- made and committed -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_committed_document_is_what_the_models_say(described: dict[str, Any]) -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == described, "python -m infra openapi"


@pytest.mark.slow
def test_the_document_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(described, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_every_function_is_an_operation_at_its_place(described: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, method, operation in operations(described)
    }
    assert found == {route.name: (route.method, route.path) for _, route in ROUTES}


# --- worth reading ------------------------------------------------------------------------------------------------


def test_everything_is_said_in_words(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        assert operation["summary"], (method, path)
        assert operation["description"].endswith("."), (method, path)
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
    for name, schema in described["components"]["schemas"].items():
        assert schema["description"], name
        for field, of_field in schema.get("properties", {}).items():
            is_said = "description" in of_field or "const" in of_field
            assert is_said, f"say what {name}.{field} means in infra/openapi/fields.py"


def contents(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type that has a schema, by where it stands."""
    for path, method, operation in operations(described):
        taken = operation.get("requestBody", {})
        for status, holder in {"body": taken, **operation["responses"]}.items():
            for content in holder.get("content", {}).values():
                yield f"{method} {path} {status}", content
    for name, response in described["components"]["responses"].items():
        for content in response.get("content", {}).values():
            yield name, content


def test_every_example_is_one_of_what_it_is_an_example_of(described: dict[str, Any]) -> None:
    count, strict = 0, closed(described)
    for place, content in contents(strict):
        validator = Draft202012Validator(content["schema"] | {"components": strict["components"]})
        shown = [each["value"] for each in content.get("examples", {}).values()]
        shown += [content["example"]] if "example" in content else []
        for example in shown:
            count += 1
            assert [error.message for error in validator.iter_errors(example)] == [], place
    assert count > 20


def test_what_needs_the_key_says_so(described: dict[str, Any]) -> None:
    assert {operation["operationId"] for _, _, operation in operations(described) if needs_key(operation)} == {
        *("ingest_event", "check_monitors", "claim", "report_trial", "deliver_notifications", "review_alerts"),
        "maintain_store",
        *("create_monitor", "replace_monitor", "change_monitor", "remove_monitor", "want_check", "apply_configuration"),
        *("create_window", "change_window", "end_window"),
        *("create_incident", "change_incident", "remove_incident"),
        "start_drill",
    }


# --- true of the running system -----------------------------------------------------------------------------------


def closed(described: dict[str, Any]) -> dict[str, Any]:
    """The document with nothing allowed in an answer beyond what it names."""
    strict = deepcopy(described)
    for name, schema in strict["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in TAKEN:
            schema["additionalProperties"] = False
    return strict


def locked(described: dict[str, Any]) -> dict[str, Any]:
    """The document as it is where API_AUTH is ``all``."""
    strict = deepcopy(described)
    for _, _, operation in operations(strict):
        operation["security"] = [each for each in operation["security"] if each]
    return strict


def run_schemathesis(
    system: LocalSystem,
    described: dict[str, Any],
    phases: tuple[str, ...],
    max_examples: int,
    *,
    generated: int,
    stored: int,
    left_out: Collection[str] = (),
    tested: int | None = None,
) -> None:
    """Run these phases with every check, and see that all of it ran and went well, and how much it was at least.

    ``left_out``: operations that are not tried. ``tested``: how many operations are, if not all of the others.
    """
    folder = system.folder
    (folder / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(
        f"""
[auth.openapi.ApiKey]
api_key = "${{API_KEY}}"
[checks.negative_data_rejection]
expected-statuses = {REFUSALS}
# Whoever is not signed in is led to the sign-in, whatever is sent.
[[operations]]
include-path-regex = "^/dashboard"
checks.negative_data_rejection.expected-statuses = {[*REFUSALS, "303", "403"]}
# A schema cannot say which fields fit together, nor the grammar of a URL, of a condition, a duration or a date, nor
# which channels there are.
[[operations]]
include-operation-id = {[*POLICIES, *SPANS, "update_alert", "show_timeline", "start_drill"]}
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409"]
# Otherwise a run waits for what it has claimed.
[[operations]]
include-operation-id = "check_monitors"
parameters = {{ "seconds" = 0.1, "lasting" = 0.1 }}
""",
        encoding="utf-8",
    )
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml"]
    command += ["run", "openapi.json", "--url", system.url, "--phases", ",".join(phases)]
    for operation in left_out:
        command += ["--exclude-operation-id", operation]
    command += ["--checks", "all", "--max-response-time", "5", "--continue-on-failure", "--no-color"]
    # Derandomized: the same requests in every run, but for the ids that the system makes up meanwhile.
    command += ["--generation-deterministic", "--max-examples", str(max_examples)]
    command += ["--report", "json", "--report-json-path", "report.json"]
    run = subprocess.run(command, cwd=folder, env=system.environ, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["operations"]["tested"] >= (tested or len(ROUTES) - len(left_out))
    assert {phase for phase, said in report["phases"].items() if said["status"] == "success"} == {*phases}
    assert report["test_cases"]["generated"] > generated
    # It got past the door: what is valid was stored, and alerts came of it.
    assert system.rows("SELECT count(*) AS n FROM events")[0]["n"] > stored
    assert system.rows("SELECT count(*) AS n FROM alerts")[0]["n"] > 0
    assert not [line for line in system.output().splitlines() if "Traceback" in line or " defect " in line]


@pytest.fixture
def with_key(project: Path, tmp_path: Path, target: Target) -> Iterator[LocalSystem]:
    """A system in which every operation needs the key."""
    variables = {"API_AUTH": "all", "TARGET_URL": target.url, "CHECK_INTERVAL_SECONDS": "3600"}
    with LocalSystem(project, tmp_path, **variables) as system:
        yield system


@pytest.mark.system
def test_the_documents_examples_are_answered_as_it_says(with_key: LocalSystem, described: dict[str, Any]) -> None:
    phases = ("examples", "stateful")
    run_schemathesis(with_key, locked(closed(described)), phases, 1, generated=100, stored=0, tested=20)


@pytest.mark.nightly
def test_schemathesis_finds_no_fault_if_all_need_the_key(with_key: LocalSystem, described: dict[str, Any]) -> None:
    phases = ("examples", "fuzzing", "stateful")
    run_schemathesis(with_key, locked(closed(described)), phases, 25, generated=400, stored=5)


@pytest.fixture
def separate(project: Path, tmp_path: Path, target: Target) -> Iterator[LocalSystem]:
    variables = {"SEPARATE": "1", "TARGET_URL": target.url, "CHECK_INTERVAL_SECONDS": "3600"}
    with LocalSystem(project, tmp_path, **variables) as system:
        yield system


@pytest.mark.system
def test_separate_functions_serve_the_document_and_keep_it(separate: LocalSystem) -> None:
    served = separate.get("/openapi.json")
    assert (served.status_code, served.headers["Content-Type"]) == (200, "application/json")
    with requests.Session() as session:
        session.trust_env = False
        for path, method, operation in operations(served.json()):
            place = filled(path.replace("{", "<").replace("}", ">"))
            answer = session.request(method, f"{separate.url}{place}", timeout=30)
            assert (answer.status_code == 401) is needs_key(operation), path


@pytest.mark.nightly
def test_schemathesis_finds_no_fault_in_any_corner(separate: LocalSystem, described: dict[str, Any]) -> None:
    """Policies stay out: they have thousands of corners, which are no others in a process of their own."""
    phases = ("examples", "coverage")
    run_schemathesis(separate, closed(described), phases, 5, generated=500, stored=500, left_out=POLICIES)
