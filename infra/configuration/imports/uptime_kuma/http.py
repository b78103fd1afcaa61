"""Uptime Kuma's monitors over HTTP: the types http, keyword and json-query."""

import re
from typing import Any
from urllib.parse import quote

from infra.configuration.imports.channels import bracketed
from infra.configuration.imports.uptime_kuma.rows import Export, Row
from shared.monitors.conditions import parse
from shared.monitors.policy import MAX_BODY_BYTES

_CODES = ["200-299"]
_REDIRECTS = 10
_EXPIRY_DAYS = [7, 14, 21]
_CONTENT_TYPES = {"json": "application/json", "xml": "text/xml; charset=utf-8"}
_FORM = "application/x-www-form-urlencoded"
# A path that our conditions can follow; Uptime Kuma evaluates JSONata, a language of its own.
_PATH = re.compile(r"\$?\.?((?:[A-Za-z_][\w-]*|\[\d+\])(?:\.[A-Za-z_][\w-]*|\[\d+\])*)")
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
# A value that the grammar of conditions would take for more than a value.
_GRAMMAR = re.compile(r"""(?i)^["']|^(?:pat|any|len|has)\(|^\[[a-z_]+\]|&&|\|\||[=!<>]""")
_MOST_CODES = 150
_NTLM = "NTLM is not supported; the monitor is imported paused and without its credentials"


def fields(row: Row, export: Export) -> dict[str, Any]:
    """The fields of a monitor that requests a URL."""
    url = row.word("url")
    found: dict[str, Any] = {
        "url": url,
        "method": _method(row),
        "headers": {name: str(value) for name, value in row.mapping("headers").items()} or None,
        "verify_tls": False if row.flag("ignore_tls") else None,
        "accepted_status_codes": [str(code) for code in row.listed("accepted_statuscodes_json")] or _CODES,
    }
    found |= _redirects(row) | _body(row, found) | _authentication(row) | _proxy(row, export)
    if url.lower().startswith("https:") and row.flag("expiry_notification") and not row.flag("ignore_tls"):
        found["certificate_expiry"] = expiry_days(export)
    if row.word("type") == "keyword":
        found["forbidden_keyword" if row.flag("invert_keyword") else "keyword"] = row.text("keyword") or None
        found["max_body"] = MAX_BODY_BYTES  # Uptime Kuma reads all of a body
    if row.word("type") == "json-query":
        found |= _json_query(row, found["accepted_status_codes"])
    return found


def browser(row: Row, _: Export) -> dict[str, Any]:
    """A page that Uptime Kuma opens in a browser, and accepts with these codes."""
    row.note("type real-browser", "its URL is requested without a browser here")
    return {"url": row.word("url"), "accepted_status_codes": ["200-399"]}


def conditions_for(codes: list[str]) -> list[str] | None:
    """Conditions that hold for these status codes; None if they cannot be said in conditions."""
    spans: list[tuple[int, int]] = []
    for code in codes:
        match = re.fullmatch(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?", code)
        if match is None:
            return None
        spans.append((int(match[1]), int(match[2] or match[1])))
    accepted = sorted({code for first, last in spans for code in range(first, last + 1)})
    if not accepted:
        return None
    if len(accepted) == 1:
        return [f"[STATUS] == {accepted[0]}"]
    if accepted == list(range(accepted[0], accepted[-1] + 1)):
        return [f"[STATUS] >= {accepted[0]}", f"[STATUS] <= {accepted[-1]}"]
    if len(accepted) > _MOST_CODES:
        return None
    return [f"[STATUS] == any({', '.join(map(str, accepted))})"]


def proxy_url(row: Row) -> str:
    """The URL of a proxy, with its credentials."""
    user = ""
    if row.flag("auth") and row.text("username"):
        user = f"{quote(row.text('username'), safe='')}:{quote(row.text('password'), safe='')}@"
    return f"{row.word('protocol') or 'http'}://{user}{bracketed(row.word('host'))}:{row.whole('port') or 8080}"


def _method(row: Row) -> str | None:
    method = row.word("method").upper()
    return method if method not in ("", "GET") else None


def _redirects(row: Row) -> dict[str, Any]:
    redirects = row.whole("maxredirects")
    if redirects == 0:
        return {"follow_redirects": False}
    return {"max_redirects": redirects} if redirects not in (None, _REDIRECTS) else {}


def _body(row: Row, found: dict[str, Any]) -> dict[str, Any]:
    """The body, with the header that Uptime Kuma adds for its encoding."""
    body = row.text("body")
    if not body:
        return {}
    encoding = row.word("http_body_encoding").lower() or "json"
    kind = _FORM if encoding == "form" else _CONTENT_TYPES.get(encoding)
    headers = dict(found["headers"] or {})
    if kind and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    return {"body": body, "headers": headers or None}


def _authentication(row: Row) -> dict[str, Any]:
    method = row.word("auth_method").lower()
    user, password = row.text("basic_auth_user"), row.text("basic_auth_pass")
    if method == "ntlm":
        row.note("user, domain and workstation", _NTLM)
        return {"enabled": False}
    if method == "mtls":
        certificate, key = row.text("tls_cert"), row.text("tls_key")
        pair = {"certificate": certificate, "key": key} if certificate and key else None
        if pair is None and (certificate or key):
            row.note("tls_cert and tls_key", "one is of no use without the other; client_certificate is left out")
        return {"client_certificate": pair, "ca_certificate": row.text("tls_ca") or None}
    if method == "oauth2-cc":
        return _oauth2(row)
    if method == "bearer" and row.text("bearer_token"):
        return {"bearer_token": row.text("bearer_token")}
    # If no method is chosen, the form keeps user and password, but Uptime Kuma sends neither. Before 1.18 basic was the
    # only method, and none had to be chosen.
    if user and (method == "basic" or not row.knows("auth_method")):
        if not password:
            row.note("basic_auth_pass", "a user without a password is not supported; basic_auth is left out")
            return {}
        return {"basic_auth": {"username": user, "password": password}}
    if method not in ("", "basic", "bearer"):
        row.note(f"auth_method {method}", "it is not supported; the monitor is imported paused")
        return {"enabled": False}
    return {}


def _oauth2(row: Row) -> dict[str, Any]:
    if row.word("oauth_auth_method") == "client_secret_post":
        row.note("oauth_auth_method", "the client's secret is sent in the Authorization header here")
    if row.word("oauth_audience"):
        row.note("oauth_audience", "it has no counterpart here")
    return {
        "oauth2": {
            "token_url": row.word("oauth_token_url"),
            "client_id": row.word("oauth_client_id"),
            "client_secret": row.text("oauth_client_secret"),
            "scopes": row.word("oauth_scopes").split(),
        }
    }


def _proxy(row: Row, export: Export) -> dict[str, Any]:
    identity = row.whole("proxy_id")
    if not identity:
        return {}
    proxy = export.proxies.get(identity)
    if proxy is None:
        row.note("proxy", "the source does not say which; set proxy")
        return {}
    if not proxy.flag("active", default=True):
        row.note("proxy", "it is switched off in Uptime Kuma, which then connects directly; so does this monitor")
        return {}
    return {"proxy": proxy_url(proxy)}


def expiry_days(export: Export) -> list[str]:
    """How long before a certificate's end Uptime Kuma says so."""
    days = export.settings.get("tlsExpiryNotifyDays")
    valid = [day for day in days if isinstance(day, int) and 0 < day < 366] if isinstance(days, list) else []
    return [f"{day}d" for day in sorted(valid or _EXPIRY_DAYS, reverse=True)[:10]]


def _json_query(row: Row, codes: list[str]) -> dict[str, Any]:
    """The condition on the body, beside those that take the place of the status codes."""
    path, expected = row.word("json_path"), row.text("expected_value")
    operator = row.word("json_path_operator") or "=="
    match = _PATH.fullmatch(path)
    body = "[BODY]" if path in ("", "$") else None
    if match:
        body = f"[BODY]{'' if match[1].startswith('[') else '.'}{match[1]}"
    statuses = conditions_for(codes)
    if body is None or statuses is None or not expected.strip() or "\n" in expected:
        row.note(f"json_path {path}", "it is no plain path with a value to compare; only the status code is judged")
        return {}
    if operator == "contains":
        comparison = [f"{body} == pat(*{expected}*)"]
    elif operator in ("==", "!="):
        comparison = [f"{body} {operator} {_spelled(expected.strip())}"]
    elif operator in _OPERATORS:
        comparison = [f"{body} {operator} {expected}"]
    else:
        row.note(f"json_path_operator {operator}", "there is no such comparison here; only the status code is judged")
        return {}
    if operator == "!=" and match:
        # Uptime Kuma fails if nothing is there. Here nothing differs from everything.
        comparison.insert(0, f"has({body}) == true")
    is_pattern = operator == "contains" and "*" in expected
    if is_pattern or not all(map(_is_condition, comparison)):
        row.note("expected_value", "a condition cannot have it; only the status code is judged")
        return {}
    return {"conditions": [*statuses, *comparison], "accepted_status_codes": None, "max_body": MAX_BODY_BYTES}


def _spelled(value: str) -> str:
    """The value as a condition has it: in quotes if it would mean something there. Quotes make it text."""
    return f'"{value}"' if _GRAMMAR.search(value) else value


def _is_condition(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
