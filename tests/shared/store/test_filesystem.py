"""Filesystems on which a SQLite file is refused, and the advice instead."""

import os
from pathlib import Path

import pytest

from shared.settings import Settings
from shared.store import StoreUnavailable, open_store
from shared.store.engines.sqlite.filesystem import refuse_wrong_place


def mounts(folder: Path, kind: str) -> Path:
    """A list of file systems in which ``folder``'s is of this kind."""
    device = folder.stat().st_dev
    file = folder / "mountinfo"
    file.write_text(
        "22 1 7:7 / /else rw,relatime shared:1 - nfs4 server:/else rw\n"
        f"23 1 {os.major(device)}:{os.minor(device)} / /x rw,relatime shared:2 master:3 - {kind} source rw,size=1k\n"
        "24 1 7:8 / /proc rw - proc proc rw\n"
    )
    return file


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "fuse", "fuse.gcsfuse", "fuse.s3fs", "cifs", "smb3"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_shared_file_system_is_rejected(tmp_path: Path, kind: str, is_there: bool) -> None:
    path = tmp_path / "store.db"
    if is_there:
        path.touch()
    with pytest.raises(StoreUnavailable, match=rf"shared file system \({kind}\) damages .* DATABASE_URL") as raised:
        refuse_wrong_place(path, {}, mounts(tmp_path, kind))
    assert not raised.value.is_transient


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuse.fuse-overlayfs", "fuseblk"])
def test_a_disk_of_this_machine_is_allowed(tmp_path: Path, kind: str) -> None:
    refuse_wrong_place(tmp_path / "store.db", {}, mounts(tmp_path, kind))


def test_an_unknown_file_system_is_allowed(tmp_path: Path) -> None:
    refuse_wrong_place(tmp_path / "store.db", {}, tmp_path / "there is no such list")
    refuse_wrong_place(tmp_path / "no folder" / "store.db", {}, mounts(tmp_path, "nfs"))


@pytest.mark.parametrize("cloud", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_a_function_in_a_cloud_rejects_sqlite_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: str
) -> None:
    monkeypatch.setenv(cloud, "ingest_event")
    settings = Settings.from_env({"DATABASE_URL": f"sqlite:///{tmp_path}/store.db"})
    with pytest.raises(StoreUnavailable, match=r"does not outlive a function in a cloud: set DATABASE_URL") as raised:
        open_store(settings)
    assert not raised.value.is_transient
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv(cloud)
    open_store(settings).database.close()


@pytest.mark.system
def test_a_function_in_a_cloud_keeps_its_store_in_postgresql(
    database_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K_SERVICE", "ingest_event")
    settings = Settings.from_env(database_environ)
    if settings.database_path:
        with pytest.raises(StoreUnavailable):
            open_store(settings)
    else:
        store = open_store(settings)
        assert store.summary()["open_alerts"] == 0
        store.database.close()
