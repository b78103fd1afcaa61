"""Things that an older version made, and no deployment makes any more: functions, an API Gateway and workflows."""

from collections.abc import Iterator

from infra.clouds.cli import Command
from infra.clouds.gcp.project import PREFIX, Existing, Place

# To the account of the schedules, which called workflows.
INVOKER = "roles/workflows.invoker"


def functions(place: Place, existing: Existing) -> Iterator[Command]:
    """Remove the functions. A function's service has the name of ours, and would go with it later."""
    for name in sorted(existing.functions):
        yield place.delete("functions", "delete", name, f"--region={place.region}")


def gateway(place: Place, existing: Existing) -> Iterator[Command]:
    """Remove the gateway. In this order, since each is used by the one before."""
    for name, location in sorted(existing.gateways.items()):
        yield place.delete("api-gateway", "gateways", "delete", name, f"--location={location}")
    for name in sorted(existing.configs):
        yield place.delete("api-gateway", "api-configs", "delete", name, f"--api={PREFIX}")
    if PREFIX in existing.gateway_apis:
        yield place.delete("api-gateway", "apis", "delete", PREFIX)


def workflows(place: Place, existing: Existing) -> Iterator[Command]:
    """Remove the workflows."""
    for name in sorted(existing.workflows):
        yield place.delete("workflows", "delete", name, f"--location={place.region}")
