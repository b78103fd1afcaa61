"""Reading a text as if it were the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.configuration.file import Configuration, FileErrors, read

Read = Callable[..., Configuration]
Mistakes = Callable[..., list[str]]


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """``reading(text, NAME="value")``: the configuration in a file with this text, in this environment."""
    monkeypatch.chdir(tmp_path)

    def of(text: str | bytes, **environ: str) -> Configuration:
        file = tmp_path / "bonghwa.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(file, environ)

    return of


@pytest.fixture
def mistakes(reading: Read) -> Mistakes:
    """The lines about the mistakes in a text, without the file's name."""

    def of(text: str | bytes, **environ: str) -> list[str]:
        with pytest.raises(FileErrors) as raised:
            reading(text, **environ)
        return [line.removeprefix("bonghwa.yaml:") for line in str(raised.value).splitlines()]

    return of
