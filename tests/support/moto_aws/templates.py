"""Reads and translates a template of ours in a tenth of the seconds that PyYAML and SAM's translator take for it."""

import contextlib
import functools
import pickle
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml


def quick_yaml() -> SimpleNamespace:
    """Return a quicker module ``yaml`` for a program that loads templates.

    It uses libyaml, which comes with PyYAML and gives the same values. It reads no text twice.
    """
    return SimpleNamespace(**{**vars(yaml), "load": _load, "safe_load": lambda text: _load(text, yaml.SafeLoader)})


def _load(text: str | bytes, Loader: Any) -> Any:  # noqa: N803  # as yaml.load has it
    # Each caller may change what it gets.
    return pickle.loads(_loaded(text, Loader))


@functools.cache
def _loaded(text: str | bytes, loader: Any) -> bytes:
    base = yaml.CSafeLoader if issubclass(loader, yaml.SafeLoader) else yaml.CLoader
    constructors = {name: getattr(loader, name) for name in ("yaml_constructors", "yaml_multi_constructors")}
    return pickle.dumps(yaml.load(text, type(loader.__name__, (base,), constructors)))


def read_for_sam(text: str) -> Any:
    """A template with short forms, as SAM's translator reads it."""
    from samtranslator import yaml_helper

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_helper, "yaml", quick_yaml())
        return yaml_helper.yaml_parse(text)


@contextlib.contextmanager
def quick_translator() -> Iterator[None]:
    """SAM's translator copies the whole API five times for each route, and then uses the copy alone.

    Without the copies, only the order of the API's paths is another one.
    """
    from samtranslator.open_api import open_api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_api, "_deepcopy", lambda document: document)
        yield
