"""A function with several routes behind the public URL."""

import pytest

from infra.clouds.gcp.project import PREFIX
from tests.infra.clouds.gcp.life import GcpDeployer, only, url
from tests.support import notes

pytestmark = pytest.mark.system


def test_every_route_of_a_function_leads_to_it(deployer: GcpDeployer) -> None:
    notes.add_to(deployer.project)
    step = deployer.run("deploy", "--yes")
    assert (step.returncode, step.error) == (0, "")
    [config] = only(step.calls, "api-gateway", "api-configs", "create")
    paths = config.files["--openapi-spec"]["paths"]
    found = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation["x-google-backend"]["address"] == url(notes.NAME)
    }
    assert found == {
        "GET /notes": "list_notes",
        "HEAD /notes": "list_notes_head",
        "POST /notes": "add_note",
        "GET /notes/{id}": "get_note",
        "HEAD /notes/{id}": "get_note_head",
        "DELETE /notes/{id}": "remove_note",
        "GET /notes/newest": "get_newest",
        "HEAD /notes/newest": "get_newest_head",
        "POST /notes/{id}/share": "share_note",
        "GET /beats/{token}/{what}": "beat",
        "HEAD /beats/{token}/{what}": "beat_head",
        "POST /beats/{token}/{what}": "beat_post",
    }
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert [each["name"] for each in paths["/beats/{token}/{what}"]["post"]["parameters"]] == ["token", "what"]
    # One function, with the key and the caller of every other.
    [made] = [each for each in only(step.calls, "functions", "deploy") if each.flags["--entry-point"] == notes.NAME]
    assert made.words[2] == f"{PREFIX}-keep-notes"
    assert f"API_KEY={PREFIX}-api-key:latest" in made.flags["--set-secrets"]
    assert "--no-allow-unauthenticated" in made.flags
    [caller] = only(step.calls, "functions", "add-invoker-policy-binding", made.words[2])
    assert caller.flags["--member"].startswith(f"serviceAccount:{PREFIX}-gateway@")
