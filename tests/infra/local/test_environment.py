"""The settings file: the first start makes it, and the environment wins over it."""

import re
import stat
from pathlib import Path

import pytest

from infra.local.environment import make_dotenv
from tests.infra.command_line import infra
from tests.infra.local.starts import EVENT
from tests.support.running import LocalSystem, environment, started_together
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system

FALLEN = {"target_url": "http://fallen.example/", "is_success": False}


def settings_of(file: Path) -> dict[str, str]:
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", file.read_text()))


def test_only_the_first_start_makes_a_settings_file_with_a_key(
    new_project: Path, tmp_path: Path, target: Target
) -> None:
    file = new_project / ".env"
    # A user does not repeat in the environment what the file says.
    from_the_file = dict.fromkeys(["API_KEY", "LOG_DIR", "DATABASE_URL", "BACKEND_URL", "CHECK_TIMEOUT_SECONDS"])
    with LocalSystem(new_project, tmp_path, TARGET_URL=target.url, **from_the_file) as first:
        made = file.read_text()
        key = settings_of(file)["API_KEY"]

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(key) >= 32
        assert re.sub(r"(?m)^API_KEY=.*$", "API_KEY=", made) == (new_project / ".env.example").read_text()
        assert "made now" in first.output()
        assert key not in first.output()
        assert first.post("/events", EVENT, key=key).status_code == 201
        assert first.post("/events", EVENT).status_code == 401
        first.wait_until(lambda: target.hits)
        assert stat.S_IMODE((new_project / "notifications.db").stat().st_mode) == 0o600
        assert first.post("/events", EVENT | FALLEN, key=key).status_code == 201
        assert [alert["subject"] for alert in first.alerts()] == ["http://fallen.example/"]
        assert (new_project / "logs" / "server.log").exists()

    file.write_text(made + "# a line of the user's\n")
    with LocalSystem(new_project, tmp_path, TARGET_URL=target.url, **from_the_file) as second:
        assert file.read_text() == made + "# a line of the user's\n"
        assert "made now" not in second.output()
        assert second.post("/events", EVENT, key=key).status_code == 201


def test_two_settings_files_have_different_keys(new_project: Path) -> None:
    keys = set()
    for _ in range(2):
        assert make_dotenv(new_project)
        keys.add(settings_of(new_project / ".env")["API_KEY"])
        (new_project / ".env").unlink()
    assert len(keys) == 2


@pytest.mark.parametrize("words", [("init-db",), ("healthy", "--url", "http://127.0.0.1:1"), ("plan", "--monitors=3")])
def test_a_command_makes_no_settings_file(new_project: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Root would own it, and the system runs as another user."""
    done = infra(*words, environ=environment(tmp_path), project=new_project)
    assert "Traceback" not in done.stderr
    assert [path.name for path in new_project.glob(".env*")] == [".env.example"]


def test_the_environment_wins_over_the_settings_file(new_project: Path, tmp_path: Path, target: Target) -> None:
    (new_project / ".env").write_text(
        "API_KEY=from-the-file\nTARGET_URL=http://from-the-file.example\nMESSAGE_LANGUAGE=ko\nAPI_AUTH=all\n"
        "LOCATION=seoul\nLOCATION=\n"
    )
    variables = {"TARGET_URL": target.url, "API_KEY": "from-the-environment", "API_AUTH": "ingest"}
    with LocalSystem(new_project, tmp_path, MESSAGE_LANGUAGE=None, **variables) as running:
        assert running.post("/events", EVENT, key="from-the-file").status_code == 401
        assert running.post("/events", EVENT, key="from-the-environment").status_code == 201
        assert "from-the-file.example" not in running.output()
        assert "warning: LOCATION in line 5 of .env does not count, because line 6 is empty" in running.output()
        # A setting that only the file has counts too.
        target.is_down = True
        running.wait_until(lambda: running.told("장애"))


def test_two_first_starts_share_one_settings_file(new_project: Path, tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    systems = [LocalSystem(new_project, home, TARGET_URL="http://127.0.0.1:9/", API_KEY=None) for home in homes]
    with started_together(*systems):
        for system in systems:
            assert system.get("/").status_code in (200, 503)
    assert settings_of(new_project / ".env")["API_KEY"]
    assert [path.name for path in new_project.glob(".env*")] == [".env", ".env.example"]
