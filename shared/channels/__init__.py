"""The configured channels: each has a name, a kind and the kind's settings, all read from the environment.

Two sources make one set. A channel of ``FROM_VARIABLES`` is named like its kind and is on if a setting that it needs is
set. ``CHANNELS`` is a JSON object of others, any number of each kind: name → ``kind``, the kind's settings, and fields
that channels of every kind have (see ``fields``). ``"console": "off"`` in it switches the console off.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic import SecretStr, ValidationError

from shared.models.channel import CONSOLE, is_numbered, name_of
from shared.notifiers import NotifierKind, kind_named, kinds
from shared.notifiers.fields import expected_of
from shared.settings import SettingError
from shared.settings.environment import again_if_changed
from shared.settings.secrets import HIDDEN, shown

if TYPE_CHECKING:
    from shared.models.channel import Preferences

# The variable of each setting. The console has no settings and is on unless CHANNELS says "off". A kind that is not
# here is loaded only if CHANNELS names it, so that another kind costs no cold start.
FROM_VARIABLES: Mapping[str, Mapping[str, str]] = {
    CONSOLE: {},
    "sns": {"topic_arn": "SNS_TOPIC_ARN"},
    "telegram": {
        "bot_token": "TELEGRAM_BOT_TOKEN",
        "chat_id": "TELEGRAM_CHAT_ID",
        "topic_id": "TELEGRAM_TOPIC_ID",
        "silent_recovery": "TELEGRAM_SILENT_RECOVERY",
        "api_url": "TELEGRAM_API_URL",
    },
}
JSON = "CHANNELS"
VARIABLES = (*(variable for variables in FROM_VARIABLES.values() for variable in variables.values()), JSON)
MAX_NAME_LENGTH = 64
# The value in place of the console's settings if it is no channel.
OFF = "off"
# The fields of ``fields.Common``, so that its model is built only for a channel that has one.
COMMON = ("title", "text", "language", "only", "quiet_hours", "delay")
_OF_QUIET_HOURS = ("from", "to", "time_zone")
_OBJECT = 'a JSON object of channels by name, like {"ops": {"kind": "telegram", "bot_token": "…", "chat_id": -100123}}'


def configured(environ: Mapping[str, str] = os.environ) -> dict[str, NotifierKind]:
    """The notifier of each channel, by the channel's name.

    Raises:
        SettingError: a channel is malformed, or half configured.
    """
    return dict(_configured(environ))


@again_if_changed
def _configured(environ: Mapping[str, str]) -> dict[str, NotifierKind]:
    channels, errors = read(environ)
    if errors:
        raise errors[0]
    return channels


def read(environ: Mapping[str, str]) -> tuple[dict[str, NotifierKind], list[SettingError]]:
    """The channels that can be used, as ``configured`` gives them, and what is wrong with each of the others."""
    channels: dict[str, NotifierKind] = {}
    errors: list[SettingError] = []
    given = list(_from_variables(environ))
    try:
        given += _from_json(environ.get(JSON, ""))
    except SettingError as error:
        errors.append(error)
    for channel in (place for described in given for place in _places(described)):
        try:
            if is_console_off(channel.name, channel.description):
                channels.pop(channel.name, None)
                continue
            if channel.name in channels:
                raise SettingError(f"{JSON} key", channel.name, "another name, since there is such a channel already")
            channels[channel.name] = _notifier(channel)
        except SettingError as error:
            errors.append(error)
    return channels, errors


def of_json(environ: Mapping[str, str]) -> dict[str, NotifierKind]:
    """The channels of ``CHANNELS`` that can be used."""
    found, _ = read({JSON: environ.get(JSON, "")})
    always_on, _ = read({})
    return {name: notifier for name, notifier in found.items() if name not in always_on}


def json_with(environ: Mapping[str, str], more: Mapping[str, Any]) -> str:
    """``CHANNELS`` with ``more`` channels in it, as they are described. Raises SettingError if it is malformed."""
    return json.dumps({**_described(environ.get(JSON, "")), **more}, ensure_ascii=False)


def is_console_off(name: str, description: object) -> bool:
    """Whether this is not a channel, but says that the console is none."""
    # In YAML 1.2 `off` is text. A writer of JSON, or of an older YAML, may write false.
    return name == CONSOLE and (description is False or description == OFF)


class _Given(NamedTuple):
    """A channel as somebody wrote it, unchecked. ``variables``: those of its settings, if it is from variables.

    ``number``: which of the channels that one description makes, counted from 1.
    """

    described: str
    description: Any
    variables: Mapping[str, str] | None = None
    number: int = 1

    @property
    def name(self) -> str:
        """The channel's name."""
        return name_of(self.described, self.number)

    def setting(self, field: str) -> str:
        """The name of one of its settings, as a person writes it."""
        return f"{JSON}.{self.described}.{field}" if self.variables is None else self.variables.get(field, field)


def _from_variables(environ: Mapping[str, str]) -> Iterator[_Given]:
    for kind, variables in FROM_VARIABLES.items():
        values = {field: environ.get(variable, "").strip() for field, variable in variables.items()}
        settings = {field: value for field, value in values.items() if value}
        # A setting that has a default does not switch the channel on.
        if not variables or any(kind_named(kind).fields()[field].is_required() for field in settings):
            yield _Given(kind, {"kind": kind, **settings}, variables)


def _from_json(text: str) -> Iterator[_Given]:
    for name, description in _described(text).items():
        yield _Given(name, description)


def _described(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise SettingError(JSON, HIDDEN, f"{_OBJECT} ({error})") from None
    if not isinstance(found, dict):
        raise SettingError(JSON, HIDDEN, _OBJECT)
    return found


def _places(described: _Given) -> Iterator[_Given]:
    """A channel for each place that a description is about."""
    try:
        settings = _settings(described)
    except SettingError:  # raised again when the channel is made
        yield described
        return
    kind = settings.get("kind")
    places = kind_named(kind).places(settings) if kind in kinds() else [described.description]
    for number, place in enumerate(places, start=1):
        yield described._replace(description=place, number=number)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    # json itself would silently keep the last one.
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _notifier(channel: _Given) -> NotifierKind:
    name, description = channel.described, channel.description
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= MAX_NAME_LENGTH:
        expected = f"a name of 1 to {MAX_NAME_LENGTH} printable characters, without a blank at either end"
        raise SettingError(f"{JSON} key", name[: MAX_NAME_LENGTH + 1], expected)
    if is_numbered(name):
        raise SettingError(f"{JSON} key", name, "a name that does not end with # and a number")
    if not isinstance(description, dict | str):
        raise SettingError(f"{JSON}.{name}", HIDDEN, "an object with the channel's kind and settings, or a URL")
    settings = _settings(channel)
    kind_name = settings.pop("kind", None)
    if kind_name not in kinds():
        found = None if kind_name is None else shown("KIND", _as_text(kind_name))
        raise SettingError(channel.setting("kind"), found, _one_of("a kind of channel", found, kinds()))
    kind = kind_named(kind_name)
    common = {field: settings.pop(field) for field in COMMON if field in settings}
    names = {field: channel.setting(field) for field in kind.fields()}
    try:
        notifier = kind.configured(settings, names)
    except ValidationError as error:
        raise _malformed(channel, kind_name, error) from None
    return notifier.with_preferences(_preferences(channel, kind_name, common)) if common else notifier


def _settings(channel: _Given) -> dict[str, Any]:
    """The kind and the settings, also of a channel that is written as one URL."""
    given = channel.description if isinstance(channel.description, dict) else {"url": channel.description}
    if "kind" in given or not isinstance(given.get("url"), str):
        return dict(given)
    # Imported here: most channels are written as fields.
    from shared.channels.urls import NotOne, settings_of

    try:
        found = settings_of(given["url"])
    except NotOne as wrong:
        raise SettingError(f"{JSON}.{channel.name}", HIDDEN, str(wrong)) from None
    return {**{field: value for field, value in given.items() if field != "url"}, **found}


def _preferences(channel: _Given, kind: str, common: dict[str, Any]) -> "Preferences":
    from shared.channels.fields import Common

    try:
        return Common.model_validate(common).preferences(kind)
    except ValidationError as error:
        raise _malformed_common(channel, error) from None


def _malformed_common(channel: _Given, error: ValidationError) -> SettingError:
    from shared.monitors.expectations import expected

    detail = error.errors(include_url=False)[0]
    # Without what is no key there: pydantic names the branches of a union too.
    path = [str(part) for part in detail["loc"] if isinstance(part, int) or part in (*COMMON, *_OF_QUIET_HOURS)]
    if detail["type"] == "extra_forbidden":
        unknown = _printable(detail["loc"][-1])
        return SettingError(
            channel.setting(".".join((*path, unknown))),
            HIDDEN,
            _one_of("a setting of quiet_hours", unknown, _OF_QUIET_HOURS),
        )
    found = None if detail["type"] == "missing" else shown(path[-1].upper(), _as_text(detail["input"]))
    said = 'a time of the day such as "22:00"' if found is None else expected(detail)
    return SettingError(channel.setting(".".join(path)), found, said)


def _malformed(channel: _Given, kind_name: str, error: ValidationError) -> SettingError:
    fields = kind_named(kind_name).fields()
    details = error.errors()
    # An unknown setting first: it may be a misspelt one that is missing for that reason.
    for detail in details:
        if detail["type"] == "extra_forbidden":
            unknown = _printable(detail["loc"][0])
            expected = _one_of(f"a setting of {kind_name}", unknown, (*fields, *COMMON))
            return SettingError(channel.setting(unknown), HIDDEN, expected)
    name, *inside = map(str, details[0]["loc"])
    field = fields[name]
    if details[0]["type"] == "missing":
        found = None
    elif details[0]["type"] == "secret" or SecretStr in (field.annotation, *get_args(field.annotation)):
        found = HIDDEN
    else:
        found = shown(name.upper(), _as_text(details[0]["input"]))
    return SettingError(".".join((channel.setting(name), *inside)), found, expected_of(field, details[0]))


def _printable(name: object) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in str(name)[:50])


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_of(what: str, found: str | None, valid: Collection[str]) -> str:
    import difflib

    close = difflib.get_close_matches(found or "", valid, 1)
    return f"{what}, perhaps {close[0]}" if close else f"{what}: {', '.join(valid) or 'there is none'}"
