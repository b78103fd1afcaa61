"""UptimeFlare's status page."""

from typing import Any

from infra.configuration.imports.naming import one_line
from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptimeflare.parts import Part, filled, has_variable

_KNOWN = keys("title links group favicon logo maintenances customFooter")
_TITLE = "UptimeFlare"
_LOST = {
    "links": "a page has no links of its own",
    "favicon": "it has no counterpart here",
    "maintenances": "a window has no color",
    "customFooter": "it is HTML; set footer, which is text",
}
_PROTECTION = "passwordProtection"
_VARIABLE = "STATUS_PAGE_PASSWORD"


class Page:
    """The page, and where each monitor stands on it. ``names``: those of the monitors, by their ids."""

    def __init__(self, part: Part, config: Part, names: dict[str, str], imported: Imported) -> None:
        self._part = part
        self._imported = imported
        part.note_code()
        part.note_unknown(_KNOWN)
        for name, why in _LOST.items():
            if part.data.get(name):
                part.note(name, why)
        self._groups = self._groups_of(names)
        self._shows_all = not part.data.get("group") and "group" not in part.code
        self._is_guarded = config.has(_PROTECTION) or _PROTECTION in config.code
        self._password = self._password_of(config.text(_PROTECTION))

    @property
    def _is_hidden(self) -> bool:
        return self._is_guarded and self._password is None

    def place_of(self, identity: str) -> dict[str, Any]:
        """The fields of a monitor that say where it stands. If there are groups, what is in none stays invisible."""
        group = self._groups.get(identity)
        if self._is_hidden:
            return {"group": group, "public": False if group else None}
        return {"group": group, "public": True if self._shows_all else None}

    def add(self) -> None:
        """Add the page, once its monitors are there."""
        if self._is_hidden:
            self._part.note(_PROTECTION, "its password is not known, so that there is no page and nothing is public")
            return
        monitors = self._imported.monitors
        written = {
            "title": self._part.word("title") or _TITLE,
            "groups": list(dict.fromkeys(monitor["group"] for monitor in monitors if "group" in monitor)),
            "logo": self._part.picture("logo"),
            "password": self._password,
        }
        self._imported.status_page = {name: value for name, value in written.items() if value}

    def _groups_of(self, names: dict[str, str]) -> dict[str, str]:
        """The first group of each monitor, by its id."""
        found: dict[str, str] = {}
        given = self._part.node("group")
        for heading in given.data:
            group = one_line(heading)
            for identity in map(str, given.listed(heading)):
                if identity not in names:
                    given.note(f"group {group!r}", f"there is no monitor with the id {one_line(identity)!r}")
                elif found.setdefault(identity, group) != group:
                    where = f"it stands under {found[identity]!r} here, since a monitor has one group"
                    given.note(f"{names[identity]!r} under {group!r}", where)
        return {identity: group for identity, group in found.items() if group}

    def _password_of(self, protection: str) -> str | None:
        """The password that a visitor enters, out of ``user:password``."""
        _, _, password = protection.partition(":")
        if not password:
            return None
        self._part.note(_PROTECTION, "a visitor enters the password alone; its user is left out")
        if has_variable(password):
            return filled(password, self._imported.secrets.refer)
        return self._imported.secrets.keep(_VARIABLE, password)
