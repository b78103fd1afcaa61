"""The status pages of a configuration: checked, and their passwords stored so that nobody can read them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from functions.manage_monitors.reading import wrong


def with_pages(body: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The file's rest as it is stored. ``stored``: what was before; a password that is the same stays as it was.

    Raises:
        Problem: 400, a page is malformed.
    """
    if not body.keys() & {"status_page", "status_pages"}:
        return body
    # Imported here: only a configuration with pages needs it.
    from shared.pages.configured import StatusPages

    given = {name: body[name] for name in ("status_page", "status_pages") if body.get(name) is not None}
    try:
        pages = StatusPages.model_validate(given).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = [str(part) for part in first["loc"] if part != "[key]"]
        value = "" if "password" in path else first["input"]
        raise wrong(".".join(path), first["msg"].removeprefix("Value error, "), value) from None
    if (page := pages.get("status_page")) is not None:
        _hide(page, stored.get("status_page"))
    for slug, page in pages.get("status_pages", {}).items():
        _hide(page, (stored.get("status_pages") or {}).get(slug))
    return {**{name: value for name, value in body.items() if name not in given}, **pages}


def _hide(page: dict[str, Any], stored: Mapping[str, Any] | None) -> None:
    from shared.pages import passwords

    password = page.get("password")
    if not password:
        return
    known = (stored or {}).get("password") or ""
    page["password"] = known if passwords.is_right(password, known) else passwords.hashed(password)
