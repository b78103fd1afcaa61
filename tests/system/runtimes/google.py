"""Google Cloud: each service with what the deployment sets for it, run as Google's buildpack and Cloud Run do.

The source is filtered by ``.gcloudignore``, the environment has only ``requirements.txt``, the console script reads
``FUNCTION_TARGET``, each service has one process, and one folder is writable.
"""

import contextlib
import itertools
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

import pathspec
from pydantic import SecretStr

from functions.check_monitors.later_runs import Call as LaterCall
from functions.check_monitors.later_runs import cloud_tasks
from infra.clouds.cli import Command
from infra.clouds.gcp import access, schedules, services
from infra.clouds.gcp.project import PREFIX, Existing, Place, name_of, secret_name
from infra.clouds.gcp.services import REPORTS, TOGETHER, Service
from infra.table import Row
from shared import ROOT
from shared.models import now
from shared.pages.rendering import compile_templates
from shared.settings import Settings
from shared.settings.secrets import is_secret
from tests.support.recording_gcloud import NUMBER, Call, dictionary
from tests.support.running import API_KEY, Running, free_port
from tests.system.runtimes import Runtime
from tests.system.runtimes.confined import confined, files_in, memory_mib
from tests.system.runtimes.libraries import link
from tests.system.runtimes.processes import ROWS

PLACE = Place("my-project", NUMBER, "asia-northeast3", "asia-east1")
KEY_OF_SCHEDULES = access.schedule_key(SecretStr(API_KEY)).get_secret_value()

# The modules that every service has imported once it has served a request and sent a message.
_IMPORTED = (
    *("main", "functions_framework._cli", "gunicorn.workers.gthread", "gunicorn.glogging"),
    *(f"functions.{name}.main" for name in ROWS),
    *("shared.store.engines.postgres.database", "shared.notifiers.services.telegram", "telegram.request"),
)


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
    python = layer / "bin" / "python"
    _install(python)
    # The buildpack compiles everything that it installs. Here what is not compiled yet, and that a start imports, is.
    subprocess.run([python, "-c", f"import {', '.join(_IMPORTED)}"], cwd=source, env={}, check=True)
    return folder


def _install(python: Path) -> None:
    """Give an environment the libraries of ``requirements.txt``, and their programs."""
    for library in link(Path(sysconfig.get_path("purelib", vars={"base": str(python.parent.parent)}))):
        for file in library.files or ():
            if file.match("../../../bin/*"):
                program = python.with_name(file.name)
                program.write_text(f"#!{python}\n" + file.read_text(encoding="utf-8").partition("\n")[2])
                program.chmod(0o755)


class Container(Running):
    """One service, as its container runs it."""

    def __init__(self, built: Path, folder: Path, service: str, port: str, deployed: Mapping[str, str]) -> None:
        environ = {"PATH": f"{built / 'layer' / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        environ |= {"K_SERVICE": service, "PORT": port, "FLASK_PORT": port}
        # Unlike in a container, which listens on every address; and there is no metadata server.
        environ |= {"HOST": "127.0.0.1", "GCE_METADATA_HOST": "127.0.0.1:1", "PYTHONDONTWRITEBYTECODE": "1", **deployed}
        program = str(built / "layer" / "bin" / "functions-framework")
        super().__init__(confined(folder, built, program), built / "workspace", folder, environ)


class Google(Runtime):
    """Every service as Cloud Run runs it, and the scheduler's jobs and the queue's tasks if a test asks for them."""

    def __init__(self, built: Path, folder: Path, database_url: str, shape: str = TOGETHER) -> None:
        super().__init__(database_url)
        self.code, self._built, self.folder = built / "workspace", built, folder
        given = {"TARGET_URL": self.target.url, "ALLOW_PRIVATE_TARGETS": "true", "DATABASE_URL": database_url}
        given["FLAPPING_STARTS"] = "off"
        self._given = {**given, "API_KEY": API_KEY, **self.bot_api.environ}
        self.services = {service.name: service for service in services.services(shape)}
        self._of = {row.name: service.name for service in self.services.values() for row in service.rows}
        self._ports = {name: str(free_port()) for name in self.services}
        self._running: dict[str, Running] = {}
        self._ended: list[Running] = []
        scheduled = [row for row in ROWS.values() if row.every is not None]
        self._ticks = {row.name: itertools.cycle(ticks(row)) for row in scheduled}
        self.files_before = files_in(self.code)

    def start(self) -> None:
        """See Runtime."""
        self._start(*self.services)

    def kill(self) -> None:
        """See Runtime."""
        for each in self._running.values():
            each.kill()
        self._ended += self._running.values()
        self._running = {}

    def url(self, method: str, path: str, function: str | None) -> str:  # noqa: ARG002  # one URL leads to all
        """See Runtime. A function that only a schedule calls is called at its own service."""
        is_scheduled = function is not None and ROWS[function].every is not None
        name = self._of[function] if function and is_scheduled else PREFIX
        self._start(name)
        return f"{self._running[name].url}{path}"

    def run(self, name: str) -> None:
        """See Runtime. The job's call and those of its later runs take turns."""
        self._start(REPORTS)
        method, url, headers = next(self._ticks[name])
        own = PLACE.url(self._of[name])
        assert url.startswith(own)
        there = self.url(method, url.removeprefix(own) or "/", name)
        response = self._session.request(method, there, headers=headers, timeout=60)
        assert response.status_code == 200, response.text

    def printed(self) -> str:
        """See Runtime."""
        return "".join(each.output() for each in (*self._ended, *self._running.values()))

    @contextlib.contextmanager
    def one_more(self, name: str, **variables: str) -> Iterator[str]:
        """Start another instance of a function's service, with other variables; its URL."""
        with self._new(self._of[name], str(free_port()), **variables) as more:
            yield more.url

    def processes(self) -> list[int]:
        """The processes of every running service."""
        return [process for each in self._running.values() for process in each.living()]

    def memory_shares(self) -> dict[str, float]:
        """For each function, the share of its instance's memory that is used."""
        shares = {
            name: memory_mib(each.living()) / int(self.services[name].size.memory.removesuffix("Mi"))
            for name, each in self._running.items()
        }
        return {row: shares[service] for row, service in self._of.items() if service in shares}

    def _new(self, name: str, port: str, **variables: str) -> Container:
        deployed = set_by_the_deployment(self.services[name], self._given)
        if "BACKEND_URL" in deployed:
            assert deployed["BACKEND_URL"] == PLACE.url(REPORTS)
            deployed |= {"BACKEND_URL": f"http://127.0.0.1:{self._ports[REPORTS]}", "SPOOL_DIR": str(self.folder)}
        return Container(self._built, self.folder, name, port, deployed | variables)

    def _start(self, *names: str) -> None:
        new = {name: self._new(name, self._ports[name]) for name in names if name not in self._running}
        self._running |= new
        for each in new.values():
            each.start()
        for each in new.values():
            each.wait_until_ready()


def set_by_the_deployment(service: Service, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service, from its deployment's command line and the secrets that it names."""
    plain = {name: value for name, value in given.items() if not is_secret(name, value)}
    hidden = {name: value for name, value in given.items() if is_secret(name, value)}
    secrets = access.secrets_of(hidden, [SecretStr(given["API_KEY"])])
    stored = {secret_name(setting): value.get_secret_value() for setting, value in secrets.items()}
    flags = flags_of(services.deploy(service, PLACE, "an-image", plain, dict.fromkeys(secrets, 1), {}))
    mounted = dictionary(flags.get("--set-secrets", ""))
    return dictionary(flags["--set-env-vars"]) | {
        name: stored[where.partition(":")[0]] for name, where in mounted.items()
    }


def ticks(row: Row) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The request of a function's schedule, and of each later run: method, URL and headers."""
    beat = schedules.beat_of(row, Settings.from_env({}))
    job = schedules.job(row, beat, PLACE, Existing(), SecretStr(KEY_OF_SCHEDULES))
    flags, [file] = flags_of(job), job.files
    headers = file.content["--headers"]
    yield flags["--http-method"].upper(), flags["--uri"], headers
    later = services.later_runs(beat, "a-queue", PLACE)
    for _ in later.get("LATER_RUNS_SECONDS", "").split(",") if later else ():
        call = LaterCall(PLACE.url(name_of(row)), headers["X-API-Key"])
        asked = cloud_tasks.task(later["LATER_RUNS_QUEUE"], now(), call)["httpRequest"]
        yield asked["httpMethod"], asked["url"], asked["headers"]


def flags_of(command: Command) -> dict[str, str]:
    """A command's flags."""
    return Call(command.words()[1:], {}, "").flags
