"""The image and what starts it, as far as they can be tried without Docker."""

import json
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import ROOT
from shared.settings import Settings
from tests.infra.installing import context
from tests.support.running import API_KEY, LocalSystem

LEFT_OUT = [
    *(".env", ".git/config", ".venv/bin/python", "notifications.db", "notifications.db-wal", "bonghwa.yaml"),
    *("logs/server.log", "backups/1.db", "tests/conftest.py", "README.md", "functions/README.md", "spool-ab12/1"),
    *("functions/.env", "shared/.env.gcp", "shared/a.db", "infra/local/a.db-shm", "shared/spool-ab12/events.db"),
    *("shared/__pycache__/a.cpython-312.pyc", "infra/status_page.json.gz", "build/code.zip", "config/bonghwa.yaml"),
]
SETTINGS = {str(each.alias) for each in Settings.model_fields.values()}


@pytest.mark.parametrize("path", LEFT_OUT)
def test_no_secret_and_no_database_gets_into_the_image(path: str) -> None:
    assert context.ignored().has(path)
    assert list(context.sent([path])) == []


def test_what_is_copied_exists_and_is_sent() -> None:
    for source, _ in context.sources():
        assert (ROOT / source).exists(), source
        assert not context.ignored().has(source.rstrip("/")), source


def test_everything_that_runs_is_in_the_image() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = listing.stdout.splitlines()
    tops = r"(main\.py|requirements\.txt|\.env\.example|(functions|shared|infra)/)"
    running = {path for path in listed if re.match(tops, path)}
    assert set(context.sent(listed)) == {path for path in running if not path.endswith(".md")}


def test_the_last_pattern_decides() -> None:
    ignored = context.Ignored("*\n!a\n**/*.db\n!a/keep.db\nb?\n")
    found = [path for path in ("a/x.py", "a/b/x.db", "a/keep.db", "x.py", "b1", "c/d") if not ignored.has(path)]
    assert found == ["a/x.py", "a/keep.db"]


def test_the_image_runs_as_somebody_who_owns_nothing_but_the_data() -> None:
    users = [each.text for each in context.instructions() if each.name in ("USER", "ENTRYPOINT")]
    assert users[0] == "10001:10001"
    assert context.one("VOLUME").text == "/data"
    copied = [each.text for each in context.instructions() if each.name == "COPY"]
    assert not any("--chown" in each for each in copied)
    assert context.one("ENTRYPOINT").words[:2] == ["/usr/bin/tini", "--"]
    settings = Settings.from_env(context.variables())
    assert settings.database_path == Path("/data/notifications.db")
    assert settings.api_auth == "all"
    assert set(context.variables()) - {"PYTHONUNBUFFERED"} <= SETTINGS


@pytest.mark.system
def test_what_the_image_has_runs_on_a_read_only_file_system(tmp_path: Path) -> None:
    """It starts by the image's own words, is healthy by them, writes nothing beside its data, and ends at SIGTERM."""
    image, data = context.make(tmp_path / "image"), tmp_path / "data"
    data.mkdir()
    before = sorted(image.rglob("*"))
    for path in [image, *before]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    variables = {name: value.replace("/data", str(data)) for name, value in context.variables().items()}
    # Elsewhere it is nobody's business, and the port may be another's.
    variables = {**variables, "FLASK_HOST": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", "CONFIG_FILE": ""}
    variables.pop("FLASK_PORT")
    _, _, *start = context.one("ENTRYPOINT").words
    assert start == ["/srv/bonghwa/.venv/bin/python", "-m", "infra.local"]
    with LocalSystem(image, tmp_path, **variables) as system:
        asking = [sys.executable, *context.one("HEALTHCHECK").words[1:]]
        healthy = subprocess.run(asking, cwd=image, env=system.environ, capture_output=True, text=True, check=False)
        assert (healthy.returncode, healthy.stdout.partition(";")[0].strip()) in ((0, "ok"), (0, "degraded"))
        assert system.get("/metrics", headers={"Authorization": f"Bearer {API_KEY}"}).status_code == 200
        system.process.send_signal(getattr(signal, context.one("STOPSIGNAL").text))
        assert system.process.wait(10) == 0
        gone = subprocess.run(asking, cwd=image, env=system.environ, capture_output=True, text=True, check=False)
        assert (gone.returncode, "cannot be reached" in gone.stderr) == (1, True)
    assert (data / "notifications.db").is_file()
    assert sorted(path for path in image.rglob("*") if path.name != ".env") == before


@pytest.mark.system
def test_the_image_plans_for_a_cloud_by_the_settings_that_it_has(tmp_path: Path) -> None:
    image = context.make(tmp_path / "image")
    environ = {"TARGET_URL": "https://a.example/ https://b.example/", "CHECK_INTERVAL_SECONDS": "60"}
    asking = [sys.executable, "-m", "infra", "plan", "--json"]
    done = subprocess.run(asking, cwd=image, env=environ, capture_output=True, text=True, check=False)
    planned = {each["platform"]: (each["monitors"], each["interval_seconds"]) for each in json.loads(done.stdout)}
    assert planned == {"local": (2, 60), "gcp": (2, 60), "aws": (2, 60)}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_compose_starts_the_image_without_privileges() -> None:
    ours = compose()["services"]["bonghwa"]
    assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
    assert ours["security_opt"] == ["no-new-privileges:true"]
    # Otherwise Docker would open the port in the machine's firewall too.
    assert [port.rpartition(":")[0].rpartition(":")[0] for port in ours["ports"]] == ["127.0.0.1"]
    assert "privileged" not in ours


def test_compose_trusts_the_proxy_that_docker_shows() -> None:
    given = compose()["services"]["bonghwa"]["environment"]["TRUSTED_PROXIES"]
    settings = Settings.from_env({"TRUSTED_PROXIES": given.removeprefix("${TRUSTED_PROXIES:-").removesuffix("}")})
    # The gateway of a network that Docker makes by default, and somebody in the internet.
    assert [settings.trusts(address) for address in ("172.18.0.1", "203.0.113.9")] == [True, False]


def test_compose_has_the_database_in_a_profile_alone() -> None:
    services = compose()["services"]
    assert {name: each.get("profiles") for name, each in services.items()} == {
        "bonghwa": None,
        "database": ["postgresql"],
    }
    assert services["bonghwa"]["depends_on"]["database"] == {"condition": "service_healthy", "required": False}
    named = {volume.partition(":")[0] for each in services.values() for volume in each["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(compose()["volumes"])


def test_compose_and_the_image_store_in_the_same_places() -> None:
    given = compose()["services"]["bonghwa"]["environment"]
    of_image = context.variables()
    assert {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", given[name]) for name in given.keys() & of_image.keys()} == {
        name: value for name, value in of_image.items() if name != "PYTHONUNBUFFERED"
    }
    assert given.keys() <= SETTINGS
    assert "data:/data" in compose()["services"]["bonghwa"]["volumes"]
