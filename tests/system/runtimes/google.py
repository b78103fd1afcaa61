"""Google Cloud: what the deployment says of each function, run as Google's buildpack and Cloud Run do it.

The source filtered by ``.gcloudignore``, an environment of ``requirements.txt`` alone, the console script with
``FUNCTION_TARGET``, one process a function, and one folder that can be written to.
"""

import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pathspec
from pydantic import SecretStr

from infra.clouds.cli import Command
from infra.clouds.gcp import access, functions, schedules
from infra.clouds.gcp.project import Existing, Place, name_of, secret_name
from infra.table import Row, backend
from shared import ROOT
from shared.settings import Settings
from shared.settings.secrets import is_secret
from tests.support.recording_gcloud import NUMBER, Call, dictionary
from tests.support.running import API_KEY, Running
from tests.system.runtimes.confined import confined, files_in, memory_mib
from tests.system.runtimes.processes import ROWS, OneEach

PLACE = Place("my-project", NUMBER, "asia-northeast3", "asia-northeast1")
KEY_OF_SCHEDULES = access.schedule_key(SecretStr(API_KEY)).get_secret_value()


def uploaded() -> set[str]:
    """What gcloud takes of the repository's folder."""
    lines = (ROOT / ".gcloudignore").read_text().splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    # Not into the folders that make up most of it, such as .venv.
    candidates = [path for path in ROOT.iterdir() if path.is_file()]
    candidates += [path for name in ("functions", "shared", "infra", "tests") for path in (ROOT / name).rglob("*")]
    names = {path.relative_to(ROOT).as_posix() for path in candidates if path.is_file()}
    names |= {".env", ".env.gcp", "notifications.db", ".venv/bin/python", ".git/config", "logs/server.log"}
    return {name for name in names if not ignored.match_file(name)}


def build(folder: Path) -> Path:
    """What the buildpack makes in ``folder``: the uploaded files, and beside them an environment for them alone."""
    source, layer = folder / "workspace", folder / "layer"
    for name in uploaded():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", layer], check=True)
    python = str(layer / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    requirements = ["--no-compile", "--requirement", str(source / "requirements.txt")]
    subprocess.run([*pip, *requirements], check=True, capture_output=True)
    # As the buildpack does it: a container must not look at the times of files.
    subprocess.run([python, "-m", "compileall", "-qq", "--invalidation-mode=unchecked-hash", layer / "lib"], check=True)
    return folder


class Container(Running):
    """One function as its container runs it."""

    def __init__(self, built: Path, folder: Path, row: Row, port: str, told: Mapping[str, str]) -> None:
        environ = {"PATH": f"{built / 'layer' / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        environ |= {"FUNCTION_TARGET": row.name, "K_SERVICE": name_of(row), "PORT": port, "FLASK_PORT": port}
        # As a container does not: it would listen on every address.
        environ |= {"HOST": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", **told}
        program = str(built / "layer" / "bin" / "functions-framework")
        super().__init__(confined(folder, built, program), built / "workspace", folder, environ)


class Google(OneEach):
    """Every function as Cloud Run runs it, and the scheduler's jobs and workflows when a test asks for them."""

    def __init__(self, built: Path, folder: Path, database_url: str) -> None:
        super().__init__(database_url)
        self.code, self._built, self.folder = built / "workspace", built, folder
        given = {"TARGET_URL": self.target.url, "ALLOW_PRIVATE_TARGETS": "true", "DATABASE_URL": database_url}
        self._given = {**given, "API_KEY": API_KEY, **self.bot_api.environ}
        scheduled = [row for row in ROWS.values() if row.every is not None]
        self._strikes = {row.name: itertools.cycle(strikes(row)) for row in scheduled}
        self.files_before = files_in(self.code)

    def new(self, row: Row, port: str, **variables: str) -> Container:
        """See OneEach."""
        told = told_by_the_deployment(row, self._given)
        if "BACKEND_URL" in told:
            assert told["BACKEND_URL"] == PLACE.url(backend())
            told |= {"BACKEND_URL": self.backend_url, "SPOOL_DIR": str(self.folder)}
        return Container(self._built, self.folder, row, port, told | variables)

    def run(self, name: str) -> None:
        """See Runtime. The jobs of a function take turns, those that are a workflow's among them."""
        self._start(backend().name, name)
        method, url, headers = next(self._strikes[name])
        assert url == PLACE.url(ROWS[name])
        answer = self._session.request(method, self.url("POST", "/", name), headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text

    def processes(self) -> list[int]:
        """Those of every function that runs."""
        return [process for each in self._running.values() for process in each.living()]

    def memory_shares(self) -> dict[str, float]:
        """Of each function that runs, how much it takes of what its instance has."""
        sizes = {name: functions.SIZES.get(name, functions.Size()).memory for name in self._running}
        return {
            name: memory_mib(each.living()) / int(sizes[name].removesuffix("Mi"))
            for name, each in self._running.items()
        }


def told_by_the_deployment(row: Row, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a function, out of its command line and what the secrets that are named there hold."""
    plain = {name: value for name, value in given.items() if not is_secret(name, value)}
    hidden = {name: value for name, value in given.items() if is_secret(name, value)}
    secrets = access.secrets_of(hidden, SecretStr(given["API_KEY"]))
    stored = {secret_name(setting): value.get_secret_value() for setting, value in secrets.items()}
    flags = flags_of(functions.deploy(row, PLACE, plain, frozenset(secrets)))
    mounted = dictionary(flags["--set-secrets"])
    return dictionary(flags["--set-env-vars"]) | {
        name: stored[where.partition(":")[0]] for name, where in mounted.items()
    }


def strikes(row: Row) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What each of a function's schedules asks it: method, URL and headers."""
    beat, key = schedules.beat_of(row, Settings.from_env({})), SecretStr(KEY_OF_SCHEDULES)
    for job in schedules.jobs(row, beat, PLACE, Existing(), key):
        flags = flags_of(job)
        if flags["--uri"].startswith(PLACE.url(row)):
            [headers] = [file.content["--headers"] for file in job.files]
            yield flags["--http-method"].upper(), flags["--uri"], headers
        else:
            step: dict[str, Any] = schedules.definition(row, PLACE, key)["main"]["steps"][1]["call_function"]
            yield step["call"].removeprefix("http.").upper(), step["args"]["url"], step["args"]["headers"]


def flags_of(command: Command) -> dict[str, str]:
    """A command's flags."""
    return Call(command.words()[1:], "", {}).flags
