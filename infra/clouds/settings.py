"""The settings of a deployment to a cloud, and whether functions there can run with them."""

import os
from collections.abc import Collection, Mapping

from dotenv import dotenv_values

from infra.local.environment import make_dotenv, read_dotenv, values_in, warn_of_overridden
from shared import ROOT
from shared.channels import configured, of_json, read
from shared.monitors.placeholders import is_own_name
from shared.settings import SettingError, Settings

_DATABASE = "postgresql://user:password@host/name"


def environment_given(own_file: str) -> dict[str, str]:
    """``environment_on`` for a deployment, which makes ``.env`` with a key if there is none."""
    make_dotenv()
    warn_of_overridden()
    return environment_on(own_file)


def environment_on(own_file: str) -> dict[str, str]:
    """Every variable, each from the environment, the cloud's own file or ``.env``, whichever has it first."""
    environ = dict(os.environ)
    for name, value in values_in(ROOT / own_file).items():
        environ.setdefault(name, value)
    read_dotenv(environ)
    return environ


def settings_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings in ``environ``, and all variables of monitors, since those that the file lacks may use them too."""
    # Every setting, the channels' own included.
    names = dotenv_values(ROOT / ".env.example", interpolate=False)
    settings = {name: environ[name].strip() for name in names if environ.get(name, "").strip()}
    return settings | {name: value for name, value in environ.items() if value and is_own_name(name)}


def checked(given: Mapping[str, str], own_file: str) -> Settings:
    """The settings, if functions in a cloud, and their channels, can run with them. Raises SettingError."""
    database = given.get("DATABASE_URL", "")
    if not database.startswith("postgresql://"):
        raise SettingError(
            "DATABASE_URL",
            database.partition("://")[0] or None,
            f"{_DATABASE}, a database that functions can share (put it into {own_file}, or WITH_DATABASE=1 makes one)",
        )
    settings = Settings.from_env({name: value for name, value in given.items() if name != "DATABASE_URL"})
    _ = settings.key
    settings.refuse_weak_keys()
    # Only the functions read these, and they would respond to everything with 500 if one were malformed.
    configured(given)
    return settings


def refuse_missing_libraries(given: Mapping[str, str], own_file: str, libraries: Collection[str] = ()) -> None:
    """Raise SettingError if a channel needs a library that functions there do not have. They have ``libraries``."""
    for name, notifier in read(given)[0].items():
        if notifier.library is not None and notifier.library.module not in libraries:
            fix = f"CHANNELS without {name}" if name in of_json(given) else "an empty one"
            raise notifier.unusable(f"{notifier.library.expected_without} ({fix} in {own_file})")
