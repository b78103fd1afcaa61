"""A secret that a cloud's program reads from a file: the program writes it into no log of its own."""

import shutil
from pathlib import Path

import pytest

from infra.clouds.cli import Command, CommandFailed, File, Stage, run

SECRET = "a-password-that-only-the-cloud-may-know"


def stage(*, is_secret: bool) -> Stage:
    file = File("--flags-file", "flags.json", {"--password": SECRET}, is_secret=is_secret)
    words = ("sql", "users", "create", "bonghwa", "--instance=bonghwa", "--project=my-project", "--quiet")
    return Stage("a user", [Command("gcloud", (*words, file))])


@pytest.mark.parametrize(("is_secret", "said"), [(True, "1"), (False, "")])
def test_gcloud_is_told_to_keep_no_log_of_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_secret: bool, said: str
) -> None:
    program = tmp_path / "gcloud"
    program.write_text(f'#!/bin/sh\nprintf "$CLOUDSDK_CORE_DISABLE_FILE_LOGGING" > {tmp_path}/said\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    run([stage(is_secret=is_secret)])
    assert (tmp_path / "said").read_text() == said


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="needs Google's SDK")
def test_the_real_gcloud_keeps_no_log_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for is_secret in (True, False):
        folder = tmp_path / f"secret is {is_secret}"
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(folder))
        # It reads the file, and then misses somebody who is logged in.
        with pytest.raises(CommandFailed, match="active account"):
            run([stage(is_secret=is_secret)])
        logs = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        assert bool(logs) != is_secret
