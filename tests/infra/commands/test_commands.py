"""``python -m infra``: a command is a file, and costs the others nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import commands
from shared import ROOT
from tests.infra.command_line import infra

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
