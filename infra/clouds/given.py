"""The operator's input to a deployment: the settings and the file, read and checked alike for both clouds."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from infra.clouds import deployed_file, own_database
from infra.clouds.settings import environment_given, settings_in

if TYPE_CHECKING:
    from infra.configuration.file import Configuration


class Given(NamedTuple):
    """The settings that a person gave. ``environ``: every variable, also those that no function gets."""

    settings: dict[str, str]
    configuration: "Configuration | None"
    environ: Mapping[str, str]


# A removal needs nothing.
NOTHING = Given({}, None, {})


def given_for(
    own_file: str,
    *,
    with_database: bool,
    shortest_seconds: int,
    whose: str,
    check: Callable[[Mapping[str, str]], object],
) -> Given:
    """The settings, if functions there can run with them, and the configuration.

    ``check`` raises SettingError if the cloud cannot run with the settings. ``deployed_file.settings_with`` describes
    the others.

    Raises:
        SettingError: a setting is wrong.
        FileWrong: the configuration's file is wrong.
    """
    environ = environment_given(own_file)
    given = settings_in(environ)
    configuration = deployed_file.read(given, environ)
    if with_database:
        given = own_database.given_with(given, own_file)
    given = deployed_file.settings_with(given, configuration, shortest_seconds=shortest_seconds, whose=whose)
    check(given)
    return Given(given, configuration, environ)
