"""The public URL in front of the functions."""

import pytest

from infra.clouds.gcp import gateway
from tests.infra.clouds.deployer import CALLED, Step
from tests.infra.clouds.gcp.life import only, url
from tests.support.recording_gcloud import HOST, Call
from tests.support.routes import methods_of

pytestmark = pytest.mark.together("gcp")


def test_one_public_url_leads_to_all_that_people_call(deployed: Step[Call]) -> None:
    [call] = only(deployed.calls, "api-gateway", "api-configs", "create")
    document = call.files["--openapi-spec"]
    routes = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    taken = [(row, route, method) for row in CALLED for route in row.routes for method in methods_of(route)]
    assert set(routes) == {(method, route.braced) for _, route, method in taken}
    for row, route, method in taken:
        operation = routes[method, route.braced]
        backend = operation["x-google-backend"]
        # No two may be called the same.
        assert operation["operationId"] == (f"{route.name}_head" if method == "HEAD" else route.name)
        assert backend["address"] == backend["jwt_audience"] == url(row.name)
        assert backend["path_translation"] == "APPEND_PATH_TO_ADDRESS"
        assert [each["name"] for each in operation.get("parameters", [])] == route.parameters
    assert document["swagger"] == "2.0"
    assert call.flags["--backend-auth-service-account"] == "bonghwa-gateway@my-project.iam.gserviceaccount.com"
    [created] = only(deployed.calls, "api-gateway", "gateways", "create")
    assert (created.flags["--api-config"], created.flags["--location"]) == (call.words[3], "asia-northeast1")
    assert f"https://{HOST}/" in deployed.said


@pytest.mark.parametrize(
    ("region", "near"),
    [("asia-northeast3", "asia-northeast1"), ("europe-north1", "europe-west1"), ("us-east4", "us-central1")],
)
def test_the_gateway_is_near_the_functions(region: str, near: str) -> None:
    assert gateway.region_near(region) == near
