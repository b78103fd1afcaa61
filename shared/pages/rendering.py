"""Templates into HTML, by Jinja2. Everything is escaped, and a value that is missing is an error."""

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.pages import formatting
from shared.pages.assets import asset_path
from shared.words import Language
from shared.words.pages import Texts, frame_words, speaker

_FOLDER = Path(__file__).parent


def render(folder: Path, template: str, *, language: Language, words: Texts, **values: Any) -> str:
    """The page of a ``template`` in a function's ``folder``. ``words``: its own, beside those of the frame.

    ``layout.html`` says which values it takes.
    """
    say = speaker(words, frame_words(language))
    return _environment(folder).get_template(template).render(language=language, say=say, **values)


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
    )
    environment.globals["asset_path"] = asset_path
    environment.globals["time_tag"] = formatting.time_tag
    environment.globals["duration"] = formatting.duration
    environment.globals["Named"] = formatting.Named
    return environment
