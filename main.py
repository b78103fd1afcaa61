"""The module that functions-framework and Google's buildpack load: a function's name gives the function.

``functions-framework --source=main.py --target=list_alerts`` imports ``functions/list_alerts`` and no other.
``together`` and ``apart`` are the two forms of the public service at Google.
"""

import gc
import importlib
import os
from pathlib import Path
from typing import Any

_FRONTS = ("together", "apart")
_FUNCTIONS = Path(__file__).resolve().parent / "functions"

# Otherwise pydantic searches every installed package for plugins: 6 ms of each cold start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def __getattr__(name: str) -> Any:
    is_front = name in _FRONTS
    is_function = not name.startswith("_") and name.isidentifier() and (_FUNCTIONS / name / "main.py").is_file()
    if not is_front and not is_function:
        raise AttributeError(f"there is no function {name!r} in {_FUNCTIONS}")
    # Imported objects stay. A garbage collection during the import costs a cold start 10 ms and finds nothing; a later
    # one would write to memory pages that the processes of a server share.
    gc.disable()
    try:
        if is_front:
            return importlib.import_module("infra.clouds.gcp.front").serve(name)
        if os.environ.get("ONLY_FORWARDED"):
            importlib.import_module("shared.web.forwarded").see_requests_as_they_came()
        return getattr(importlib.import_module(f"functions.{name}.main"), name)
    finally:
        gc.freeze()
        gc.enable()
