"""A running system on a disk of its own, started once for all tests of this folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target
from tests.system.store_trouble.watched import Watched


@pytest.fixture(scope="package")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk if one can be mounted, otherwise a folder."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    yield folder
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="package")
def watched(project: Path, disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A running system, which notifies two channels."""
    folder, data, temp = tmp_path_factory.mktemp("running"), disk / "data", disk / "temp"
    data.mkdir()
    temp.mkdir()
    with Target() as target, BotApi() as bot_api:
        # The spool is beside the database, as it is by default, and so in the same trouble.
        files = {"DATABASE_URL": f"sqlite:///{data / 'bonghwa.db'}", "TMPDIR": str(temp)}
        system = LocalSystem(project, folder, TARGET_URL=target.url, **files, **bot_api.environ)
        system.database = data / "bonghwa.db"
        if os.geteuid() == 0 and shutil.which("setpriv"):
            # Without this capability, root obeys the permissions of files.
            system.command = ["setpriv", "--bounding-set=-dac_override", *system.command]
        with system:
            system.wait_until(lambda: target.hits)
            yield Watched(system, target, bot_api)
