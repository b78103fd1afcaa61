"""What functions-framework and Google's buildpack load: a function's name gives the function.

``functions-framework --source=main.py --target=list_alerts`` imports ``functions/list_alerts`` and no other.
"""

import importlib
from pathlib import Path
from typing import Any

_FUNCTIONS = Path(__file__).resolve().parent / "functions"


def __getattr__(name: str) -> Any:
    if name.startswith("_") or not name.isidentifier() or not (_FUNCTIONS / name / "main.py").is_file():
        raise AttributeError(f"there is no function {name!r} in {_FUNCTIONS}")
    return getattr(importlib.import_module(f"functions.{name}.main"), name)
