"""Questions that are asked alike before a deployment to any cloud. ``lines``: what it says, by its settings."""

from collections.abc import Callable

import pytest

from infra.clouds.preflight import PreflightFailed

Lines = Callable[..., list[str]]


def warnings(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("warning")]


def names_a_deployment_that_notifies_nobody(lines: Lines) -> None:
    """The console of a cloud is a log, and without any channel the health would never be 200."""
    silent = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_CHAT_ID": ""}
    [line] = warnings(lines(**silent))
    assert "channels" in line
    assert "only the console is on: people who do not watch it are not notified" in line
    with pytest.raises(PreflightFailed, match="no channel is on: nobody is notified"):
        lines(**silent, CHANNELS='{"console": "off"}')


def warns_of_links_to_this_machine(lines: Lines, file: str) -> None:
    [line] = warnings(lines(PUBLIC_URL="http://127.0.0.1:5000"))
    assert "with PUBLIC_URL=http://127.0.0.1:5000 the links in messages lead" in line
    assert f"fix: PUBLIC_URL=https://… in {file}, or an empty one there" in line
    assert not warnings(lines(PUBLIC_URL="https://b.example"))
