"""Templates into HTML, by Jinja2. Everything is escaped, and a value that is missing is an error."""

import contextlib
import functools
import os
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from shared.pages import formatting
from shared.pages.assets import asset_path
from shared.settings import is_in_cloud
from shared.words import Language
from shared.words.pages import Texts, frame_words, speaker

_FOLDER = Path(__file__).parent


def render(folder: Path, template: str, *, language: Language, words: Texts, **values: Any) -> str:
    """The page of a ``template`` in a function's ``folder``. ``words``: its own, beside those of the frame.

    ``layout.html`` says which values it takes.
    """
    say = speaker(words, frame_words(language))
    return _environment(folder).get_template(template).render(language=language, say=say, **values)


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, beside Python's compiled modules: they save two thirds of the time of a first page.

    Where nothing can be written, and in a cloud, where files beside the code take memory, each process compiles.
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
    environment = Environment(
        loader=FileSystemLoader([folder, _FOLDER]),
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
    environment.globals["duration"] = formatting.duration
    environment.globals["Named"] = formatting.Named
    return environment
