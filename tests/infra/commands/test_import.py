"""``python -m infra import`` as a person runs it."""

import json
from pathlib import Path

import pytest
import yaml

from infra.configuration.file import read
from infra.local.environment import values_in
from tests.infra.command_line import infra
from tests.infra.configuration.imports.kuma import Kuma

pytestmark = pytest.mark.slow


@pytest.fixture
def kuma(tmp_path: Path) -> Path:
    """A database with three monitors, one of which has no counterpart."""
    (tmp_path / "data").mkdir()
    database = Kuma(tmp_path / "data" / "kuma.db")
    site = database.monitor("Site", basic_auth_user="u", basic_auth_pass="p4ssw0rd")
    database.monitor("Job", "push", push_token="aB3dE5", interval=90_000)
    database.monitor("Game", "steam", hostname="h", port=1)
    database.notification("ops", "telegram", site, telegramBotToken="1:t0k3n", telegramChatID="-5")
    database.maintenance("w", site, strategy="cron", cron="0 3 * * *", duration=600, timezone="UTC")
    return database.close()


def test_it_writes_both_files_and_says_what_is_lost(kuma: Path, tmp_path: Path) -> None:
    output = tmp_path / "bonghwa.yaml"
    done = infra("import", str(kuma), "--output", str(output))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "imported 2 monitors, 1 channels, 1 windows; 2 notes"
    assert done.stderr.splitlines() == [
        "monitors 'Game': type steam: there is no such kind of check here; it is left out",
        "monitors: 1 without a notification: they notify no channel, as in Uptime Kuma (channels: [])",
    ]
    assert "p4ssw0rd" not in done.stdout + done.stderr + output.read_text()
    configuration = read(output, values_in(tmp_path / "bonghwa.env"))
    assert [monitor.name for monitor in configuration.monitors] == ["Site", "Job"]
    assert configuration.channels["ops"]["bot_token"] == "1:t0k3n"
    assert {file.name for file in kuma.parent.iterdir()} == {"kuma.db"}


def test_a_program_gets_the_same_as_json(kuma: Path, tmp_path: Path) -> None:
    done = infra("import", str(kuma), "--output", str(tmp_path / "bonghwa.yaml"), "--json")
    found = json.loads(done.stdout)
    assert {name: found[name] for name in ("monitors", "channels", "windows")} == {
        "monitors": 2,
        "channels": 1,
        "windows": 1,
    }
    assert set(found) == {"monitors", "channels", "windows", "notes"}
    assert found["notes"][0] == {
        "where": "monitors 'Game'",
        "what": "type steam",
        "why": "there is no such kind of check here; it is left out",
    }
    assert len(done.stderr.splitlines()) == len(found["notes"])


def test_what_was_written_before_is_replaced_only_by_force(kuma: Path, tmp_path: Path) -> None:
    output = tmp_path / "bonghwa.yaml"
    output.write_text("mine")
    refused = infra("import", str(kuma), "--output", str(output))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "exists already" in refused.stderr
    assert output.read_text() == "mine"
    assert infra("import", str(kuma), "--output", str(output), "--force").returncode == 0
    assert yaml.safe_load(output.read_text())["monitors"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nothing.yaml", None, "there is no such file or folder"),
        ("kuma.db", b"\x80 encrypted", "no SQLite database"),
        ("config.yaml", b"endpoints: [\n", "config.yaml:2: did not find"),
        ("config.yaml", b"endpoints: [{{ all }}]", "is a template"),
        ("other.txt", b"hello", "is of no tool that is known"),
    ],
)
def test_a_source_that_cannot_be_read_ends_with_2(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    done = infra("import", str(file), "--output", str(tmp_path / "out.yaml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bonghwa: ")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.yaml").exists()


def test_an_output_that_cannot_be_written_ends_with_2(kuma: Path, tmp_path: Path) -> None:
    done = infra("import", str(kuma), "--output", str(tmp_path / "nowhere" / "bonghwa.yaml"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
