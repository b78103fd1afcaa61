"""Templates of Jinja2, in its sandbox. Pure.

A template sees texts and numbers and nothing else. It cannot call for other files, reach into objects, or go on for
ever.
"""

import functools
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Template

# More lines of a template's code, or more characters, than any message needs.
MOST_STEPS = 10_000
MOST_CHARACTERS = 10_000
# Filters whose results are not much longer than what they get.
_FILTERS = (
    *(
        "abs",
        "capitalize",
        "d",
        "default",
        "e",
        "escape",
        "first",
        "float",
        "int",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "max",
    ),
    *("min", "replace", "reverse", "round", "sort", "string", "title", "tojson", "trim", "truncate", "unique", "upper"),
    *("urlencode", "wordcount"),
)


class TemplateFailed(Exception):
    """A template cannot be used. The text says why, in a few words."""


def render(template: str, values: Mapping[str, Any], escape: Callable[[str], str] | None = None) -> str:
    """The text that a template makes of these values. ``escape``: how each is written; without it, as it is.

    A value that a filter has made safe for its place (``tojson``, ``e``, ``urlencode``) is not escaped again.

    Raises:
        TemplateFailed: it is malformed, names an unknown variable or another file, reaches into an object, takes more
            than MOST_STEPS, or makes more than MOST_CHARACTERS.
    """
    from jinja2 import TemplateError

    try:
        compiled = _compiled(template, tuple(values), escape)
        text = _in_few_steps(compiled, values)
    except TemplateFailed:
        raise
    except TemplateError as error:
        raise TemplateFailed(str(error.message or type(error).__name__)) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise TemplateFailed(str(error) or type(error).__name__) from None
    if len(text) > MOST_CHARACTERS:
        raise TemplateFailed(f"it makes more than {MOST_CHARACTERS} characters")
    return text


@functools.lru_cache(maxsize=64)
def _compiled(template: str, variables: tuple[str, ...], escape: Callable[[str], str] | None) -> "Template":
    from jinja2 import StrictUndefined, meta, nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    class Sandbox(ImmutableSandboxedEnvironment):
        # A product of a text and a number may be as long as memory.
        intercepted_binops = frozenset(["*", "**", "%"])

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if isinstance(left, str) or isinstance(right, str) or operator == "**":
                raise TemplateFailed(f"{operator} is not for this")
            return super().call_binop(context, operator, left, right)

    def written(value: Any) -> Any:
        return value if escape is None or isinstance(value, Markup) else escape(str(value))

    sandbox = Sandbox(undefined=StrictUndefined, autoescape=False, finalize=written)
    known = {**sandbox.filters, "urlencode": lambda value: Markup(quote(str(value), safe=""))}  # noqa: S704  # a URL's
    sandbox.filters = {name: known[name] for name in _FILTERS}
    sandbox.globals = {}
    parsed = sandbox.parse(template)
    if unknown := meta.find_undeclared_variables(parsed) - set(variables):
        raise TemplateFailed(f"unknown variable {min(unknown)}: one of {', '.join(variables)}")
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Macro, nodes.Call):
        if parsed.find(kind) is not None:
            raise TemplateFailed(f"{kind.__name__.lower()} is not for templates of messages")
    names = [attribute.attr for attribute in parsed.find_all(nodes.Getattr)]
    names += [str(getattr(item.arg, "value", "")) for item in parsed.find_all(nodes.Getitem)]
    for name in names:
        if name.startswith("_"):
            raise TemplateFailed(f"{name} is not for templates of messages")
    return sandbox.from_string(template)


def _in_few_steps(template: "Template", values: Mapping[str, Any]) -> str:
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if frame.f_code.co_filename != "<template>":
            return None
        if event == "line":
            steps += 1
            if steps > MOST_STEPS:
                raise TemplateFailed(f"it takes more than {MOST_STEPS} steps")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return template.render(values)
    finally:
        sys.settrace(before)
