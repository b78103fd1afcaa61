"""The zip that the deployment built."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from infra.clouds.aws import package
from infra.clouds.aws.target import CODE
from shared import ROOT
from tests.infra.clouds.aws.life import Life

pytestmark = pytest.mark.together("aws")


@pytest.fixture(scope="module")
def names(life_on_aws: Life) -> dict[str, int]:
    """The zip that the deployment built, for arm64: the size of each file in it."""
    with zipfile.ZipFile(life_on_aws.zip) as archive:
        return {each.filename: each.file_size for each in archive.infolist()}


@pytest.mark.system
def test_the_zip_holds_what_lambda_needs_and_little_else(names: dict[str, int]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"tests", "gunicorn", "uvicorn", "watchdog", "starlette", "boto3", "bin", "pip", ".env"}
    ours = {name for name in names if name.startswith(("functions/", "shared/")) and "__pycache__" not in name}
    assert ours == {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql", ".json", ".html", ".css", ".js", ".svg", ".LICENSE")
    }
    assert sum(name.startswith("build/templates/dashboard-") and name.endswith(".py") for name in names) > 10
    of_infra = {name for name in names if name.startswith("infra/") and "__pycache__" not in name}
    assert of_infra == {each for each in package.OWN if each.startswith("infra/")}
    manual = (ROOT / "infra/clouds/aws/README.md").read_text(encoding="utf-8")
    authorities = re.findall(rf"`{CODE}/(\S+\.pem)`", manual)
    assert len(authorities) == 2
    assert names.keys() >= set(authorities), "the files by which DATABASE_URL may trust a server"
    of_psycopg = sum(size for name, size in names.items() if name.startswith("psycopg"))
    assert sum(names.values()) - of_psycopg <= 45e6
    assert of_psycopg <= 16e6
    # More than this, Lambda refuses.
    assert sum(names.values()) < 250e6


@pytest.mark.system
def test_the_zip_is_for_lambdas_python_and_processor(names: dict[str, int], life_on_aws: Life) -> None:
    built_for = package.runtime_of(life_on_aws.zip)
    assert built_for
    assert {each["Runtime"] for each in life_on_aws.details["functions"].values()} == {built_for.name}
    libraries = [name for name in names if ".so" in name]
    with zipfile.ZipFile(life_on_aws.zip) as archive:
        # The kind of machine in an ELF header: 183 is AArch64.
        machines = {name: int.from_bytes(archive.read(name)[18:20], "little") for name in libraries}
    assert set(machines.values()) == {183}
    for needed in ("pycurl", "pydantic_core", "psycopg_binary"):
        assert any(name.startswith(needed) for name in libraries)


@pytest.mark.system
def test_the_same_files_make_the_same_zip_readable_by_lambda(tmp_path: Path) -> None:
    files = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "shared").rglob("*.py"))}
    package.write_zip(files, tmp_path / "one.zip", package.Runtime())
    for path in (copied := tmp_path / "copy").parent.iterdir():
        assert path.name == "one.zip"
    others = {}
    for name, path in reversed(files.items()):
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        others[name] = Path(shutil.copyfile(path, copied / name))
        others[name].chmod(0o600)
    package.write_zip(others, tmp_path / "other.zip", package.Runtime())
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert all(each.external_attr >> 16 & 0o004 for each in archive.infolist())
