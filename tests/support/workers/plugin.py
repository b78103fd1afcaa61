"""How a run goes: where its files are, what its workers share, and in which order tests come."""

import gc
import json
import shutil
import tempfile
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.workers.collecting import rewrite_a_share
from tests.support.workers.memory import keep_files_in_memory
from tests.support.workers.scheduling import Together

# All that is made while tests are collected stays. To look for what could go takes a third of the time.
gc.disable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """The collected tests live until the end. The garbage collector looks at none of it, now or during the tests."""
    try:
        rewrite_a_share(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# The file by which workers tell the scheduler which tests belong together: xdist itself carries node ids alone.
_GROUPS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Before any test asks for a folder, and before there are workers."""
    if not hasattr(config, "workerinput"):
        keep_files_in_memory()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker the file, which the first worker's start makes."""
    if _GROUPS not in node.config.stash:
        node.config.stash[_GROUPS] = Path(tempfile.mkdtemp(prefix="bonghwa-tests-"), "groups.json")
    node.workerinput["groups"] = str(node.config.stash[_GROUPS])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together | None:
    """``--dist=loadgroup`` is this; xdist's own finds no groups with a pytest of today."""
    return Together(config, log, config.stash[_GROUPS]) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in the order of ``_place``, and tell the scheduler which of them belong together."""
    if "nightly" not in config.option.markexpr:
        nightly = {item: None for item in items if item.get_closest_marker("nightly")}
        items[:] = [item for item in items if item not in nightly]
        config.hook.pytest_deselected(items=list(nightly))
    items.sort(key=_place)
    if workerinput := getattr(config, "workerinput", None):
        marked = {item.nodeid: mark.args[0] for item in items if (mark := item.get_closest_marker("together"))}
        file = Path(workerinput["groups"])
        # All workers write the same. A rename, so that the scheduler never reads half of it.
        new = file.with_name(workerinput["workerid"])
        new.write_text(json.dumps(marked), encoding="utf-8")
        new.replace(file)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the workers told the scheduler."""
    if file := config.stash.get(_GROUPS, None):
        shutil.rmtree(file.parent)


def _place(item: pytest.Item) -> tuple[bool, int]:
    """Short tests come last: they fill up the end of a run on several workers. The files of the others are mixed.

    Otherwise all tests of a folder that mostly wait would come together, and leave the machine idle, and then those of
    a folder that mostly compute.
    """
    if item.get_closest_marker("system") is None:
        return True, 0
    # By chance, and the same in each worker.
    return False, zlib.crc32(item.path.relative_to(item.config.rootpath).as_posix().encode())
