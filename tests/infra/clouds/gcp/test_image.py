"""The one image: what is uploaded for it, when it is built, and where."""

from datetime import UTC, datetime
from pathlib import Path

import pathspec
import pytest

from infra.clouds.gcp import image
from infra.clouds.gcp.project import BUILD_REGIONS, Existing, build_region_near
from shared import ROOT
from tests.infra.clouds.deployer import Step
from tests.infra.clouds.gcp.life import GcpDeployer, Steps, only
from tests.support.recording_gcloud import Call
from tests.system.runtimes.google import PLACE, uploaded

pytestmark = pytest.mark.together("gcp")
JANUARY, FEBRUARY = datetime(2026, 1, 8, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def test_only_what_the_functions_need_is_uploaded() -> None:
    needed = {
        path.relative_to(ROOT).as_posix()
        for name in ("functions", "shared")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix in (".py", ".sql", ".json", ".html", ".css", ".js", ".svg", ".LICENSE")
    }
    assert uploaded() >= needed
    # The compiled ones, if there are any; a deployment compiles first.
    others = {name for name in uploaded() if not name.startswith(("functions/", "shared/", "build/templates/"))}
    # The gateway before the functions, and the table that it reads.
    assert others == {
        *("main.py", "requirements.txt", "infra/table.py", "infra/functions.toml", "infra/local/gateway.py"),
        *("infra/clouds/gcp/front.py", "infra/clouds/gcp/__init__.py", "infra/clouds/__init__.py"),
        *("infra/__init__.py", "infra/local/__init__.py"),
    }


@pytest.mark.parametrize(
    "left",
    [
        *("functions/.env", "shared/.env.gcp", "functions/health/.env"),
        *("shared/notifications.db", "shared/notifications.db-wal", "functions/spool-0123456789ab/3.json"),
        *("functions/status_page/status_page.json.gz", "functions/status_page/status_page.json.gz.new"),
    ],
)
def test_what_somebody_left_among_the_code_stays_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: str
) -> None:
    """It may hold secrets, and everybody who may view the project can read the image."""
    for name in ("functions/health/main.py", left):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(image, "ROOT", tmp_path)
    assert list(image.sources()) == ["functions/health/main.py"]
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".gcloudignore").read_text().splitlines())
    assert ignored.match_file(left)
    assert not ignored.match_file("functions/health/main.py")


def test_the_tag_names_all_that_is_uploaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert set(image.sources()) == {name for name in uploaded() if not name.startswith("build/templates/")}
    tag = image.tag(JANUARY)
    assert image.tag(JANUARY) == tag
    # The layers below the source get their fixes although the source stays the same.
    assert image.tag(FEBRUARY).startswith("2026-02-")
    changed = tmp_path / "main.py"
    changed.write_text("another")
    files = {**image.sources(), "main.py": changed}
    monkeypatch.setattr(image, "sources", lambda: files)
    assert image.tag(JANUARY) != tag


def test_an_image_that_is_there_is_not_built_again(steps: Steps) -> None:
    assert len(only(steps["deployed"].calls, "builds", "submit")) == 1
    assert not only(steps["again"].calls, "builds", "submit")
    assert not only(steps["changed"].calls, "builds", "submit")


def test_a_build_is_what_gclouds_own_pack_makes(deployed: Step[Call]) -> None:
    """As command_lib/builds/submit_util.py of the SDK does, for the functions' buildpack, with a Python that it has."""
    [call] = only(deployed.calls, "builds", "submit")
    told = call.files["--config"]
    [step] = told["steps"]
    assert (step["name"], step["entrypoint"]) == ("gcr.io/k8s-skaffold/pack", "pack")
    assert step["args"][:4] == ["build", *told["images"], "--network", "cloudbuild"]
    assert step["args"][4:6] == ["--builder", "gcr.io/buildpacks/builder:google-22"]
    assert set(step["args"][6:]) == {"--env", "GOOGLE_FUNCTION_TARGET=together", "GOOGLE_PYTHON_VERSION=3.12.x"}
    assert told["serviceAccount"].endswith("/bonghwa-build@my-project.iam.gserviceaccount.com")
    assert call.words[2] == "."


@pytest.mark.parametrize(
    ("region", "near"),
    [
        ("asia-northeast3", "asia-east1"),
        ("europe-north1", "europe-west1"),
        ("us-east4", "us-central1"),
        ("us-west4", "us-west2"),
        ("us-west2", "us-west2"),
        ("northamerica-northeast1", "us-central1"),
        ("southamerica-west1", "southamerica-east1"),
        ("me-central1", "europe-west1"),
    ],
)
def test_it_is_built_where_every_project_may(region: str, near: str) -> None:
    assert build_region_near(region) == near
    assert near in BUILD_REGIONS.values()


def test_a_region_that_builds_nothing_is_explained(deployer: GcpDeployer) -> None:
    deployer.cloud.forbids = {"builds"}
    refused = deployer.run("deploy", "--yes", "--build-region=asia-northeast3")
    assert refused.returncode == 1
    fix = refused.error.splitlines()[-1]
    assert fix.startswith("this project may build in a few regions: --build-region takes asia-east1, australia-")
    done = deployer.run("deploy", "--yes")
    assert (done.returncode, done.error) == (0, "")


def test_old_images_are_deleted_by_themselves() -> None:
    [policies] = [
        file.content
        for command in image.storage(PLACE, Existing())
        for file in command.files
        if "set-cleanup-policies" in command.words()
    ]
    assert [policy["action"]["type"] for policy in policies] == ["Keep", "Delete"]
    assert policies[0]["mostRecentVersions"] == {"keepCount": 2}
