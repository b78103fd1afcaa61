"""Outside: how a deployment responds at its URL."""

import json
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import certifi
import pycurl

from functions.check_monitors.probes.causes import URL_NOT_VALID, cause
from functions.check_monitors.probes.transfers.handles import QUICK_EXIT
from functions.check_monitors.probes.urls import as_ascii
from infra.doctor.drills import examine_drill
from infra.doctor.findings import Finding, failure, ok, warning
from infra.doctor.manual_call import call
from infra.doctor.store import skew
from shared import __version__
from shared.alerting import tolerated_silence
from shared.alerting.agents import report_interval
from shared.messages import duration
from shared.settings import SettingError, Settings, is_loopback
from shared.settings.proxies import is_this_machine, set_proxy
from shared.words import cause_text

SECONDS = 15.0
SLOW_SECONDS = 3.0
EXPIRY = timedelta(days=14)
MAX_BYTES = 4 * 1024 * 1024


class NoReply(Exception):
    """No response came; the text says why."""


@dataclass(frozen=True)
class Reply:
    """A response, after how many seconds it was complete, and over TLS when the certificate ends (``expires_at``)."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    expires_at: datetime | None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; empty if there is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def examine_outside(url: str, settings: Settings, at: datetime) -> Iterator[Finding]:
    """Call the deployment at ``url`` as its callers do, with the first key and without."""
    key = settings.api_keys[0].get_secret_value() if settings.api_keys else None
    try:
        health = ask(f"{url}/", key)
    except NoReply as trouble:
        fix = f"curl -sSv {url}/ shows how far it gets; then the deployment's own log"
        yield failure("answer", f"{url} does not respond: {trouble}", expected="its health", fix=fix)
        return
    yield from _round_trip(health, url)
    yield from _certificate(health, url, at)
    yield from _clock(health)
    yield from _health(health, settings, url, at)
    yield from _without_key(url, settings)
    yield from _description(url, key)


def ask(url: str, key: str | None) -> Reply:
    """GET, within SECONDS in all. Raises NoReply."""
    body, headers = bytearray(), dict[str, str]()
    curl = pycurl.Curl()
    try:
        curl.setopt(pycurl.URL, as_ascii(url))
        curl.setopt(pycurl.CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.TIMEOUT_MS, round(SECONDS * 1000))
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(QUICK_EXIT, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.USERAGENT, "Bonghwa (doctor)")
        curl.setopt(pycurl.HTTPHEADER, [f"X-API-Key: {key}"] if key else [])
        # libcurl ends the transfer if the function takes less than the whole part.
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0 if len(body) > MAX_BYTES else body.extend(part))
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: _take_header(line, headers))
        set_proxy(curl, url, is_own=is_this_machine(urlsplit(url).hostname or ""))
        curl.perform()
        seconds = curl.getinfo(pycurl.TOTAL_TIME)
        return Reply(curl.getinfo(pycurl.RESPONSE_CODE), headers, bytes(body), seconds, _expires_at(curl))
    except SettingError as trouble:
        raise NoReply(str(trouble)) from None
    except ValueError:
        raise NoReply(cause_text("en", URL_NOT_VALID)) from None
    except pycurl.error as error:
        why = cause(curl, error.args[0], error.args[1], None, SECONDS)
        raise NoReply(cause_text("en", why)) from None
    finally:
        curl.close()


def _take_header(line: bytes, headers: dict[str, str]) -> None:
    name, colon, value = line.decode("latin-1").partition(":")
    if colon:
        headers[name.strip().lower()] = value.strip()


def _expires_at(curl: Any) -> datetime | None:
    certificates = curl.getinfo_raw(pycurl.INFO_CERTINFO)
    dates = [value for certificate in certificates for name, value in certificate if name == b"Expire date"]
    try:
        # The first one of the chain to end, be it the host's own or an issuer's.
        ends = min((ssl.cert_time_to_seconds(date.decode("ascii")) for date in dates), default=None)
        return None if ends is None else datetime.fromtimestamp(ends, UTC)
    except (ValueError, OverflowError):
        return None


def _round_trip(health: Reply, url: str) -> Iterator[Finding]:
    found = f"{url} responded in {health.seconds:.2f} s"
    if health.seconds > SLOW_SECONDS:
        fix = "try again: the first call starts the function; then check its CPU and memory"
        yield warning("answer", found, expected=f"at most {SLOW_SECONDS:g} s", fix=fix)
    else:
        yield ok("answer", found)


def _certificate(health: Reply, url: str, at: datetime) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme == "http":
        if not is_loopback(parts.hostname or ""):
            fix = f"an HTTPS proxy in front, and {url.replace('http://', 'https://', 1)}"
            yield warning("tls", "the key is sent unencrypted", expected="an https:// URL", fix=fix)
        return
    if health.expires_at is None:
        return
    found = f"the certificate ends on {health.expires_at:%Y-%m-%d}"
    if health.expires_at - at < EXPIRY:
        fix = "renew it, for example with certbot renew"
        yield warning("tls", found, expected=f"at least {EXPIRY.days} days from now", fix=fix)
    else:
        yield ok("tls", found)


def _clock(health: Reply) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(health.headers.get("date", ""))
    except ValueError:
        return
    # The header has whole seconds, so the middle of that second is meant; without a zone (-0000) it is UTC too.
    there = there.replace(tzinfo=there.tzinfo or UTC) + timedelta(seconds=0.5)
    yield from skew("the deployment", there - datetime.now(UTC))


def _health(health: Reply, settings: Settings, url: str, at: datetime) -> Iterator[Finding]:
    said = health.document
    if health.status == 401:
        fix = "API_KEY=… in .env, as the deployment has it"
        yield failure("health", "the deployment rejects our key", expected="its API_KEY", fix=fix)
        return
    if health.status != 200 or said.get("status") not in ("ok", "degraded"):
        why = _reasons(said) or said.get("database") or said.get("detail") or "not a health response of Bonghwa"
        fix = "python -m infra doctor on its machine, and its log"
        yield failure("health", f"HTTP {health.status}: {why}", expected="200 and status ok", fix=fix)
        return
    if said.get("version") != __version__:
        found = f"the deployment has version {said.get('version')}"
        yield warning("health", found, expected=f"{__version__}, as here", fix="deploy again, or git pull")
    if said["status"] == "degraded":
        fix = "python -m infra doctor on its machine, which says how to fix each"
        yield failure("health", f"degraded: {_reasons(said)}", expected="status ok", fix=fix)
        return
    yield from _last_check(said.get("last_check"), settings, url, at)
    yield from examine_drill(said.get("last_drill"), at)


def _reasons(said: dict[str, Any]) -> str:
    """Why the deployment is not well, in its own words; empty if it says nothing, as one of version 0.1 does."""
    reasons = said.get("reasons")
    return "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""


def _last_check(text: Any, settings: Settings, url: str, at: datetime) -> Iterator[Finding]:
    fix = f"its schedule, or {call('check_monitors', url)[1]}"
    expected = f"one every {settings.check_interval_seconds:g} s"
    try:
        ago = at - datetime.fromisoformat(text)
    except (TypeError, ValueError):
        yield warning("health", "ok, but nothing has been checked yet", expected=expected, fix=fix)
        return
    found = f"ok, last check {duration(ago, 'en')} ago"
    # The deployment judges by its agents' intervals whether they are silent. TARGET_URL is checked by the one set here.
    often = report_interval(settings.check_interval_seconds, settings.check_timeout_seconds)
    if settings.target_urls and ago > tolerated_silence(often):
        yield failure("health", found, expected=expected, fix=fix)
    else:
        yield ok("health", found)


def _without_key(url: str, settings: Settings) -> Iterator[Finding]:
    try:
        status = ask(f"{url}/", None).status
    except NoReply:
        return  # reported for the call with a key
    if status in (401, 403):
        yield ok("access", f"without a key the deployment responds with {status}")
    elif settings.api_auth == "all":
        found = f"without a key the deployment responds with {status}, though API_AUTH is all here"
        yield failure("access", found, expected="401", fix="API_AUTH=all there, then restart or deploy it again")
    elif is_loopback(urlsplit(url).hostname or ""):
        yield ok("access", "without a key this machine can read alerts, as API_AUTH says")
    else:
        found = f"without a key, anybody who reaches {url} can read alerts"
        yield warning("access", found, expected="401", fix="API_AUTH=all there, then restart or deploy it again")


def _description(url: str, key: str | None) -> Iterator[Finding]:
    where = f"{url}/openapi.json"
    try:
        reply = ask(where, key)
    except NoReply as trouble:
        found: str = str(trouble)
    else:
        if reply.status == 200 and str(reply.document.get("openapi", "")).startswith("3."):
            yield ok("routes", "GET /openapi.json describes the API")
            return
        found = f"HTTP {reply.status}"
    fix = f'curl -H "X-API-Key: $KEY" {where}; then check the routes of the gateway'
    yield failure("routes", f"GET /openapi.json: {found}", expected="the API's description", fix=fix)
