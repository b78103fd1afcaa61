"""What a person gave for a deployment: the settings and the file, read and checked alike for both clouds."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from infra.clouds import configured, own_database
from infra.clouds.settings import settings_given

if TYPE_CHECKING:
    from infra.configuration.file import Configuration


def given_for(
    own_file: str,
    *,
    with_database: bool,
    shortest_seconds: int,
    whose: str,
    check: Callable[[Mapping[str, str]], object],
) -> tuple[dict[str, str], "Configuration | None"]:
    """The settings, if functions there can run with them, and the configuration.

    ``check`` raises SettingError if the cloud cannot run with the settings. ``configured.settings_with`` describes the
    others.

    Raises:
        SettingError: a setting is wrong.
        FileWrong: the configuration's file is wrong.
    """
    given = settings_given(own_file)
    configuration = configured.read(given)
    if with_database:
        given = own_database.given_with(given, own_file)
    given = configured.settings_with(given, configuration, shortest_seconds=shortest_seconds, whose=whose)
    check(given)
    return given, configuration
