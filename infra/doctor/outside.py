"""Outside: what a deployment answers at its URL."""

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
from functions.check_monitors.probes.http import QUICK_EXIT
from functions.check_monitors.probes.urls import as_ascii
from infra.doctor.findings import Finding, failure, ok, warning
from infra.doctor.manual_call import call
from infra.doctor.store import skew
from shared import __version__
from shared.alerting import tolerated_silence
from shared.messages import duration
from shared.settings import Settings, is_loopback
from shared.words import cause_text

SECONDS = 15.0
SLOW_SECONDS = 3.0
EXPIRY = timedelta(days=14)
MAX_BYTES = 4 * 1024 * 1024


class NoAnswer(Exception):
    """There was none, and the text says why."""


@dataclass(frozen=True)
class Answer:
    """What came back, after how many seconds; ``expires_at``: when the certificate ends, over TLS."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    expires_at: datetime | None

    @property
    def document(self) -> dict[str, Any]:
        """The body's object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def examine_outside(url: str, settings: Settings, at: datetime) -> Iterator[Finding]:
    """Ask the deployment at ``url`` as its callers do, with the first key and without."""
    key = settings.api_keys[0].get_secret_value() if settings.api_keys else None
    try:
        health = ask(f"{url}/", key)
    except NoAnswer as trouble:
        mend = f"curl -sSv {url}/ shows the way there; then the deployment's own log"
        yield failure("answer", f"{url} does not answer: {trouble}", expected="its health", mend=mend)
        return
    yield from _round_trip(health, url)
    yield from _certificate(health, url, at)
    yield from _clock(health)
    yield from _health(health, settings, url, at)
    yield from _without_key(url, settings)
    yield from _description(url, key)


def ask(url: str, key: str | None) -> Answer:
    """GET, within SECONDS in all. Raises NoAnswer."""
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
        # Less than the whole of it ends the transfer.
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0 if len(body) > MAX_BYTES else body.extend(part))
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: _take_header(line, headers))
        if is_loopback(urlsplit(url).hostname or ""):
            curl.setopt(pycurl.NOPROXY, "*")
        curl.perform()
        seconds = curl.getinfo(pycurl.TOTAL_TIME)
        return Answer(curl.getinfo(pycurl.RESPONSE_CODE), headers, bytes(body), seconds, _expires_at(curl))
    except ValueError:
        raise NoAnswer(cause_text("en", URL_NOT_VALID)) from None
    except pycurl.error as error:
        why = cause(curl, error.args[0], error.args[1], None, SECONDS)
        raise NoAnswer(cause_text("en", why)) from None
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
        # The host's own, or that of the issuers that ends first.
        ends = min((ssl.cert_time_to_seconds(date.decode("ascii")) for date in dates), default=None)
        return None if ends is None else datetime.fromtimestamp(ends, UTC)
    except (ValueError, OverflowError):
        return None


def _round_trip(health: Answer, url: str) -> Iterator[Finding]:
    found = f"{url} answered in {health.seconds:.2f} s"
    if health.seconds > SLOW_SECONDS:
        mend = "ask again: the first call starts the function; then look at its CPU and memory"
        yield warning("answer", found, expected=f"{SLOW_SECONDS:g} s at most", mend=mend)
    else:
        yield ok("answer", found)


def _certificate(health: Answer, url: str, at: datetime) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme == "http":
        if not is_loopback(parts.hostname or ""):
            mend = f"an HTTPS proxy in front, and {url.replace('http://', 'https://', 1)}"
            yield warning("tls", "the key travels in the clear", expected="an https:// URL", mend=mend)
        return
    if health.expires_at is None:
        return
    found = f"the certificate ends on {health.expires_at:%Y-%m-%d}"
    if health.expires_at - at < EXPIRY:
        mend = "what renews it, like certbot renew"
        yield warning("tls", found, expected=f"{EXPIRY.days} days or more from now", mend=mend)
    else:
        yield ok("tls", found)


def _clock(health: Answer) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(health.headers.get("date", ""))
    except ValueError:
        return
    # Whole seconds, said somewhere on the way; without a zone (-0000) they are UTC too.
    there = there.replace(tzinfo=there.tzinfo or UTC) + timedelta(seconds=0.5)
    yield from skew("the deployment", there - datetime.now(UTC))


def _health(health: Answer, settings: Settings, url: str, at: datetime) -> Iterator[Finding]:
    said = health.document
    if health.status == 401:
        mend = "API_KEY=… in .env, as the deployment has it"
        yield failure("health", "the deployment does not take our key", expected="its API_KEY", mend=mend)
        return
    if health.status != 200 or said.get("status") != "ok":
        why = said.get("database") or said.get("detail") or "no health of Bonghwa's"
        mend = "python -m infra doctor where it runs, and its log"
        yield failure("health", f"HTTP {health.status}: {why}", expected="200 and status ok", mend=mend)
        return
    if said.get("version") != __version__:
        found = f"the deployment is of version {said.get('version')}"
        yield warning("health", found, expected=f"{__version__}, as here", mend="deploy again, or git pull")
    yield from _last_check(said.get("last_check"), settings, url, at)


def _last_check(text: Any, settings: Settings, url: str, at: datetime) -> Iterator[Finding]:
    mend = f"its schedule, or {call('check_monitors', url)[1]}"
    expected = f"one every {settings.check_interval_seconds:g} s"
    try:
        ago = at - datetime.fromisoformat(text)
    except (TypeError, ValueError):
        yield warning("health", "ok, and nothing was checked yet", expected=expected, mend=mend)
        return
    found = f"ok, last check {duration(ago, 'en')} ago"
    if ago > tolerated_silence(settings.check_interval_seconds):
        yield failure("health", found, expected=expected, mend=mend)
    else:
        yield ok("health", found)


def _without_key(url: str, settings: Settings) -> Iterator[Finding]:
    try:
        status = ask(f"{url}/", None).status
    except NoAnswer:
        return  # said of the one with a key
    if status in (401, 403):
        yield ok("access", f"without a key the deployment answers {status}")
    elif settings.api_auth == "all":
        found = f"without a key the deployment answers {status}, though API_AUTH is all here"
        yield failure("access", found, expected="401", mend="API_AUTH=all there, and start or deploy it again")
    elif is_loopback(urlsplit(url).hostname or ""):
        yield ok("access", "without a key this machine reads alerts, as API_AUTH says")
    else:
        found = f"without a key anybody who reaches {url} reads alerts"
        yield warning("access", found, expected="401", mend="API_AUTH=all there, and start or deploy it again")


def _description(url: str, key: str | None) -> Iterator[Finding]:
    where = f"{url}/openapi.json"
    try:
        answer = ask(where, key)
    except NoAnswer as trouble:
        found: str = str(trouble)
    else:
        if answer.status == 200 and str(answer.document.get("openapi", "")).startswith("3."):
            yield ok("routes", "GET /openapi.json describes the API")
            return
        found = f"HTTP {answer.status}"
    mend = f'curl -H "X-API-Key: $KEY" {where}; then the routes of the gateway'
    yield failure("routes", f"GET /openapi.json: {found}", expected="the API's description", mend=mend)
