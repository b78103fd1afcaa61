"""Every setting but those of channels (each notifier has its own), typed and read from the environment on request.

A setting that is unset or empty has its default. ``Settings.from_env`` raises ``SettingError``: one line that names the
variable, what was found and what is expected.
"""

import functools
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from shared import ROOT
from shared.settings.environment import again_if_changed
from shared.settings.parsers import (
    POSTGRESQL,
    SQLITE,
    header_value,
    host_and_port,
    http_urls,
    ip_address,
    is_loopback,
    is_within,
    kept,
    networks,
    secret_http_url,
    share,
    split_keys,
    split_urls,
    sqlite_or_postgresql,
    webhook_secret,
    without_slash,
)
from shared.settings.secrets import shown, without_credentials, without_password

# The kinds of access to a function. API_AUTH says which of them needs a key; "ingest" is the agent's side.
Access = Literal["read", "write", "ingest", "manage", "open"]
MIN_KEY_LENGTH = 16
MIN_PASSWORD_LENGTH = 12
# Keys that everybody has seen in the documents of this project or of the one that it grew from.
PUBLISHED_KEYS = {"my-secret-key-12345", "a-secret-of-your-own"}


# Variables that Cloud Run and AWS Lambda set.
_CLOUD_RUN, _LAMBDA = "K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"


class SettingError(Exception):
    """A setting is missing or malformed. The text never holds a secret."""

    def __init__(self, variable: str, found: str | None, expected: str) -> None:
        is_said = "is not set" if found is None else f"is {found!r}"
        super().__init__(f"{variable} {is_said}: expected {expected}")
        self.variable = variable


@again_if_changed
def is_in_cloud(environ: Mapping[str, str]) -> bool:
    """Whether Cloud Run or AWS Lambda runs us."""
    return bool(environ.get(_CLOUD_RUN) or environ.get(_LAMBDA))


Kept = Annotated[float, BeforeValidator(kept)]
Share = Annotated[float, BeforeValidator(share)]
_KEPT = "a duration from 1s to 7320d, such as 7d or 36h"


def _setting(variable: str, default: Any, expected: str) -> Any:
    return Field(default, alias=variable, description=expected, validate_default=False)


def _distinct(urls: tuple[str, ...]) -> tuple[str, ...]:
    # A monitor's name is its URL without the password: two of the same name would judge each other's checks.
    if len({without_password(url) for url in urls}) < len(urls):
        raise ValueError("a URL of its own for each monitor")
    return urls


class Settings(BaseModel):
    """The settings of one process; each field's description says what is expected of its variable."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    target_urls: Annotated[
        tuple[str, ...], BeforeValidator(split_urls), AfterValidator(http_urls), AfterValidator(_distinct)
    ] = _setting(
        "TARGET_URL",
        (),
        "one or more http:// or https:// URLs that differ in more than a password, separated by spaces or commas",
    )
    config_file_given: Path | None = _setting("CONFIG_FILE", None, "a file")
    check_interval_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = _setting(
        "CHECK_INTERVAL_SECONDS", 30.0, "a number of seconds from 0.1 to 86400"
    )
    check_timeout_seconds: Annotated[float, Field(ge=0.1, le=120)] = _setting(
        "CHECK_TIMEOUT_SECONDS", 10.0, "a number of seconds from 0.1 to 120"
    )
    telegram_webhook_secret: Annotated[SecretStr, AfterValidator(webhook_secret)] | None = _setting(
        "TELEGRAM_WEBHOOK_SECRET", None, "1 to 256 letters, digits, - and _, as python -m infra telegram makes them"
    )
    telegram_polling: bool = _setting("TELEGRAM_POLLING", False, "true or false")
    location: Annotated[str, Field(max_length=255)] | None = _setting(
        "LOCATION", None, "a name of at most 255 characters for where the agent runs"
    )
    is_private_allowed: bool = _setting("ALLOW_PRIVATE_TARGETS", True, "true or false")
    connectivity_check: Annotated[str, AfterValidator(host_and_port)] | None = _setting(
        "CONNECTIVITY_CHECK", None, "a host and a port, like 1.1.1.1:53"
    )
    heartbeat_url: Annotated[SecretStr, AfterValidator(secret_http_url)] | None = _setting(
        "HEARTBEAT_URL", None, "an http:// or https:// URL"
    )
    host: Annotated[str, AfterValidator(ip_address)] = _setting(
        "FLASK_HOST", "127.0.0.1", "an IP address of this machine, such as 127.0.0.1, 0.0.0.0, ::1 or ::"
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = _setting("FLASK_PORT", 5000, "a port from 1 to 65535")
    is_verbose: bool = _setting("FLASK_DEBUG", False, "true or false")
    backend_url_given: Annotated[str, AfterValidator(without_slash)] | None = _setting(
        "BACKEND_URL", None, "the backend's http:// or https:// URL"
    )
    claim_url_given: Annotated[str, AfterValidator(without_slash)] | None = _setting(
        "CLAIM_URL", None, "the http:// or https:// URL at which the agent claims its checks"
    )
    public_url: Annotated[str, AfterValidator(without_slash)] | None = _setting(
        "PUBLIC_URL", None, "the http:// or https:// URL at which others reach the system"
    )
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(split_keys), AfterValidator(networks)] = _setting(
        "TRUSTED_PROXIES", (), "IP networks or addresses, such as 172.16.0.0/12, separated by spaces or commas"
    )
    api_keys: Annotated[tuple[Annotated[SecretStr, AfterValidator(header_value)], ...], BeforeValidator(split_keys)] = (
        _setting(
            "API_KEY", (), "a secret of ASCII letters, digits and signs; several are separated by spaces or commas"
        )
    )
    api_auth: Literal["ingest", "writes", "all"] = _setting("API_AUTH", "ingest", "ingest, writes or all")
    dashboard_password: Annotated[SecretStr, Field(min_length=MIN_PASSWORD_LENGTH)] | None = _setting(
        "DASHBOARD_PASSWORD", None, f"a password of at least {MIN_PASSWORD_LENGTH} characters"
    )
    database_url: Annotated[SecretStr, AfterValidator(sqlite_or_postgresql)] = _setting(
        "DATABASE_URL",
        SecretStr("sqlite:///notifications.db"),
        "sqlite:///relative/path.db, sqlite:////absolute/path.db or postgresql://user:password@host:port/database",
    )
    spool_dir_given: Path | None = _setting("SPOOL_DIR", None, "a folder")
    message_language: Literal["en", "ko"] = _setting("MESSAGE_LANGUAGE", "en", "en or ko")
    status_page: bool | None = _setting("STATUS_PAGE", None, "true or false")
    notification_ttl_seconds: Annotated[float, Field(ge=1, le=31_536_000)] = _setting(
        "NOTIFICATION_TTL", 86_400.0, "a number of seconds from 1 to 31536000"
    )
    retention_events: Kept = _setting("RETENTION_EVENTS", 7 * 86_400.0, _KEPT)
    retention_rollups: Kept = _setting("RETENTION_ROLLUPS", 400 * 86_400.0, _KEPT)
    retention_alerts: Kept = _setting("RETENTION_ALERTS", 400 * 86_400.0, _KEPT)
    flapping_starts: Share = _setting("FLAPPING_STARTS", 0.5, "a percentage from 1 to 100, such as 50%, or off")
    flapping_ends: Share = _setting("FLAPPING_ENDS", 0.25, "a percentage from 1 to 100, such as 25%")
    log_dir: Path | None = _setting("LOG_DIR", None, "a folder")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting(
        "LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings in ``environ``. In a cloud, private addresses are not checked by default.

        Raises:
            SettingError: a value is malformed.
        """
        return _read(environ)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The same without their passwords, as the monitors are named; () if there is none."""
        return tuple(without_password(url) for url in self.target_urls)

    @property
    def keys(self) -> tuple[SecretStr, ...]:
        """The keys that are accepted as ``X-API-Key``. Raises SettingError if there is none: never open by default."""
        return self.api_keys or self._required("api_keys")

    @property
    def key(self) -> SecretStr:
        """The key that our own callers send as ``X-API-Key``. Raises SettingError if there is none."""
        return self.keys[0]

    def refuse_weak_keys(self) -> None:
        """Refuse keys that can be guessed. Call this before other machines than this one are served.

        Raises:
            SettingError: a key is short, or is an example from a document.
        """
        for key in self.api_keys:
            if len(key.get_secret_value()) < MIN_KEY_LENGTH or key.get_secret_value() in PUBLISHED_KEYS:
                expected = f"secrets of at least {MIN_KEY_LENGTH} characters, none of them a document's example"
                raise SettingError("API_KEY", "(hidden)", f"{expected}, because other machines can call")

    @property
    def serves_others(self) -> bool:
        """Whether other machines can call the local system: at its own address, or through a proxy at PUBLIC_URL."""
        public = urlsplit(self.public_url).hostname or "" if self.public_url else self.host
        return not (is_loopback(self.host) and is_loopback(public))

    def trusts(self, address: str) -> bool:
        """Whether a proxy at this address may say where a request comes from."""
        return is_loopback(address) or is_within(address, self.trusted_proxies)

    @property
    def takes_presses(self) -> bool:
        """Whether somebody hears when a button in Telegram is pressed."""
        return self.telegram_polling or self.telegram_webhook_secret is not None

    @property
    def own_url(self) -> str:
        """The URL at which this machine reaches the local system, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # nothing is bound here
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def agent(self) -> str:
        """The agent's name."""
        return self.location or "default"

    @property
    def backend_url(self) -> str:
        """The URL to which the agent posts its events, without a slash at the end."""
        return self.backend_url_given or self.own_url

    @property
    def claim_url(self) -> str:
        """The URL at which the agent claims its checks, which may be at another address than the events'."""
        return self.claim_url_given or f"{self.backend_url}/checks/claim"

    @functools.cached_property
    def database_path(self) -> Path | None:
        """The SQLite file; a relative path starts at the repository's root. None if the database is PostgreSQL."""
        url = self.database_url.get_secret_value()
        return None if url.startswith(POSTGRESQL) else ROOT / url.removeprefix(SQLITE)

    @property
    def database(self) -> str:
        """The database as it may be shown: its file, or its server and name, without user and password."""
        if self.database_path is not None:
            return str(self.database_path)
        parts = urlsplit(without_credentials(self.database_url.get_secret_value()))
        return f"postgresql://{parts.netloc}{parts.path}"

    @property
    def config_file(self) -> Path:
        """The file with the monitors and channels; a relative path starts at the repository's root.

        It may be absent, unless ``config_file_given`` names it.
        """
        return ROOT / (self.config_file_given or "bonghwa.yaml")

    @property
    def spool_dirs(self) -> tuple[Path, ...]:
        """The folders for events that could not be posted, best first: the SQLite file's, then the temporary files'.

        Any of them may become unusable, and usable again, at any time. Readers must therefore read all of them.
        """
        if self.spool_dir_given:
            return (ROOT / self.spool_dir_given,)
        beside = self.database_path.parent if self.database_path else ROOT
        try:
            return tuple(dict.fromkeys((beside, Path(tempfile.gettempdir()))))
        except FileNotFoundError:  # no folder for temporary files can be written
            return (beside,)

    def _required(self, name: str) -> Any:
        field = type(self).model_fields[name]
        raise SettingError(str(field.alias), None, str(field.description))


@again_if_changed
def _read(environ: Mapping[str, str]) -> Settings:
    variables = [str(field.alias) for field in Settings.model_fields.values()]
    given = {name: value for name in variables if (value := environ.get(name, "")).strip()}
    for name, value in given.items():
        if not value.isprintable() and re.search("[\ud800-\udfff]", value):
            # Bytes that are no UTF-8. Otherwise every event that holds the value would fail, instead of the start.
            raise SettingError(name, shown(name, ascii(value)[1:-1]), "text in UTF-8")
    if is_in_cloud(environ):
        given.setdefault("ALLOW_PRIVATE_TARGETS", "false")
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        variable = str(error.errors()[0]["loc"][0])
    expected = next(str(field.description) for field in Settings.model_fields.values() if field.alias == variable)
    raise SettingError(variable, shown(variable, given[variable]), expected)
