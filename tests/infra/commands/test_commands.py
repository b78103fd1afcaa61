"""``python -m infra``: a command is a file, and costs the others nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import commands
from infra.local.environment import refuse_unknown_zone
from shared import ROOT
from shared.settings import SettingError
from tests.infra.command_line import infra
from tests.support.running import environment

pytestmark = pytest.mark.slow

COMMANDS = {path.stem.rstrip("_").replace("_", "-") for path in Path(commands.__path__[0]).glob("[!_]*.py")}


def test_each_file_is_a_command() -> None:
    done = infra("--help")
    named = done.stdout[done.stdout.index("{") + 1 : done.stdout.index("}")]
    assert set(named.split(",")) == COMMANDS >= {"init-db", "backup", "doctor"}


@pytest.mark.parametrize(("words", "said"), [([], "required: command"), (["nope"], "invalid choice: 'nope'")])
def test_bad_usage_is_named_and_ends_with_2(words: list[str], said: str) -> None:
    done = infra(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_commands_libraries_load_when_it_runs() -> None:
    script = """
import json, sys
sys.argv = ["infra"]
import infra.__main__
try:
    infra.__main__.main()
except SystemExit:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"psycopg", "botocore", "pycurl", "requests", "flask"} & set(json.loads(done.stdout))


def test_without_somebody_to_ask_the_reply_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert commands.confirm("Go on?") is False


@pytest.mark.parametrize("command", [["report"], ["replay"], ["explain", "shop"]], ids=" ".join)
def test_a_time_zone_that_nobody_knows_is_refused(command: list[str], tmp_path: Path) -> None:
    done = infra(*command, environ=environment(tmp_path, TZ="Nowhere/Bad"))
    told = "bonghwa: TZ is 'Nowhere/Bad': expected the name of a time zone that this machine knows, such as Asia/Seoul"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{told} or UTC\n")


@pytest.mark.parametrize("zone", ["ABC1x", "KST-9,nonsense", "UTC+9", "GMT-9", "<UTC>+9", "utc09", "x" * 300])
def test_a_rule_that_is_none_or_misleads_is_refused(zone: str) -> None:
    """By POSIX UTC+9 is nine hours behind UTC, and its times would be shown as those of UTC."""
    with pytest.raises(SettingError, match="Asia/Seoul"):
        refuse_unknown_zone({"TZ": zone})


@pytest.mark.parametrize(
    "zone",
    ["", "UTC", "UTC0", "Asia/Seoul", ":Asia/Seoul", "KST-9", "<+09>-9", "EST5EDT,M3.2.0,M11.1.0", __file__],
)
def test_a_time_zone_may_be_a_rule_or_a_file(zone: str) -> None:
    refuse_unknown_zone({"TZ": zone})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device is Linux's")
@pytest.mark.parametrize("words", [["schema"], ["channels", "slack"], ["--help"]], ids=["long", "short", "help"])
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "infra", *words]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "bonghwa: the output cannot be written: No space left on device\n")


def test_a_command_without_a_standard_output_ends_well() -> None:
    command = ["sh", "-c", 'exec "$0" -m infra --help >&-', sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
