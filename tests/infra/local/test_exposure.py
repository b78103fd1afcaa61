"""The local system never shows a debugger, a port to other machines, or a secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.table import rows
from tests.infra.local.starts import EVENT, listening_addresses, on_linux
from tests.support.running import API_KEY, LocalSystem, copy_project
from tests.support.stand_ins import BotApi, Target, internal_error, resets, unauthorized

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", params=["", "1"], ids=["one process", "SEPARATE=1"])
def debugged(
    request: pytest.FixtureRequest, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalSystem]:
    """A running system that was told to open a debugger."""
    debug = {"FLASK_DEBUG": "true", "DEBUG": "true", "FLASK_ENV": "development"}
    folder = tmp_path_factory.mktemp("debugged")
    with Target() as target, LocalSystem(project, folder, TARGET_URL=target.url, SEPARATE=request.param, **debug) as it:
        it.wait_until(lambda: target.hits)
        yield it


@pytest.mark.together("debugged")
def test_debug_settings_open_no_debugger(debugged: LocalSystem) -> None:
    assert debugged.get("/console").status_code == 404
    for path in ("/", "/alerts", "/alerts/1", "/notification_logs"):
        for query in ("__debugger__=yes&cmd=resource&f=style.css", "__debugger__=yes&cmd=printpin&s=x"):
            answer = debugged.get(f"{path}?{query}")
            assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")
    broken = debugged.post("/events", {"target_url": []})
    assert broken.status_code == 400
    assert "Traceback" not in broken.text
    assert "Debugger" not in debugged.output()
    assert "PIN" not in debugged.output()


@pytest.mark.together("debugged")
@on_linux
def test_nothing_listens_anywhere_but_on_this_machine(debugged: LocalSystem) -> None:
    listening = listening_addresses(debugged.living())

    assert ("0100007F", debugged.port) in listening
    assert {address for address, _ in listening} == {"0100007F"}
    assert len(listening) == (1 + len(rows()) if debugged.environ["SEPARATE"] else 1)


def test_the_token_and_the_key_are_nowhere_to_be_read(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.queue(internal_error, resets)
    settings = {"TARGET_URL": target.url, "FLASK_DEBUG": "true", "LOG_LEVEL": None, **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as running:
        assert "console, telegram  (off: sns)" in running.output()
        target.is_down = True
        running.wait_until(lambda: bot_api.messages, 15)
        bot_api.behaviour = unauthorized
        target.is_down = False
        running.wait_until(lambda: any(log["status"] == "FAILED" for log in running.notification_logs()))
        running.post("/events", EVENT, key="not-the-key")
        running.post("/events", {"target_url": 1})

    read = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"server.log", "agent.log", "bonghwa.db"} <= read.keys()
    assert b"notification_failed" in read["server.log"]
    secrets = [bot_api.token, bot_api.token.partition(":")[2], API_KEY]
    assert [(name, secret) for name, text in read.items() for secret in secrets if secret.encode() in text] == []


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_a_start_says_who_else_reads_the_file(tmp_path: Path, target: Target, mode: int) -> None:
    here = copy_project(tmp_path / "project")
    (here / ".env").write_text(f"TARGET_URL={target.url}\n")
    (here / ".env").chmod(mode)
    with LocalSystem(here, tmp_path, TARGET_URL=None) as running:
        running.wait_for_further_events(1, is_success=True)
    said = f"bonghwa: warning: other users of this machine can read .env and the secrets in it: chmod 600 {here}/.env\n"
    assert running.output().count(said) == (mode != 0o600)
