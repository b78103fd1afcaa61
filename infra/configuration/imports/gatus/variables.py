"""Variables in a Gatus file. Gatus fills them in from its environment; Flux may do so before."""

import re
from typing import Any

from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Imported
from shared.monitors.placeholders import PREFIX

_VARIABLE = re.compile(r"(\$\$)|\$\{(\w+)\}|\$([A-Za-z_]\w*)")


class Variables:
    """Replaces them. ``is_from_cluster``: whether ``$$`` is the escape of Flux and not the one of Gatus."""

    def __init__(self, imported: Imported, *, is_from_cluster: bool) -> None:
        self._imported = imported
        self._is_from_cluster = is_from_cluster

    def unescaped(self, value: Any) -> Any:
        """``value`` as Gatus gets it from Flux, if it does: ``$${NAME}`` is ``${NAME}`` then."""
        if not self._is_from_cluster:
            return value
        if isinstance(value, str):
            return value.replace("$${", "${")
        if isinstance(value, dict):
            return {self.unescaped(key): self.unescaped(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.unescaped(part) for part in value]
        return value

    def of_monitor(self, text: str) -> str:
        """``text`` for a field of a monitor: the agent fills in its variables, whose names begin with MONITOR_."""
        return self._placed(text, PREFIX)

    def of_channel(self, text: str) -> str:
        """``text`` for a setting of a channel."""
        return self._placed(text, "")

    def plain(self, text: str) -> tuple[str, bool]:
        """``text`` for what nothing is filled in into, and whether it is complete: a variable stays as its name."""
        is_complete = True

        def named(found: re.Match[str]) -> str:
            nonlocal is_complete
            if found[1]:
                return "$"
            is_complete = False
            return found[2] or found[3]

        return _VARIABLE.sub(named, text), is_complete

    def _placed(self, text: str, prefix: str) -> str:
        parts, end = [], 0
        for found in _VARIABLE.finditer(text):
            parts.append(literal(text[end : found.start()]))
            # A lone $ could become a placeholder with what follows it.
            parts.append("$$" if found[1] else self._imported.secrets.refer(found[2] or found[3], prefix))
            end = found.end()
        return "".join(parts) + str(literal(text[end:]))
