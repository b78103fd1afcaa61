"""One public URL for the functions that people call: an API Gateway, made from the table.

A load balancer would also work, but it costs some 18 dollars a month before the first call and needs a domain. The
gateway is free for two million calls a month, has a name and a certificate, and keeps the functions behind it private.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from infra.clouds.cli import Command, File
from infra.clouds.gcp.project import PREFIX, Existing, Place
from infra.table import Route, Row, rows
from shared import __version__

ACCOUNT = f"{PREFIX}-gateway"
# The regions that have API Gateway, by the part of the world with which a region's name begins.
REGIONS = {
    "asia": "asia-northeast1",
    "australia": "australia-southeast1",
    "europe": "europe-west1",
    "me": "europe-west1",
    "africa": "europe-west1",
}
ELSEWHERE = "us-central1"
DEADLINE_SECONDS = 60.0


def region_near(region: str) -> str:
    """The gateway's region for functions in ``region``."""
    return REGIONS.get(region.partition("-")[0], ELSEWHERE)


def document(place: Place) -> dict[str, Any]:
    """The gateway's routes, as OpenAPI 2.0 with Google's extension; without the scheduled functions."""
    paths: dict[str, dict[str, Any]] = {}
    for row in rows():
        for route in row.routes if row.every is None else ():
            operation = _operation(row, route, place)
            methods = paths.setdefault(route.braced, {})
            methods[route.method.lower()] = operation
            if route.method == "GET":
                # GET means HEAD too, but the gateway rejects a method that is not listed.
                methods["head"] = {**operation, "operationId": f"{route.name}_head"}
    info = {"title": "Bonghwa", "version": __version__}
    return {"swagger": "2.0", "info": info, "schemes": ["https"], "paths": paths}


def _operation(row: Row, route: Route, place: Place) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "responses": {"default": {"description": "The function's response."}},
        "x-google-backend": {
            "address": place.url(row),
            "jwt_audience": place.url(row),
            "path_translation": "APPEND_PATH_TO_ADDRESS",
            "deadline": DEADLINE_SECONDS,
        },
    }
    if route.parameters:
        # As text, so that something other than a number gets the function's own 404.
        facts = {"in": "path", "required": True, "type": "string"}
        operation["parameters"] = [{"name": name, **facts} for name in route.parameters]
    return operation


def config_name(place: Place) -> str:
    """The name of the config, made from its content: a config cannot be changed, only replaced."""
    return f"{PREFIX}-{hashlib.sha256(json.dumps(document(place)).encode()).hexdigest()[:12]}"


def commands(place: Place, existing: Existing) -> Iterator[Command]:
    """Create or update the gateway, and then remove its old configs."""
    config, location = config_name(place), f"--location={place.gateway_region}"
    if PREFIX not in existing.gateway_apis:
        yield place.command("api-gateway", "apis", "create", PREFIX)
    if config not in existing.configs:
        yield place.command(
            "api-gateway",
            "api-configs",
            "create",
            config,
            f"--api={PREFIX}",
            File("--openapi-spec", "gateway.json", document(place)),
            f"--backend-auth-service-account={place.account(ACCOUNT)}",
        )
    verb = "update" if PREFIX in existing.gateways else "create"
    yield place.command("api-gateway", "gateways", verb, PREFIX, f"--api={PREFIX}", f"--api-config={config}", location)
    for old in sorted(existing.configs - {config}):
        yield place.command("api-gateway", "api-configs", "delete", old, f"--api={PREFIX}")
