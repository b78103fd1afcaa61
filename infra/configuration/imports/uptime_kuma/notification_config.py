"""The settings of one of Uptime Kuma's notifications."""

import re

from infra.configuration.imports.uptime_kuma.rows import Row

# Settings that say nothing about a message, whatever they hold.
_SILENT = {"discordChannelType", "ntfyAuthenticationMethod", "telegramTemplateParseMode", "webhookContentType"}
# Settings of a type whose names do not begin like the type's others.
_OTHERS = {
    "discord": ("postName", "disableUrl"),
    "smtp": ("customSubject", "customBody", "htmlBody"),
    "apprise": ("title",),
}


class Config:
    """The settings of a notification. Remembers which were read, so that the others can be named."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.data = row.mapping("config")
        self.read: set[str] = set()

    def text(self, name: str) -> str:
        """A setting as text; empty if it is not set."""
        self.read.add(name)
        value = self.data.get(name)
        return "" if value is None or isinstance(value, dict | list | bool) else str(value).strip()

    def flag(self, name: str) -> bool:
        """Whether a setting is on."""
        self.read.add(name)
        return self.data.get(name) in (True, 1, "1", "true")

    def whole(self, name: str) -> int | None:
        """A setting as a number."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None

    def left(self, kind: str) -> list[str]:
        """The settings of this type that were not read, but are set."""
        prefix = kind.lower().replace(".", "").replace("chat", "")
        own = (name for name in self.data if name.lower().startswith(prefix) or name in _OTHERS.get(kind, ()))
        return sorted(name for name in own if self.data[name] and name not in self.read | _SILENT)
