"""``python -m infra apply``: the plan is printed, then applied over HTTP, and exit codes say how it went."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import ROOT
from tests.infra.command_line import infra
from tests.support.running import API_KEY, copy_project, environment
from tests.support.stand_ins import Configured, Exchange

pytestmark = pytest.mark.system

Apply = Callable[..., "subprocess.CompletedProcess[str]"]
OPS = {"ops": {"kind": "telegram", "bot_token": "1:a-token-of-ops", "chat_id": 1}}
FILE = """\
monitors:
  - {name: API, url: "https://a.example"}
  - {name: Web, url: "https://b.example"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "watched.yaml"
    file.write_text(FILE)
    return file


@pytest.fixture
def apply(project: Path, tmp_path: Path, backend: Configured) -> Apply:
    def run(*words: str, folder: Path = project, **variables: str) -> "subprocess.CompletedProcess[str]":
        environ = environment(tmp_path, **{"BACKEND_URL": backend.url, **variables})
        return infra("apply", *words, environ=environ, project=folder)

    return run


def test_the_plan_is_printed_then_applied(apply: Apply, backend: Configured, file: Path) -> None:
    done = apply(str(file))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "+ API\n+ Web\n2 added, 0 changed, 0 removed, 0 unchanged\n"
    assert backend.calls == ["PUT /config?dry_run=true", "PUT /config"]
    assert backend.monitors["API"] == {
        "name": "API",
        "url": "https://a.example",
        "failure_threshold": 3,
        "line": 2,
    }

    file.write_text("defaults: {interval: 5m}\nmonitors:\n  - {name: API, url: 'https://c.example'}\n")
    done = apply(str(file))

    assert done.stdout == "~ API: interval, url\n- Web\n0 added, 1 changed, 1 removed, 0 unchanged\n"
    assert (done.returncode, list(backend.monitors)) == (0, ["API"])
    assert apply(str(file)).stdout == "0 added, 0 changed, 0 removed, 1 unchanged\n"


def test_a_dry_run_only_prints(apply: Apply, backend: Configured, file: Path) -> None:
    done = apply(str(file), "--dry-run")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 added, 0 changed, 0 removed, 0 unchanged")
    assert backend.calls == ["PUT /config?dry_run=true"]


def test_a_wrong_file_is_2_and_nothing_is_sent(apply: Apply, backend: Configured, file: Path) -> None:
    file.write_text("monitors:\n  - {name: API, url: 'https://a.example', interval: soon, tagz: 1}\n")

    done = apply(str(file))

    assert (done.returncode, done.stdout, backend.calls) == (2, "", [])
    assert done.stderr.splitlines() == [
        f"{file}:2: monitors[0] 'API': interval is 'soon': expected a duration such as 30s or 5m",
        f"{file}:2: monitors[0] 'API': unknown key 'tagz': expected tags",
    ]


def test_a_file_that_was_named_must_be_there(apply: Apply, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.yaml"
    for done in (apply(str(nowhere)), apply(CONFIG_FILE=str(nowhere))):
        assert (done.returncode, done.stderr) == (2, f"{nowhere}: there is no such file\n")


def test_without_a_file_there_is_nothing_to_do(apply: Apply, backend: Configured) -> None:
    done = apply()
    assert (done.returncode, done.stdout) == (0, "bonghwa.yaml is not there: nothing to apply\n")
    assert backend.calls == []


def test_the_file_is_found_at_the_root_or_by_its_setting(apply: Apply, backend: Configured, tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    (folder / "bonghwa.yaml").write_text(FILE)
    assert apply(folder=folder).stdout.startswith("+ API\n+ Web\n")
    (folder / "other.yaml").write_text("monitors: [{name: Other, url: 'https://a.example'}]\n")
    assert apply(folder=folder, CONFIG_FILE="other.yaml").stdout.startswith("+ Other\n- API\n")


def test_a_backend_that_is_gone_is_1(apply: Apply, backend: Configured, file: Path) -> None:
    backend.is_down = True
    done = apply(str(file))
    assert (done.returncode, done.stdout) == (1, "")
    expected = f"bonghwa: {backend.url} cannot be reached (ConnectionError): expected the system to run there\n"
    assert done.stderr == expected


def problem(status: int, detail: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.answer(
        status, json.dumps({"status": status, "detail": detail}), "application/problem+json"
    )


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (problem(400, "monitors.0.url: a url"), "did not take the configuration: 400 monitors.0.url: a url\n"),
        (problem(503, f"busy, {API_KEY} \x1b[31m"), "did not take the configuration: 503 busy, (hidden) ?[31m\n"),
        (
            problem(401, "wrong key"),
            "did not take the configuration: 401 wrong key; the first key in API_KEY was",
        ),
        (lambda exchange: exchange.answer(404, "<html>"), "did not take the configuration: 404 Not Found\n"),
        (
            lambda exchange: exchange.answer(302, "", headers={"Location": "http://127.0.0.1:1/"}),
            "did not take the configuration: 302 Found\n",
        ),
        (lambda exchange: exchange.answer(200, "{}"), "answered with something else than a plan: expected Bonghwa"),
        (
            lambda exchange: exchange.answer(200, "hello"),
            "answered with something else than a plan: expected Bonghwa",
        ),
    ],
)
def test_a_refusal_is_1_and_says_why(
    apply: Apply, backend: Configured, file: Path, behave: Callable[[Exchange], None], said: str
) -> None:
    backend.behave = behave
    done = apply(str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"bonghwa: {backend.url} {said}")
    assert backend.calls == ["PUT /config?dry_run=true"]


def test_another_address_may_be_named(apply: Apply, backend: Configured, file: Path) -> None:
    assert apply(str(file), "--url", f"{backend.url}/", BACKEND_URL="http://127.0.0.1:1").returncode == 0
    done = apply(str(file), "--url", "backend.example")
    assert (done.returncode, "'backend.example' is no http:// or https:// URL" in done.stderr) == (2, True)


def test_a_proxy_for_the_world_is_not_asked(apply: Apply, file: Path) -> None:
    assert apply(str(file), HTTP_PROXY="http://127.0.0.1:1", ALL_PROXY="socks5://127.0.0.1:1").returncode == 0


def test_without_a_key_it_says_so(apply: Apply, file: Path) -> None:
    done = apply(str(file), API_KEY="")
    assert (done.returncode, done.stderr.startswith("bonghwa: API_KEY is not set: expected")) == (1, True)


def test_channels_that_differ_wait_for_a_restart(apply: Apply, backend: Configured, file: Path) -> None:
    file.write_text(f"channels: {json.dumps(OPS)}\n{FILE}")
    hint = "channels take effect when the system restarts, or is deployed again"
    lines = apply(str(file)).stdout.splitlines()
    assert lines == ["+ API", "+ Web", hint, "2 added, 0 changed, 0 removed, 0 unchanged"]
    assert hint in apply(str(file), "--dry-run", CHANNELS=json.dumps(OPS)).stdout, "they run there, and not here"
    backend.channels = OPS
    assert hint not in apply(str(file)).stdout
    file.write_text(FILE)
    assert hint in apply(str(file)).stdout, "the file has none any more"
    assert hint not in apply(str(file), CHANNELS=json.dumps(OPS)).stdout


def test_a_plan_shows_no_control_characters(apply: Apply, backend: Configured, file: Path) -> None:
    plan = {"version": 1, "dry_run": True, "added": ["a\x1b[31m"], "changed": [], "removed": [], "unchanged": 0}
    backend.behave = lambda exchange: exchange.answer(200, json.dumps(plan))
    assert apply(str(file)).stdout == "+ a?[31m\n1 added, 0 changed, 0 removed, 0 unchanged\n"


def test_the_example_can_be_applied(apply: Apply, backend: Configured) -> None:
    secrets = ("MAIL_USER", "MAIL_PASSWORD", "STATUS_PASSWORD", "BACKUP_TOKEN")
    done = apply(str(ROOT / "bonghwa.example.yaml"), OPS_BOT_TOKEN="1:a", **dict.fromkeys(secrets, "value-1"))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(backend.monitors) > 20


def test_a_location_without_an_agent_is_a_warning(apply: Apply, backend: Configured, file: Path) -> None:
    """It is no mistake: the agent may come later."""
    backend.locations = ["seoul", "tokyo"]
    file.write_text(
        FILE.replace('a.example"', 'a.example", locations: [seol, tokyo]').replace(
            'b.example"', 'b.example", quorum: 3'
        )
    )
    done = apply(str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[2:] == [
        "warning: no agent at 'seol' has ever reported; did you mean seoul?",
        "warning: Web can have no outage: the quorum is 3, and agents are at 2 of the locations",
        "2 added, 0 changed, 0 removed, 0 unchanged",
    ]
    assert backend.calls[-1] == "PUT /config"


def test_a_public_monitor_that_is_on_no_page_is_a_warning(apply: Apply, backend: Configured, file: Path) -> None:
    """It is no mistake: the page may come later. A person who turns all pages off wants none."""
    public = FILE.replace('example"', 'example", group: Shop, public: true')
    warning = "warning: API and 1 more say public: true, but no status page shows them"
    apart = "warning: 2 monitors say public: true, but no page at /status/<slug> that names groups shows API, Web"
    other = "status_pages: {other: {groups: [Web, Shop]}}\ngroups: {Web: {}}\n"
    for pages, found in (
        ("", [warning]),
        (other.replace(", Shop", ""), [warning]),
        (other, []),
        (other.replace("Web, Shop", "Web") + "status_page: {}\n", [apart]),
        (other + "status_page: {}\n", []),
        ("status_page: {groups: [Web]}\ngroups: {Web: {}}\n", []),
    ):
        file.write_text(public + pages)
        done = apply(str(file), "--dry-run")
        assert (done.returncode, done.stderr, done.stdout.splitlines()[2:-1]) == (0, "", found)
    file.write_text(public)
    for is_on in ("true", "false"):
        assert "warning" not in apply(str(file), "--dry-run", STATUS_PAGE=is_on).stdout
        other_system = {"BACKEND_URL": "http://127.0.0.1:9", "STATUS_PAGE": is_on}
        done = apply(str(file), "--dry-run", "--url", backend.url, **other_system)
        assert warning.replace("status page", "page of this file") in done.stdout.splitlines()


def test_a_value_that_is_not_set_here_is_a_warning(apply: Apply, file: Path) -> None:
    """It is no mistake: the agent may have it. Nobody needs it for a monitor that is paused."""
    file.write_text("""
monitors:
  - {name: API, url: "https://a.example/${MONITOR_A}/$${MONITOR_D}", headers: {X-Key: "${MONITOR_B}"}}
  - {name: Web, url: "https://b.example/${MONITOR_A}"}
  - {name: Old, url: "https://c.example/${MONITOR_C}", enabled: false}
""")
    done = apply(str(file), MONITOR_B="b")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[3:] == [
        "warning: MONITOR_A is not set here: an agent without it cannot check API and 1 more",
        "3 added, 0 changed, 0 removed, 0 unchanged",
    ]
