"""Imports inside functions: each works, whatever was imported before. Tests that fork have imported all of ours."""

import ast
import json
import subprocess
import sys

import pytest

from shared import ROOT
from tests.test_architecture import modules, name_of, nodes

# Has imported what takes the longest: others' modules, and those of ours that import nothing above them. It imports
# each module first in a fork.
FIRST = """
import gc, importlib, json, os, sys
import boto3, flask, functions_framework, httpx, jinja2, pycurl, pydantic, requests, sqlite3, telegram, yaml
import shared.models.event, shared.settings, shared.logs
gc.disable()
gc.freeze()
for name in json.load(sys.stdin):
    if os.fork() == 0:
        code = 1
        try:
            importlib.import_module(name)
            models = [pydantic.BaseModel]
            for model in models:
                models.extend(model.__subclasses__())
                if not model.__pydantic_complete__ and model.__module__.startswith(("shared.", "functions.", "infra.")):
                    model.model_rebuild()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    if os.wait()[1]:
        print(name, flush=True)
"""


def imported_late() -> list[str]:
    """Each module of ours that a function imports when it is called."""
    functions = [each for path in modules() for each in nodes(path) if isinstance(each, ast.FunctionDef)]
    late = [each for function in functions for each in ast.walk(function) if isinstance(each, ast.ImportFrom)]
    names = {
        name for each in late for name in (each.module or "", *(f"{each.module}.{alias.name}" for alias in each.names))
    }
    return sorted(names & {name_of(path) for path in modules()})


@pytest.mark.slow
def test_a_late_import_needs_no_other_before_it() -> None:
    """Models are built too: that is done at their first use, and looks names up."""
    names = imported_late()
    assert len(names) > 100
    command = [sys.executable, "-c", FIRST]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(names), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
