"""A real engine that speaks Docker's API: Podman's, with containers of a single program, where it may run them."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Self

import pytest

from tests.support.running import wait_until

_BUSYBOX = shutil.which("busybox")
_IMAGE = "localhost/bonghwa-test:1"
# A container that starts containers may often not raise these.
_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=none")


class Podman:
    """Answers at ``socket``. Skips the test where it cannot run a container."""

    def __init__(self) -> None:
        if missing := [program for program in ("podman", "runc", "busybox") if not shutil.which(program)]:
            pytest.skip(f"needs {', '.join(missing)}")
        # In the container there is nothing else: one that looks for libraries ends at once.
        if _BUSYBOX and b"/ld-linux" in Path(_BUSYBOX).read_bytes()[:4096]:
            pytest.skip("needs busybox-static")
        if os.geteuid() != 0:
            pytest.skip("containers are started by root alone here")
        self._folder = Path(tempfile.mkdtemp(prefix="bonghwa-podman-"))
        self.socket = str(self._folder / "engine.sock")
        self._engine: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._import_image()
            service = self._command("system", "service", "--time=0", f"unix://{self.socket}")
            self._engine = subprocess.Popen(service, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: Path(self.socket).exists())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.asked("rm", "--all", "--force", "--time=0")
        if self._engine:
            self._engine.terminate()
            self._engine.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, name: str, script: str, *options: str) -> None:
        """Start a container that runs a shell's ``script``."""
        container = ["--name", name, "--detach", *_LIMITS, *options, _IMAGE]
        done = self.asked("run", *container, "/bin/busybox", "sh", "-c", script)
        if done.returncode:
            pytest.skip(f"podman runs no container here: {done.stderr[-300:]!r}")

    def asked(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """The result of a podman command."""
        return subprocess.run(self._command(*arguments), capture_output=True, check=False, timeout=60)

    def _command(self, *arguments: str) -> list[str]:
        folders = [f"--root={self._folder}/root", f"--runroot={self._folder}/run", "--storage-driver=vfs"]
        return ["podman", *folders, "--runtime=runc", "--cgroup-manager=cgroupfs", "--events-backend=file", *arguments]

    def _import_image(self) -> None:
        image = self._folder / "image.tar"
        with tarfile.open(image, "w") as packed:
            packed.add(str(_BUSYBOX), "bin/busybox")
            # A health check is run by a shell.
            link = tarfile.TarInfo("bin/sh")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            packed.addfile(link)
        done = self.asked("import", str(image), _IMAGE)
        if done.returncode:
            pytest.skip(f"podman takes no image here: {done.stderr[-300:]!r}")
