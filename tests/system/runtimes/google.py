"""Google Cloud: each function with what the deployment sets for it, run as Google's buildpack and Cloud Run do.

The source is filtered by ``.gcloudignore``, the environment has only ``requirements.txt``, the console script reads
``FUNCTION_TARGET``, each function has one process, and one folder is writable.
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
from infra.table import Row, backend, claims
from shared import ROOT
from shared.pages.rendering import compile_templates
from shared.settings import Settings
from shared.settings.secrets import is_secret
from tests.support.recording_gcloud import NUMBER, Call, dictionary
from tests.support.running import API_KEY, Running
from tests.system.runtimes.confined import confined, files_in, memory_mib
from tests.system.runtimes.processes import ROWS, OneEach

PLACE = Place("my-project", NUMBER, "asia-northeast3", "asia-northeast1")
KEY_OF_SCHEDULES = access.schedule_key(SecretStr(API_KEY)).get_secret_value()


def uploaded() -> set[str]:
    """The files that gcloud uploads from the repository."""
    lines = (ROOT / ".gcloudignore").read_text().splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    # Only these folders, because others, such as .venv, have far more files.
    candidates = [path for path in ROOT.iterdir() if path.is_file()]
    candidates += [
        path for name in ("build", "functions", "shared", "infra", "tests") for path in (ROOT / name).rglob("*")
    ]
    names = {path.relative_to(ROOT).as_posix() for path in candidates if path.is_file()}
    names |= {".env", ".env.gcp", "notifications.db", ".venv/bin/python", ".git/config", "logs/server.log"}
    return {name for name in names if not ignored.match_file(name)}


def build(folder: Path) -> Path:
    """Make in ``folder`` what the buildpack makes: the uploaded files, and beside them an environment for them."""
    source, layer = folder / "workspace", folder / "layer"
    compile_templates()  # as a deployment does
    for name in uploaded():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", layer], check=True)
    python = str(layer / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    requirements = ["--no-compile", "--requirement", str(source / "requirements.txt")]
    subprocess.run([*pip, *requirements], check=True, capture_output=True)
    # As the buildpack does, because a container must not depend on the times of files.
    subprocess.run([python, "-m", "compileall", "-qq", "--invalidation-mode=unchecked-hash", layer / "lib"], check=True)
    return folder


class Container(Running):
    """One function, as its container runs it."""

    def __init__(self, built: Path, folder: Path, row: Row, port: str, deployed: Mapping[str, str]) -> None:
        environ = {"PATH": f"{built / 'layer' / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        environ |= {"FUNCTION_TARGET": row.name, "K_SERVICE": name_of(row), "PORT": port, "FLASK_PORT": port}
        # Unlike in a container, which listens on every address.
        environ |= {"HOST": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", **deployed}
        program = str(built / "layer" / "bin" / "functions-framework")
        super().__init__(confined(folder, built, program), built / "workspace", folder, environ)


class Google(OneEach):
    """Every function as Cloud Run runs it, and the scheduler's jobs and workflows if a test asks for them."""

    def __init__(self, built: Path, folder: Path, database_url: str) -> None:
        super().__init__(database_url)
        self.code, self._built, self.folder = built / "workspace", built, folder
        given = {"TARGET_URL": self.target.url, "ALLOW_PRIVATE_TARGETS": "true", "DATABASE_URL": database_url}
        given["FLAPPING_STARTS"] = "off"
        self._given = {**given, "API_KEY": API_KEY, **self.bot_api.environ}
        scheduled = [row for row in ROWS.values() if row.every is not None]
        self._ticks = {row.name: itertools.cycle(ticks(row)) for row in scheduled}
        self.files_before = files_in(self.code)

    def new(self, row: Row, port: str, **variables: str) -> Container:
        """See OneEach."""
        deployed = set_by_the_deployment(row, self._given)
        if "BACKEND_URL" in deployed:
            assert deployed["BACKEND_URL"] == PLACE.url(backend())
            deployed |= {"BACKEND_URL": self.backend_url, "SPOOL_DIR": str(self.folder)}
        if "CLAIM_URL" in deployed:
            assert deployed["CLAIM_URL"] == f"{PLACE.url(claims())}/checks/claim"
            deployed |= {"CLAIM_URL": self.claim_url}
        return Container(self._built, self.folder, row, port, deployed | variables)

    def run(self, name: str) -> None:
        """See Runtime. A function's jobs take turns, including those that start a workflow."""
        self._start(backend().name, claims().name, name)
        method, url, headers = next(self._ticks[name])
        assert url == PLACE.url(ROWS[name])
        response = self._session.request(method, self.url("POST", "/", name), headers=headers, timeout=60)
        assert response.status_code == 200, response.text

    def processes(self) -> list[int]:
        """The processes of every running function."""
        return [process for each in self._running.values() for process in each.living()]

    def memory_shares(self) -> dict[str, float]:
        """For each running function, the share of its instance's memory that it uses."""
        sizes = {name: functions.SIZES.get(name, functions.Size()).memory for name in self._running}
        return {
            name: memory_mib(each.living()) / int(sizes[name].removesuffix("Mi"))
            for name, each in self._running.items()
        }


def set_by_the_deployment(row: Row, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a function, from its deployment's command line and the secrets that it names."""
    plain = {name: value for name, value in given.items() if not is_secret(name, value)}
    hidden = {name: value for name, value in given.items() if is_secret(name, value)}
    secrets = access.secrets_of(hidden, SecretStr(given["API_KEY"]))
    stored = {secret_name(setting): value.get_secret_value() for setting, value in secrets.items()}
    flags = flags_of(functions.deploy(row, PLACE, plain, frozenset(secrets)))
    mounted = dictionary(flags["--set-secrets"])
    return dictionary(flags["--set-env-vars"]) | {
        name: stored[where.partition(":")[0]] for name, where in mounted.items()
    }


def ticks(row: Row) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The request of each of a function's schedules: method, URL and headers."""
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
    return Call(command.words()[1:], {}, "").flags
