"""One file a channel; the file's name is the channel's name.

A channel's module has ``from_env(environ)``, which gives its notifier, or None where it is not configured (and raises
SettingError where it is half configured), and names its settings in its docstring. It looks at the settings alone: who
plans or deploys asks too, and sends nothing here. A channel that needs a library that we do not bring has
``refuse_missing(environ)`` beside it. This package finds the modules by itself: adding a channel is adding a file.
"""

import functools
import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from shared.models import Notification


class SendFailed(Exception):
    """The channel did not take the message.

    ``is_permanent``: trying again cannot help. ``retry_after``: the seconds that the channel asks to wait. The text is
    for the log and never holds a secret.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent
        self.retry_after = retry_after


class Notifier(Protocol):
    """Sends to one configured place."""

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:
        """Hand the message to the channel and return its answer, for the log.

        Gives up after ``timeout_seconds`` in all, however slowly the channel answers. ``notification``: what the text
        tells, where it is owed, for a channel that can carry more than text.

        Raises:
            SendFailed: the channel did not take it, or did not say so in time.
        """


@functools.cache
def channel_names() -> tuple[str, ...]:
    """Every channel that there is code for."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__"))


def configured(environ: Mapping[str, str] = os.environ) -> dict[str, Notifier]:
    """The notifiers of the channels that are configured, by channel name.

    Raises:
        SettingError: a channel is half configured, or a setting of its is malformed.
    """
    found = ((name, notifier(name, environ)) for name in channel_names())
    return {name: each for name, each in found if each is not None}


def notifier(name: str, environ: Mapping[str, str] = os.environ) -> Notifier | None:
    """One channel's notifier, or None where it is not configured. Raises as ``configured``."""
    return _module(name).from_env(environ)


def refuse_missing(name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise SettingError where a channel is configured and this process has no library to send with."""
    refuse = getattr(_module(name), "refuse_missing", None)
    if refuse is not None:
        refuse(environ)


class _Module(Protocol):
    @staticmethod
    def from_env(environ: Mapping[str, str]) -> Notifier | None: ...


@functools.cache
def _module(name: str) -> _Module:
    return importlib.import_module(f"{__name__}.{name}")  # type: ignore[return-value]  # held by the contract tests
