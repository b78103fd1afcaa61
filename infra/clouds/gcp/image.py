"""The one image that every service runs: built once for a version of the source, and again in a later month.

``gcloud run deploy --source --base-image`` is not used: it refuses a folder with a Dockerfile (surface/run/deploy.py of
gcloud), and builds in the services' own region, where not every project may. This is what ``gcloud builds submit
--pack`` makes of its flags, with two variables instead of one (command_lib/builds/submit_util.py). The buildpack sets
FUNCTION_TARGET only where a service does not (pkg/gcpbuildpack/env.go of GoogleCloudPlatform/buildpacks).
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from infra.clouds.cli import Command, File
from infra.clouds.gcp import project
from infra.clouds.gcp.project import PREFIX, Existing, Place
from infra.clouds.gcp.services import TOGETHER
from shared import ROOT

BUILDER_ACCOUNT = f"{PREFIX}-build"
# The buildpack of the newest builder installs by uv, which the tests of the image do not see; and its Python is 3.13 or
# newer: https://docs.cloud.google.com/docs/buildpacks/builders.
BUILDER = "gcr.io/buildpacks/builder:google-22"
PYTHON = "3.12.x"
# As .gcloudignore lets them in, but for the templates that the deployment compiles from these.
SOURCES = (
    "main.py",
    "requirements.txt",
    "functions/**/*",
    "shared/**/*",
    "infra/__init__.py",
    "infra/table.py",
    "infra/functions.toml",
    "infra/local/__init__.py",
    "infra/local/gateway.py",
    "infra/clouds/__init__.py",
    "infra/clouds/gcp/__init__.py",
    "infra/clouds/gcp/front.py",
)
# Beside the code, and no part of it; settings, databases and what waits to be sent may even be secret.
_LEFT_OUT = ("__pycache__", "*.pyc", "*.md", ".env*", "*.db", "*.db-*", "spool-*", "status_page.json.gz*")
# The image of the version before stays for a while. A running service needs none: Cloud Run keeps a copy.
_KEPT = [
    {"name": "newest", "action": {"type": "Keep"}, "mostRecentVersions": {"keepCount": 2}},
    {"name": "old", "action": {"type": "Delete"}, "condition": {"tagState": "ANY", "olderThan": "3d"}},
]


def sources() -> dict[str, Path]:
    """The files that are uploaded, by their names there."""
    found = (path for pattern in SOURCES for path in sorted(ROOT.glob(pattern)))
    files = {path.relative_to(ROOT).as_posix(): path for path in found if path.is_file()}
    return {name: path for name, path in files.items() if not any(map(_is_left_out, name.split("/")))}


def _is_left_out(part: str) -> bool:
    return any(fnmatch(part, pattern) for pattern in _LEFT_OUT)


def tag(now: datetime) -> str:
    """The tag of the image. The same source has the same for a month: what is below it may have been fixed since."""
    digest = hashlib.sha256(json.dumps([BUILDER, PYTHON]).encode())
    for name, path in sources().items():
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return f"{now:%Y-%m}-{digest.hexdigest()[:12]}"


def name(place: Place, tag: str) -> str:
    """The image that the services run."""
    return f"{project.image(place)}:{tag}"


def storage(place: Place, existing: Existing) -> Iterator[Command]:
    """The repository of images, and the bucket of their sources."""
    location = f"--location={place.region}"
    if PREFIX not in existing.repositories:
        create = ("artifacts", "repositories", "create", PREFIX, "--repository-format=docker", location)
        yield place.command(*create)
    policy = File("--policy", "kept-images.json", _KEPT)
    yield place.command("artifacts", "repositories", "set-cleanup-policies", PREFIX, location, policy)
    if place.bucket not in existing.buckets:
        # Made by us: a bucket of this name that is somebody else's would otherwise get our source, and could change it.
        yield place.command(
            "storage",
            "buckets",
            "create",
            f"gs://{place.bucket}",
            f"--location={place.build_region}",
            "--uniform-bucket-level-access",
            "--public-access-prevention",
        )


def build(place: Place, existing: Existing, tag: str) -> Iterator[Command]:
    """Build the image, unless it is there."""
    if tag not in existing.tags:
        yield place.command(
            "builds",
            "submit",
            ".",
            File("--config", "build.json", configuration(place, tag)),
            f"--region={place.build_region}",
            f"--gcs-source-staging-dir=gs://{place.bucket}/source",
        )


def configuration(place: Place, tag: str) -> dict[str, Any]:
    """The steps of Cloud Build."""
    image = name(place, tag)
    variables = {"GOOGLE_FUNCTION_TARGET": TOGETHER, "GOOGLE_PYTHON_VERSION": PYTHON}
    flags = [word for each, value in variables.items() for word in ("--env", f"{each}={value}")]
    step = {
        "name": "gcr.io/k8s-skaffold/pack",
        "entrypoint": "pack",
        "args": ["build", image, "--network", "cloudbuild", "--builder", BUILDER, *flags],
    }
    return {
        "steps": [step],
        "images": [image],
        # An account of one's own needs a bucket of one's own for the log, which gcloud then shows.
        "serviceAccount": f"projects/{place.project}/serviceAccounts/{place.account(BUILDER_ACCOUNT)}",
        "logsBucket": f"gs://{place.bucket}",
        "timeout": "1200s",
    }


def removal(place: Place, existing: Existing) -> Iterator[Command]:
    """Remove all of it."""
    if PREFIX in existing.repositories:
        yield place.delete("artifacts", "repositories", "delete", PREFIX, f"--location={place.region}")
    if place.bucket in existing.buckets:
        yield place.delete("storage", "rm", f"gs://{place.bucket}", "--recursive")
