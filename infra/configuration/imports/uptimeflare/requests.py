"""Webhooks of any other service: the request that UptimeFlare sends, as a channel of the kind webhook."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from infra.configuration.imports.naming import upper_snake
from infra.configuration.imports.typescript.scalars import joined
from infra.configuration.imports.uptimeflare.parts import code_in, has_variable
from infra.configuration.imports.uptimeflare.services import MESSAGE, Settings, Webhook
from shared.settings.secrets import is_secret

_FORMATS = {"param": "query", "json": "json", "x-www-form-urlencoded": "form"}
_METHODS = ("GET", "POST", "PUT", "PATCH")
_TEXT = "{{ text }}"
# A template would take these for its own.
_BRACES = re.compile(r"\{[{%#]")
_LONGEST_BODY = 65_536


def settings_of(webhook: Webhook) -> Settings:
    """The settings of a channel that sends what the webhook sends."""
    part = webhook.part
    kind = part.text("payloadType").strip()
    if kind not in _FORMATS:
        part.note(f"payloadType {kind}", f"expected one of {', '.join(_FORMATS)}; json is taken")
    shape = _FORMATS.get(kind, "json")
    usual = "GET" if shape == "query" else "POST"
    method = part.text("method").strip().upper() or usual
    if method not in _METHODS:
        part.note(f"method {method}", f"expected one of {', '.join(_METHODS)}; {usual} is taken")
        method = usual
    return {
        "kind": "webhook",
        "url": webhook.url,
        "method": method if method != "POST" else None,
        "format": shape if shape != "json" else None,
        "headers": webhook.headers,
        "body": _body(webhook, is_json=shape == "json"),
    }


def _body(webhook: Webhook, *, is_json: bool) -> str | None:
    """The payload as a template of ours; None, with a note, if it cannot be one: then our fields are sent."""
    payload, body = webhook.payload, None
    if payload is None:
        why = "it is not known"
    elif code := code_in(payload):
        why = f"line {code.line} is code, which is not run"
    elif not is_json and not _is_flat(payload):
        why = "expected names with texts or numbers"
    else:
        body = json.dumps(_templated(payload, "", webhook), ensure_ascii=False) if is_json else _form(payload, webhook)
        why = f"it is longer than {_LONGEST_BODY} characters" if len(body) > _LONGEST_BODY else ""
        if _BRACES.search(body.replace(_TEXT, "")):
            why = "its braces are a template's"
    if why:
        webhook.part.note("payload", f"{why}, so the fields of ours are sent; adapt the receiver, or set body")
        return None
    return body


def _is_flat(payload: Any) -> bool:
    return isinstance(payload, dict) and all(isinstance(value, str | int | float) for value in payload.values())


def _form(payload: dict[str, Any], webhook: Webhook) -> str:
    fields = ((name, _leaf(joined(value), name, webhook, _quoted, _quoted)) for name, value in payload.items())
    return "&".join(f"{_quoted(name)}={value}" for name, value in fields)


def _templated(value: Any, name: str, webhook: Webhook) -> Any:
    """A part of the payload, which stands at ``name``, with the message's place in a template."""
    if isinstance(value, dict):
        return {webhook.filled(key): _templated(inside, key, webhook) for key, inside in value.items()}
    if isinstance(value, list):
        return [_templated(inside, name, webhook) for inside in value]
    return _leaf(value, name, webhook, str, _in_json) if isinstance(value, str) else value


def _leaf(
    text: str, name: str, webhook: Webhook, escape: Callable[[str], str], as_filled_in: Callable[[str], str]
) -> str:
    """A text of the payload. A secret becomes a variable, whose value is as it is filled in."""
    if text == MESSAGE:
        return _TEXT
    if is_secret(upper_snake(name)) and not has_variable(text):
        return webhook.secrets.keep(f"WEBHOOK_{upper_snake(name)}", as_filled_in(text))
    return webhook.filled(text, escape)


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
