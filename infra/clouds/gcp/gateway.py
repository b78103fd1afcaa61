"""One public URL for the functions that people call: an API Gateway, made from the table.

A load balancer would do too, but costs some 18 dollars a month before the first call and wants a domain; the gateway is
free for two million calls a month, brings a name with a certificate, and lets the functions behind it stay private.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from infra.clouds.cli import Command, File
from infra.clouds.gcp.project import PREFIX, Existing, Place
from infra.table import rows
from shared import __version__

ACCOUNT = f"{PREFIX}-gateway"
# Where API Gateway is, by the part of the world that a region's name begins with.
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
    """The gateway's routes, as OpenAPI 2.0 with Google's extension. What a schedule calls is not among them."""
    paths: dict[str, dict[str, Any]] = {}
    for row in rows():
        if row.every is not None:
            continue
        operation: dict[str, Any] = {
            "operationId": row.name,
            "responses": {"default": {"description": "As the function answers."}},
            "x-google-backend": {
                "address": place.url(row),
                "jwt_audience": place.url(row),
                "path_translation": "APPEND_PATH_TO_ADDRESS",
                "deadline": DEADLINE_SECONDS,
            },
        }
        if names := re.findall("<(.*?)>", row.path):
            # As text: what is not a number gets the function's own 404.
            said = {"in": "path", "required": True, "type": "string"}
            operation["parameters"] = [{"name": name, **said} for name in names]
        methods = paths.setdefault(re.sub("<(.*?)>", r"{\1}", row.path), {})
        methods[row.method.lower()] = operation
        if row.method == "GET":
            # What may be got may be asked for without its body too; the gateway refuses a method that is not here.
            methods["head"] = {**operation, "operationId": f"{row.name}_head"}
    info = {"title": "Bonghwa", "version": __version__}
    return {"swagger": "2.0", "info": info, "schemes": ["https"], "paths": paths}


def config_name(place: Place) -> str:
    """A config cannot be changed, only replaced: it is named by what is in it."""
    return f"{PREFIX}-{hashlib.sha256(json.dumps(document(place)).encode()).hexdigest()[:12]}"


def commands(place: Place, existing: Existing) -> Iterator[Command]:
    """Create the gateway, or bring it up to date, and then remove the configs that it had before."""
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
