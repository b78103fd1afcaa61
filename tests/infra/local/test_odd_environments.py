"""The start in odd environments: it runs right, or stops with one line that names the variable or the file."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.running import LocalSystem, copy_project, environment

pytestmark = pytest.mark.system

# As ``python -m infra.local`` does it, up to the moment at which it would become the server. Its imports, and the
# model of the settings, are made once; each start is a fork, which leaves without the interpreter's long farewell.
FORKS = """
import encodings.utf_8_sig, gc, json, os, resource, signal, sys
from pathlib import Path
from infra.local import runner
from infra.local.terminal import prepare
from shared.notifiers.services import apprise, console, telegram
from shared.settings import Settings, durations
from shared.store.engines.sqlite import database
Settings.model_rebuild()
gc.freeze()
commands = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
for line in commands[0]:
    start = json.loads(line)
    if os.fork() == 0:
        for number in (1, 2):
            os.dup2(os.open(f"{start['output']}-{number}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ.clear()
        os.environb.update({name.encode(): value.encode("latin-1") for name, value in start["environ"].items()})
        os.umask(start["umask"])
        resource.setrlimit(resource.RLIMIT_NOFILE, (start["files"], start["files"]))
        runner.os.execv = lambda *_: os._exit(99)
        signal.alarm(20)
        for number in start["closed"]:
            os.close(number)
            if number != 2:
                setattr(sys, ("stdin", "stdout", "stderr")[number], None)
        prepare()
        try:
            runner.main()
        except SystemExit as end:
            assert isinstance(end.code, str)
            print(end.code, file=sys.stderr, flush=True)
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.wait()[1]), file=commands[1], flush=True)
"""

NAMES = [
    *("TARGET_URL", "CHECK_INTERVAL_SECONDS", "LOCATION", "API_KEY", "API_AUTH", "FLASK_HOST", "DATABASE_URL"),
    *("SPOOL_DIR", "LOG_DIR", "LOG_LEVEL", "CHANNELS", "HEARTBEAT_URL", "MESSAGE_LANGUAGE", "TELEGRAM_BOT_TOKEN"),
    *("TZ", "LC_ALL", "TMPDIR"),
]
WORDS = ["", " ", "all", "0", "-1", "nan", "'", '"', "{}", "[]", "/dev/null", "/nowhere/x", "x\ny", "\xff", "\xe9"]
values = st.sampled_from(WORDS) | st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12)
lines = (
    st.builds("{}{}{}".format, st.sampled_from(NAMES), st.sampled_from(["=", " = ", ": ", "", "='", '="']), values)
    | values
)
PROXIES = ["http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"]
PROXY_WORDS = [
    *("http://127.0.0.1:9", "socks5://127.0.0.1:9", "https://127.0.0.1", "gopher://127.0.0.1:9", "127.0.0.1:9"),
    *("http://me:pass@[::1]:9", "http://127.0.0.1:99999", "localhost,127.0.0.0/8,::1/128", "10.0.0.0/99", "*", ",,"),
]
dotenvs = st.none() | st.lists(lines, max_size=4).map("\n".join)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("odd") / "project")


@pytest.fixture(scope="module")
def forks(here: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS],
        cwd=here,
        env=environment(here.parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@settings(max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    variables=st.dictionaries(st.sampled_from(NAMES), values.filter(lambda value: "\0" not in value), max_size=2),
    proxies=st.dictionaries(st.sampled_from(PROXIES), st.sampled_from(PROXY_WORDS + WORDS), max_size=2),
    dotenv=dotenvs,
    encoding=st.sampled_from(ENCODINGS),
    mode=st.sampled_from([0o600, 0o644, 0o000]),
    umask=st.sampled_from([0o022, 0o000, 0o377]),
    files=st.sampled_from([24, 64, 1024]),
    closed=st.sets(st.sampled_from([0, 1, 2])),
)
def test_it_starts_or_says_in_one_line_why_not(
    here: Path,
    forks: subprocess.Popen[str],
    variables: dict[str, str],
    proxies: dict[str, str],
    dotenv: str | None,
    encoding: str,
    **odd: Any,
) -> None:
    file, output = here / ".env", here.parent / "output"
    file.unlink(missing_ok=True)
    if dotenv is not None:
        file.write_bytes(dotenv.encode(encoding))
        file.chmod(odd["mode"])
    given_here = {**environment(here.parent), **variables, **proxies}
    start = {"environ": given_here, "output": str(output), **odd, "closed": sorted(odd["closed"])}
    assert forks.stdin
    assert forks.stdout
    forks.stdin.write(f"{json.dumps(start)}\n")
    forks.stdin.flush()
    code = int(forks.stdout.readline())
    printed, error = (Path(f"{output}-{number}").read_bytes().decode(errors="replace") for number in (1, 2))
    assert code in (99, 1), error
    assert printed == ""
    lines = [line for line in error.splitlines() if not line.startswith("bonghwa: warning: ")]
    if code == 99:
        assert lines == []
    elif 2 not in odd["closed"]:
        [line] = lines
        assert re.match(rf"bonghwa: ([A-Za-z_]+[A-Za-z_.]*\b|{re.escape(str(here))}/\.env )", line), line
    assert os.path.lexists(file)


@pytest.mark.parametrize(
    ("zone", "why"), [("Asia/Soeul", "a time zone that this machine knows"), ("UTC+9", "a rule such as KST-9")]
)
def test_an_unknown_zone_is_named_and_stops_no_start(project: Path, tmp_path: Path, zone: str, why: str) -> None:
    with LocalSystem(project, tmp_path, TZ=zone) as running:
        assert f"bonghwa: warning: TZ is '{zone}': expected " in running.output()
        assert why in running.output()
