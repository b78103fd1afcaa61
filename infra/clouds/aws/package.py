"""The zip that Lambda runs: the functions, the handler and the libraries that they need, for Lambda's processor.

The wheels come from ``requirements.txt``, by their hashes, on every machine that builds. The same sources give the same
zip, so that an unchanged one is not uploaded again.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from shared import ROOT
from shared.pages.rendering import compile_templates

ZIP = ROOT / "build" / "bonghwa.zip"
# The versions that Lambda has, the best known first.
VERSIONS = ("3.13", "3.14", "3.12")
# Our own files that a function needs; infra/local has the responses to requests without a function.
OWN = (
    "main.py",
    "functions/**/*.py",
    "functions/**/*.json",
    "functions/**/*.html",
    "shared/**/*.py",
    "shared/pages/*.html",
    "shared/pages/assets/*",
    "shared/**/*.sql",
    "build/templates/*/*.py",
    "infra/__init__.py",
    "infra/table.py",
    "infra/functions.toml",
    "infra/clouds/__init__.py",
    "infra/clouds/aws/__init__.py",
    "infra/clouds/aws/database/rds-ca.pem",
    "infra/clouds/aws/handler.py",
    "infra/clouds/aws/parameter_store.py",
    "infra/local/__init__.py",
    "infra/local/gateway.py",
)
# Servers, and the libraries that only they need. functions-framework requires them, but loads them only to serve.
# The last two read settings and bonghwa.yaml, which infra alone does.
SERVERS = {"gunicorn", "uvicorn", "uvicorn-worker", "watchdog", "starlette", "python-dotenv", "pyyaml"}
# Parts of libraries that nothing imports here.
UNUSED = re.compile(
    r"(?:^|/)tests?/|\.pyi$|\.pyx$|\.pxd$|\.[ch]$|/py\.typed$|^telegram/ext/|^pydantic/(?:v1|mypy\.py|deprecated/copy)"
)
# The files that importlib.metadata needs of those that pip writes about a library.
METADATA = ("METADATA", "entry_points.txt")
# Compiles the file that each line names. The result holds no times, so that it is always the same.
_COMPILER = """
import py_compile, sys
for line in sys.stdin.read().splitlines():
    source, to, shown = line.split("\\t")
    py_compile.compile(source, to, shown, True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


class PackagingFailed(Exception):
    """The zip cannot be built; the text has what pip said."""


@dataclass(frozen=True)
class Runtime:
    """A Python version, and a processor as wheels name it: a zip is for one of each."""

    version: str = VERSIONS[0]
    processor: str = "aarch64"

    @property
    def name(self) -> str:
        """Lambda's name for it."""
        return f"python{self.version}"

    @property
    def platforms(self) -> list[str]:
        """The platforms of wheels that run there; Amazon Linux 2023 has glibc 2.34."""
        return [f"manylinux2014_{self.processor}", *(f"manylinux_2_{n}_{self.processor}" for n in range(34, 16, -1))]


@dataclass(frozen=True)
class Package:
    """The zip that was built, with its unpacked size and psycopg's part of that."""

    zip: Path
    bytes_unpacked: int
    bytes_of_psycopg: int
    is_compiled: bool


def fitting() -> Runtime:
    """The runtime whose Python this machine has, so that it can compile the zip; the first one if it has none."""
    return next((Runtime(version) for version in VERSIONS if _python(version)), Runtime())


def runtime_of(zip_file: Path) -> Runtime | None:
    """The runtime that a zip was built for; None if it does not say."""
    try:
        with zipfile.ZipFile(zip_file) as archive:
            name, _, processor = archive.comment.decode().partition(" ")
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    return Runtime(name.removeprefix("python"), processor) if processor else None


def build(runtime: Runtime, to: Path = ZIP) -> Package:
    """Build the zip at ``to``. Raises PackagingFailed."""
    with TemporaryDirectory(prefix="bonghwa-") as folder:
        libraries = Path(folder, "libraries")
        _install(runtime, libraries)
        compile_templates()
        of_others = dict(_needed(libraries))
        own = {path.relative_to(ROOT).as_posix(): path for pattern in OWN for path in ROOT.glob(pattern)}
        compiled = _compile(runtime, of_others | own, Path(folder, "compiled"))
        for name, path in compiled.items():
            module = Path(name)
            if name in own:
                tag = f"cpython-{runtime.version.replace('.', '')}"
                own[(module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc").as_posix()] = path
            else:
                # Without its source, under the name that Python then expects: both would make the zip too large.
                del of_others[name]
                of_others[module.with_suffix(".pyc").as_posix()] = path
        files = of_others | own
        to.parent.mkdir(parents=True, exist_ok=True)
        write_zip(files, to, runtime)
        sizes = {name: path.stat().st_size for name, path in files.items()}
    of_psycopg = sum(size for name, size in sizes.items() if name.startswith("psycopg"))
    return Package(to, sum(sizes.values()), of_psycopg, bool(compiled))


def _install(runtime: Runtime, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", str(folder)]
    command += ["--implementation=cp", f"--python-version={runtime.version}"]
    command += [f"--platform={platform}" for platform in runtime.platforms]
    command += ["--requirement", str(ROOT / "requirements.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # without a shell
    if done.returncode:
        raise PackagingFailed(f"pip cannot install the libraries for {runtime}:\n{done.stderr.strip()[-2000:]}")


def _needed(libraries: Path) -> Iterator[tuple[str, Path]]:
    """Every file of the libraries that goes into the zip, by its name there."""
    for about in libraries.glob("*.dist-info"):
        library = Distribution.at(about)
        if library.metadata["Name"].lower() in SERVERS:
            continue
        for file in library.files or ():
            name = file.as_posix()
            path = libraries / name
            is_about = name.startswith(f"{about.name}/")
            # A name with dots at its start is a program in another folder.
            if name.startswith("..") or UNUSED.search(name) or (is_about and file.name not in METADATA):
                continue
            if path.is_file() and path.suffix not in (".pth", ".pyc"):
                yield name, path


def _compile(runtime: Runtime, files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """The compiled form of every module, by the module's name; empty if this machine has no such Python.

    Lambda cannot store what Python compiles: without these files, every cold start compiles all that it imports, and
    takes three times as long.
    """
    python = _python(runtime.version)
    if python is None:
        return {}
    modules = {name: folder / f"{name}c" for name, path in sorted(files.items()) if path.suffix == ".py"}
    lines = "\n".join(f"{files[name]}\t{compiled}\t{name}" for name, compiled in modules.items())
    command = [python, "-I", "-c", _COMPILER]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise PackagingFailed(f"{python} cannot compile what is in the zip:\n{done.stderr.strip()[-2000:]}")
    return modules


def _python(version: str) -> str | None:
    """A Python of that version: the one that runs this, or one on the PATH that starts."""
    for python in (sys.executable, shutil.which(f"python{version}")):
        if python:
            command = [python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            if done.stdout.strip() == version:
                return python
    return None


def write_zip(files: Mapping[str, Path], to: Path, runtime: Runtime) -> None:
    """Zip the files under their names. The same files make the same zip, whatever their order, times and rights."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = f"{runtime.name} {runtime.processor}".encode()
        for name, path in sorted(files.items()):
            about = zipfile.ZipInfo(name, _MOMENT)
            about.compress_type = zipfile.ZIP_DEFLATED
            # Lambda runs as another user, who must be able to read it.
            about.external_attr = (0o755 if ".so" in path.suffixes else 0o644) << 16
            archive.writestr(about, path.read_bytes())
