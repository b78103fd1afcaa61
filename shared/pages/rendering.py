"""Templates into HTML, by Jinja2. Everything is escaped, and a value that is missing is an error."""

import contextlib
import functools
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    ModuleLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket

from shared import ROOT
from shared.pages import formatting
from shared.pages.assets import asset_path
from shared.pages.markdown import linked
from shared.settings import is_in_cloud
from shared.words import Language
from shared.words.pages import Texts, frame_words, speaker

# The templates that a deployment compiles: a cold start in a cloud then compiles none, which would take it 50 ms.
COMPILED = ROOT / "build" / "templates"
_FOLDER = Path(__file__).parent


def render(folder: Path, template: str, *, language: Language, words: Texts, **values: Any) -> str:
    """The page of a ``template`` in a function's ``folder``. ``words``: its own, beside those of the frame.

    ``layout.html`` says which values it takes.
    """
    say = speaker(words, frame_words(language))
    return _environment(folder).get_template(template).render(language=language, say=say, **values)


def compile_templates(to: Path = COMPILED) -> None:
    """Compile the templates of every function, as modules that any Python loads, in place of former ones.

    Several processes may do so at once.
    """
    folders = {path.parent for path in (ROOT / "functions").glob("*/*.html")}
    named = {_compiled_name(folder): folder for folder in folders}
    to.mkdir(parents=True, exist_ok=True)
    for name in {path.name for path in to.iterdir()} - named.keys():
        shutil.rmtree(to / name, ignore_errors=True)
    for name, folder in named.items():
        if (to / name).is_dir():
            continue
        with tempfile.TemporaryDirectory(dir=to.parent) as made:
            environment = _with(_files(folder))
            environment.compile_templates(f"{made}/all", extensions=["html"], zip=None, ignore_errors=False)
            with contextlib.suppress(OSError):  # another process was faster
                Path(made, "all").rename(to / name)


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, beside Python's compiled modules: they save two thirds of the time of a first page.

    Each process compiles if nothing can be written, and in a cloud, where files beside the code take memory.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode and not is_in_cloud(os.environ):
            with contextlib.suppress(OSError):
                super().dump_bytecode(bucket)


@functools.cache
def _environment(folder: Path) -> Environment:
    files = _files(folder)
    return _with(ChoiceLoader([_modules(folder), files]) if is_in_cloud(os.environ) else files)


def _with(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The files do not change while we run.
        auto_reload=False,
        bytecode_cache=_Compiled(str(_FOLDER / "__pycache__"), "%s.template"),
    )
    environment.globals["asset_path"] = asset_path
    environment.globals["time_tag"] = formatting.time_tag
    environment.globals["linked"] = linked
    environment.globals["with_times"] = formatting.with_times
    environment.globals["duration"] = formatting.duration
    environment.globals["Named"] = formatting.Named
    return environment


def _files(folder: Path) -> FileSystemLoader:
    return FileSystemLoader([folder, _FOLDER])


def _modules(folder: Path) -> ModuleLoader:
    """The compiled templates of a function; none if they were not compiled, or from other templates than these."""
    return ModuleLoader(COMPILED / _compiled_name(folder))


def _compiled_name(folder: Path) -> str:
    """The folder of a function's compiled templates: a name that changes with any of them."""
    content = hashlib.sha256(jinja2.__version__.encode())
    for path in (*sorted(folder.glob("*.html")), *sorted(_FOLDER.glob("*.html"))):
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{folder.name}-{content.hexdigest()[:16]}"
