"""A monitor as it is written into the file: valid, and without a secret in it."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from infra.configuration.imports.naming import upper_snake
from infra.configuration.imports.placeholders import has_placeholder, unescaped
from infra.configuration.imports.result import Imported
from shared.monitors.masking import masked
from shared.monitors.placeholders import PREFIX
from shared.monitors.policy import Policy

# Without these there is nothing to watch.
_NEEDED = ("name", "url", "dns", "heartbeat")
_ORDER = tuple(Policy.model_fields)
_USERINFO = re.compile(r"(?<=://)([^/?#\s:@]*)(?::([^/?#\s]*))?@")
_TELLING = r"key|token|secret|passw|pwd|auth|signature"
_QUERY = re.compile(rf"(?i)([?&](?:[^=&#]*(?:{_TELLING})[^=&#]*|sig)=)([^&#]+)")
_SECRET_IN_BODY = re.compile(rf"(?i)(?:{_TELLING})[\w-]*[\"']?\s*[:=>]")
_PEM = "-----BEGIN"
_BEGINS_WITH_A_VARIABLE = re.compile(r"\$\{(\w+)\}(?:\$\{\w+\})*+(?!://)")


def with_scheme(url: str, scheme: str, note: Callable[[str, str], None]) -> str:
    """``url`` with ``scheme`` before a variable that it begins with, which ``note(what, why)`` gets.

    The scheme says what is checked, so that it cannot be a part of what the agent fills in.
    """
    found = _BEGINS_WITH_A_VARIABLE.match(url)
    if not found:
        return url
    note("url", f"{scheme}:// is written before ${{{found[1]}}}; give its value without {scheme}://")
    return f"{scheme}://{url}"


def add_monitor(imported: Imported, fields: dict[str, Any]) -> bool:
    """Add the monitor that has these fields; whether there was enough of it to watch.

    A value of None is a field that is not set. A field that does not validate becomes a note. Texts are as in the file:
    ``$$`` is a literal ``$``.
    """
    where = f"monitors {str(fields.get('name', ''))!r}"
    given = _with_credentials_apart({name: value for name, value in fields.items() if value is not None})
    policy = _valid(given, where, imported)
    if policy is None:
        return False
    written = policy.model_dump(mode="json", exclude_unset=True)
    if "token" in given.get("heartbeat", {}):
        written["heartbeat"]["token"] = given["heartbeat"]["token"]
    if codes := written.get("accepted_status_codes"):
        written["accepted_status_codes"] = [int(code) if code.isdigit() else code for code in codes]
    _hide_secrets(written, policy, imported)
    imported.monitors.append({name: written[name] for name in _ORDER if name in written})
    return True


def _valid(given: dict[str, Any], where: str, imported: Imported) -> Policy | None:
    """The policy of ``given``, without the fields that are wrong: each is a note."""
    while True:
        try:
            return Policy.written(_filled_in(given))
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
        expected = str(detail["msg"]).removeprefix("Value error, ")
        path = [str(part) for part in detail["loc"]]
        if not path:
            # The model's own rules name the field first.
            name, _, expected = expected.partition(": ")
            path = [name] if name in given else []
        if path == ["heartbeat", "token"]:
            why = "expected at most 128 letters, digits and _ . ~ -; a new one is made, so change it at the sender"
            imported.notes.add(where, "token", why)
            given["heartbeat"] = {name: value for name, value in given["heartbeat"].items() if name != "token"}
            continue
        if not path or path[0] in _NEEDED or path[0] not in given:
            imported.notes.add(where, ".".join(path) or "the monitor", f"expected {expected}; the monitor is left out")
            return None
        imported.notes.add(where, ".".join(path), f"expected {expected}; it is left out")
        _take_out(given, path)


def _filled_in(given: dict[str, Any]) -> dict[str, Any]:
    """``given`` as it is once the file is read: a placeholder in a heartbeat's token is filled in then."""
    token = (given.get("heartbeat") or {}).get("token")
    if isinstance(token, str) and has_placeholder(token):
        return {**given, "heartbeat": {**given["heartbeat"], "token": "filled-in-later"}}
    return given


def _take_out(given: dict[str, Any], path: list[str]) -> None:
    """Remove what is wrong from ``given``: one entry of a list or of the headers, or else the whole field."""
    field, value = path[0], given[path[0]]
    if len(path) > 1 and isinstance(value, list) and path[1].isdigit() and int(path[1]) < len(value):
        given[field] = [entry for index, entry in enumerate(value) if index != int(path[1])]
    elif field == "headers" and isinstance(value, dict) and len(path) > 1 and path[1] in value:
        given[field] = {name: text for name, text in value.items() if name != path[1]}
    else:
        del given[field]


def _with_credentials_apart(given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with the user and password of its URL as ``basic_auth``, if its kind knows that."""
    url = given.get("url")
    if not isinstance(url, str) or "basic_auth" in given or has_placeholder(url):
        return given
    scheme = url.partition("://")[0].lower()
    found = _USERINFO.search(url)
    if found and found[1] and found[2] and scheme in ("http", "https", "ws", "wss", "smtp", "smtps", "imap", "imaps"):
        user, password = unquote(found[1]), unquote(found[2])
        plain = url[: found.start()] + url[found.end() :]
        return {**given, "url": plain, "basic_auth": {"username": user, "password": password}}
    return given


def _hide_secrets(written: dict[str, Any], policy: Policy, imported: Imported) -> None:
    """Put a placeholder in place of each secret in ``written``."""
    base = PREFIX + (upper_snake(policy.name) or str(len(imported.monitors) + 1))

    def kept(value: str, what: str) -> str:
        return imported.secrets.keep(f"{base}_{upper_snake(what) or 'VALUE'}", unescaped(value))

    for holder, name, value, what in _secrets_of(written, policy):
        if not has_placeholder(value):
            holder[name] = kept(value, what)
    for field in ("url", "proxy"):
        if isinstance(written.get(field), str):
            written[field] = _hidden_in_url(written[field], field, kept)
    body = written.get("body")
    if isinstance(body, str) and _SECRET_IN_BODY.search(body) and not has_placeholder(body):
        written["body"] = kept(body, "body")


def _secrets_of(written: dict[str, Any], policy: Policy) -> Iterator[tuple[dict[str, Any], str, str, str]]:
    """The values that ``masked`` hides, apart from URLs: each with its holder, name and value, and what it is."""
    hidden = masked(policy)
    for field, value in written.items():
        if isinstance(value, str) and field not in ("url", "proxy") and hidden[field] != value:
            yield written, field, value, field
        elif isinstance(value, dict):
            for name, part in value.items():
                is_path = field == "client_certificate" and _PEM not in str(part)
                if isinstance(part, str) and hidden[field].get(name) != part and not is_path:
                    yield value, name, part, f"client {name}" if field == "client_certificate" else name


def _hidden_in_url(url: str, field: str, kept: Callable[[str, str], str]) -> str:
    """``url`` with placeholders in place of its password and of what its query's names call secret."""

    def userinfo(found: re.Match[str]) -> str:
        user, password = found[1], found[2]
        if has_placeholder(found[0]) or not (user or password):
            return found[0]
        # A user without a password is often a token.
        if not password:
            return f"{kept(user, f'{field} user token')}@"
        return f"{user}:{kept(password, f'{field} password')}@"

    def parameter(found: re.Match[str]) -> str:
        name = found[1].lstrip("?&").rstrip("=")
        return found[0] if has_placeholder(found[2]) else found[1] + kept(found[2], name)

    return _QUERY.sub(parameter, _USERINFO.sub(userinfo, url, count=1))
