"""A function with several routes is added as any other, and answers the same in one process, apart and alone."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
import requests

from tests.support import notes
from tests.support.forking.forks import run, starts_by_forks
from tests.support.running import API_KEY, FunctionAlone, LocalSystem, copy_project, environment
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project with one more function; what starts in it is a fork."""
    project = copy_project(tmp_path_factory.mktemp("larger"))
    notes.add_to(project)
    with starts_by_forks(project, environment(project)):
        yield project


@pytest.mark.parametrize("how", ["together", "separate", "alone"])
def test_every_route_answers_wherever_the_function_runs(larger: Path, tmp_path: Path, target: Target, how: str) -> None:
    variables = {"TARGET_URL": target.url, "CHECK_INTERVAL_SECONDS": "3600", "SEPARATE": str(int(how == "separate"))}
    with ExitStack() as stack:
        if how == "alone":
            running: Any = stack.enter_context(FunctionAlone(larger, tmp_path, notes.NAME))
        else:
            running = stack.enter_context(LocalSystem(larger, tmp_path, **variables))
        session = stack.enter_context(requests.Session())
        session.trust_env = False
        for method, path, found in notes.CALLS:
            answer = session.request(method, f"{running.url}{path}", headers={"X-API-Key": API_KEY}, timeout=30)
            if isinstance(found, list):
                assert (answer.status_code, answer.json()) == (200, found), (method, path)
            else:
                assert answer.status_code == found, (method, path)
                assert answer.headers.get("Allow") == (notes.ALLOWED[path] if found == 405 else None), (method, path)
        # API_AUTH is "ingest" here, and changing what there is needs the key all the same.
        for method, path, status in [
            ("DELETE", "/notes/7", 401),
            ("POST", "/notes/7/share", 200),
            ("GET", "/notes/7", 200),
            ("POST", "/beats/t0k3n/0", 200),
        ]:
            assert session.request(method, f"{running.url}{path}", timeout=30).status_code == status, (method, path)


def test_each_route_is_an_operation_of_the_document(larger: Path) -> None:
    run([sys.executable, "-m", "infra", "openapi"], larger, environment(larger)).check_returncode()
    described = json.loads((larger / "functions/describe_api/openapi.json").read_text(encoding="utf-8"))
    # The others are validated in the document of all functions.
    new = {path: item for path, item in described["paths"].items() if path.startswith(("/notes", "/beats"))}
    validator = openapi_spec_validator.OpenAPIV31SpecValidator
    openapi_spec_validator.validate(described | {"paths": new}, cls=validator)
    note, beat = described["paths"]["/notes/{id}"], described["paths"]["/beats/{token}/{what}"]
    assert {method: each["operationId"] for method, each in note.items()} == {
        "get": "get_note",
        "delete": "remove_note",
    }
    assert [each["security"] for each in (note["get"], note["delete"], beat["get"])] == [
        [{"ApiKey": []}, {}],
        [{"ApiKey": []}],
        [],
    ]
    assert note["delete"]["responses"]["204"] == {"description": "Forgotten."}
    assert ("401" in note["delete"]["responses"], "401" in beat["post"]["responses"]) == (True, False)
    for method in ("get", "post"):
        names = [each["name"] for each in beat[method]["parameters"]]
        assert names == ["token", "what", "status", "monitor", "kind", "limit", "cursor"]
    assert beat["post"]["requestBody"] == {"required": False, "content": {"text/plain": {"schema": {"type": "string"}}}}
