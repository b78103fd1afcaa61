"""The channels of the file: which fields each kind has, and what is wrong with those that are written."""

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from pydantic import SecretStr, ValidationError

from infra.configuration.reading.filling import filled
from infra.configuration.reading.mistakes import BROKEN, Mistake, is_wrong, one_of, shown, unknown_key
from infra.configuration.reading.nodes import Entry, MappingNode, data_of
from infra.configuration.reading.validation import Source, checked
from shared.channels import JSON as CHANNELS
from shared.channels import MAX_NAME_LENGTH, OFF, VARIABLES, is_console_off
from shared.channels import read as channels_in
from shared.channels.fields import Common
from shared.channels.urls import NotOne, settings_of
from shared.models.channel import CONSOLE, is_numbered
from shared.notifiers import NotifierKind, kind_named, kinds
from shared.notifiers.fields import expected_of
from shared.settings.secrets import HIDDEN


class Fields(NamedTuple):
    """The names of a kind's own fields."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def fields_of(kind: str) -> Fields:
    """The names of the fields that the code of a kind reads."""
    fields = kind_named(kind).fields()
    required = tuple(name for name, field in fields.items() if field.is_required())
    return Fields(required, tuple(name for name in fields if name not in required))


_EXPECTED = "a mapping with the channel's kind and settings, or a URL such as slack://…"


class Known(NamedTuple):
    """The names and kinds of the channels that a monitor can name."""

    names: frozenset[str]
    kinds: frozenset[str]


def known_channels(channels: Mapping[str, Any], environ: Mapping[str, str]) -> Known:
    """The channels of the file and of the environment, which make one set."""
    others, _ = channels_in(environ)
    own = dict(channels)
    if is_console_off(CONSOLE, own.get(CONSOLE)):
        del own[CONSOLE]
        others.pop(CONSOLE, None)
    found = {str(channel["kind"]) for channel in own.values() if "kind" in channel}
    return Known(frozenset({*own, *others}), frozenset(found | {notifier.kind for notifier in others.values()}))


def read_channels(entries: Mapping[str, Entry], environ: Mapping[str, str], mistakes: list[Mistake]) -> dict[str, Any]:
    """The channels by name, as ``CHANNELS`` takes them; of one that is wrong, at least the kind if it is right."""
    of_variables, _ = channels_in({name: environ.get(name, "") for name in VARIABLES if name != CHANNELS})
    channels: dict[str, Any] = {}
    for name, entry in entries.items():
        source = Source(f"channels {shown(name)}", entry.line, entry.node)
        if is_console_off(name, data_of(entry.node)):
            channels[name] = OFF
            continue
        if not name.isprintable() or name != name.strip() or not 0 < len(name) <= MAX_NAME_LENGTH:
            expected = f"1 to {MAX_NAME_LENGTH} printable characters, without a blank at either end"
            mistakes.append(source.mistake((), f"the name does not fit: expected {expected}"))
        elif is_numbered(name):
            expected = "one that does not end with # and a number"
            mistakes.append(source.mistake((), f"the name does not fit: expected {expected}"))
        elif name in of_variables:
            expected = "another, since the settings in the environment make a channel of this name"
            mistakes.append(source.mistake((), f"the name is taken: expected {expected}"))
        channels[name] = _channel(source, environ, mistakes)
    return channels


def _channel(source: Source, environ: Mapping[str, str], mistakes: list[Mistake]) -> dict[str, Any]:
    written = data_of(source.node)
    if isinstance(written, str):
        written = {"url": written}
    elif not isinstance(source.node, MappingNode):
        if written is not BROKEN:
            mistakes.append(source.mistake((), is_wrong((), HIDDEN, _EXPECTED)))
        return {}
    data: dict[str, Any] = filled(written, environ, source, mistakes)
    if "kind" not in data and isinstance(data.get("url"), str):
        try:
            data |= settings_of(data.pop("url"))
        except NotOne as wrong:
            mistakes.append(source.mistake((), is_wrong((), HIDDEN, str(wrong))))
            return {}
    kind = data.get("kind")
    if kind is BROKEN:
        return {}
    if not isinstance(kind, str) or kind not in kinds():
        expected = one_of("a kind of channel", str(kind or ""), kinds())
        found = "kind is missing" if kind is None else f"kind is {shown(kind)}"
        mistakes.append(source.mistake(("kind",), f"{found}: expected {expected}"))
        return {}
    common = {field: value for field, value in data.items() if field in Common.model_fields}
    checked(Common.model_validate, source, mistakes, model=Common, data=common)
    own = {field: value for field, value in data.items() if field not in common and field != "kind"}
    mistakes.extend(_own_mistakes(kind, own, source))
    return data


def _own_mistakes(kind: str, own: Mapping[str, Any], source: Source) -> list[Mistake]:
    known = (*kind_named(kind).fields(), *Common.model_fields)
    unknown = [field for field in own if field not in known]
    texts = {field: unknown_key(field, known, f"one of {', '.join(known)}") for field in unknown}
    return [
        *(source.mistake((field,), text) for field, text in texts.items()),
        *_of_code(kind_named(kind), own, source),
    ]


def _of_code(code: type[NotifierKind], own: Mapping[str, Any], source: Source) -> list[Mistake]:
    """The mistakes that the code of a kind finds, in those fields that it reads."""
    fields = code.fields()
    try:
        for place in code.places({field: value for field, value in own.items() if field in fields}):
            code.model_validate(place)
    except ValidationError as error:
        details = error.errors(include_url=False)
    else:
        return []
    mistakes = []
    for detail in details:
        field = str(detail["loc"][0])
        info = fields[field]
        if detail["input"] is BROKEN:
            continue
        if detail["type"] == "missing":
            mistakes.append(source.mistake((), f"{field} is missing: expected {info.description}"))
            continue
        is_hidden = detail["type"] == "secret" or SecretStr in (info.annotation, *get_args(info.annotation))
        if is_hidden:
            mistakes.append(source.mistake((field,), is_wrong((field,), HIDDEN, expected_of(info, detail))))
        else:
            mistakes.append(source.wrong((field,), detail["input"], expected_of(info, detail)))
    return mistakes
