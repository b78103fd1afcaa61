"""A monitor's policy: the one model of it, for the file, the API and the store."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from shared.models.scalars import Text
from shared.monitors import kinds
from shared.monitors.aliases import normalised
from shared.monitors.durations import Duration, ShortDuration
from shared.monitors.kinds import Kind
from shared.monitors.parts import (
    ClientCertificate,
    Credentials,
    DnsQuery,
    Heartbeat,
    Name,
    Names,
    OAuth2,
    Part,
    Secret,
    Word,
    one_or_more,
    upper,
)
from shared.monitors.placeholders import refuse_foreign_names
from shared.monitors.urls import checkable, unsaid_protocol, unusable_comma, unusable_host, unusable_proxy
from shared.settings.secrets import without_password

MAX_BODY_BYTES = 10 * 1024 * 1024
_CODES = r"[1-5][0-9][0-9](-[1-5][0-9][0-9])?"
_SOME_CODES = 'status codes or ranges of them, such as "200-299" and 401'
_METHOD = r"^[A-Z]{1,20}$"
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}"


def _status_codes(value: Any) -> tuple[str, ...]:
    listed = one_or_more(value)
    codes = tuple(str(code).replace(" ", "") for code in listed) if isinstance(listed, list | tuple) else ()
    if not codes:
        raise ValueError(_SOME_CODES)
    for code in codes:
        first, _, last = code.partition("-")
        if not re.fullmatch(_CODES, code) or first > (last or first):
            raise ValueError(f"{_SOME_CODES}; found {code!r}")
    return codes


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not re.fullmatch(_HEADER_NAME, name) or not text.isprintable():
            raise ValueError(f"names of headers, each with its value on one line; found {name!r}")
        refuse_foreign_names(text)
    return value


def _condition(text: str) -> str:
    # Imported here, and below: most policies have no conditions, and their grammar costs a cold start.
    from shared.monitors.conditions import parse

    parse(refuse_foreign_names(text))  # raises a ValueError that says what is expected
    return text


def _placeholders_in(conditions: tuple[str, ...]) -> frozenset[str]:
    """The parts of an answer that the conditions read."""
    if not conditions:
        return frozenset()
    from shared.monitors.conditions import parse

    return frozenset[str]().union(*(parse(condition).placeholders for condition in conditions))


def _ip_version(value: Any) -> Any:
    return None if value == "either" else value


def _http_version(value: Any) -> Any:
    return str(value) if type(value) in (int, float) else value  # YAML reads 1.1 and 2 as numbers


# A placeholder in any field has to be the monitors' own, also where none is filled in today.
_OWN_NAMES = AfterValidator(refuse_foreign_names)
Phrase = Annotated[Text, Field(min_length=1, max_length=4096), _OWN_NAMES]
Condition = Annotated[Text, Field(max_length=4096), AfterValidator(_condition)]


class Policy(Part):
    """A monitor's target, how it is watched, and who hears of it.

    Durations are in seconds here, and are written out as ``1m30s``. A field that only some kinds of check read may not
    stand in another monitor: see ``kinds.KINDS_WITH``. ``aliases`` has the names that are accepted besides. An error
    about several fields begins with the name of one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, validate_default=False)

    name: Name
    group: Name | None = None
    description: Annotated[Text, Field(max_length=2_000)] | None = None
    tags: Names = ()
    enabled: bool = True
    url: Annotated[Text, Field(min_length=1, max_length=2048), AfterValidator(checkable)] | None = None
    dns: DnsQuery | None = None
    heartbeat: Heartbeat | None = None

    interval: Duration = 60.0
    timeout: ShortDuration = 10.0
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    retry_interval: Duration = 1.0

    failure_threshold: Annotated[int, Field(ge=1, le=1_000)] = 1
    success_threshold: Annotated[int, Field(ge=1, le=1_000)] = 1
    reminder_interval: Duration | None = None
    upside_down: bool = False
    depends_on: Names = ()
    channels: Names | None = None
    escalation: Name | None = None
    locations: Names | None = None
    quorum: Annotated[int, Field(ge=1, le=1_000)] | Literal["majority"] = "majority"
    public: bool | None = None
    hide_url: bool = True

    method: Annotated[str, Field(pattern=_METHOD), BeforeValidator(upper)] = "GET"
    headers: Annotated[dict[str, Text], Field(max_length=100), AfterValidator(_headers)] = Field(default_factory=dict)
    body: Annotated[Text, Field(max_length=65_536), _OWN_NAMES] | None = None
    basic_auth: Credentials | None = None
    digest_auth: Credentials | None = None
    bearer_token: Secret | None = None
    oauth2: OAuth2 | None = None
    client_certificate: ClientCertificate | None = None
    ca_certificate: Annotated[Text, Field(min_length=1, max_length=262_144), _OWN_NAMES] | None = None
    verify_tls: bool = True
    follow_redirects: bool = True
    max_redirects: Annotated[int, Field(ge=0, le=50)] = 10
    proxy: Word | None = None
    user_agent: Word | None = None
    http_version: Annotated[Literal["1.0", "1.1", "2", "3"] | None, BeforeValidator(_http_version)] = None
    connection: Literal["new", "reuse"] = "new"
    accepted_status_codes: Annotated[tuple[str, ...], Field(max_length=100), BeforeValidator(_status_codes)] = (
        "200-399",
    )
    keyword: Phrase | None = None
    forbidden_keyword: Phrase | None = None
    max_response_time: ShortDuration | None = None
    certificate_expiry: Annotated[tuple[Duration, ...], Field(max_length=10), BeforeValidator(one_or_more)] = ()
    conditions: Annotated[tuple[Condition, ...], Field(max_length=50), BeforeValidator(one_or_more)] = ()
    max_body: Annotated[int, Field(ge=0, le=MAX_BODY_BYTES)] = 1024 * 1024

    ip_version: Annotated[Literal[4, 6] | None, BeforeValidator(_ip_version)] = None
    resolver: Word | None = None
    packets: Annotated[int, Field(ge=1, le=20)] = 1
    query: Phrase | None = None
    protocol: Literal["smtp", "imap", "pop3", "ftp", "postgres"] | None = None

    @classmethod
    def written(cls, data: Any, stored: "Policy | None" = None) -> "Policy":
        """The policy that somebody writes now, which has to be one that can be judged.

        A stored policy is read by ``model_validate``: it must not be refused for what a former version accepted, and
        whoever changes something else of it may keep that. A field that its kind does not read is left out there.
        ``stored``: the policy that this one replaces.

        Raises:
            ValidationError: it has mistakes.
        """
        return cls.model_validate(data, context=_Writing(stored))

    @property
    def kind(self) -> Kind:
        """The kind of its check."""
        return kinds.kind_of(self.url, has_dns=self.dns is not None, has_heartbeat=self.heartbeat is not None)

    @property
    def target(self) -> str:
        """Its target as messages and events name it: without a password."""
        if self.url:
            return without_password(self.url)
        return f"dns:{self.dns.query_name}" if self.dns else "heartbeat"

    @property
    def longest_check(self) -> float:
        """How long a check may take, in seconds: each try has its own timeout."""
        return self.timeout + self.retries * (self.retry_interval + self.timeout)

    @model_validator(mode="before")
    @classmethod
    def _named_as_here(cls, data: Any) -> Any:
        return normalised(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _fits_its_kind(self, info: ValidationInfo) -> "Policy":
        try:
            kind = self.kind
        except ValueError as wrong:
            raise ValueError(f"url: {wrong}") from None
        unread = dict(self._misplaced(kind))
        if unread and isinstance(info.context, _Writing):
            raise ValueError(": ".join(next(iter(unread.items()))))
        if expected := kinds.unavailable(_placeholders_in(self.conditions), kind):
            raise ValueError(f"conditions: {expected}")
        if kind is Kind.DNS and self.dns is None:
            raise ValueError("dns: what is asked, such as {query_name: example.com, query_type: A}")
        if self._is_new(info, "url") and (expected := unusable_host(self.url or "")):
            raise ValueError(f"url: {expected}")
        if self._is_new(info, "url", "protocol"):
            if expected := unusable_comma(self.url or ""):
                raise ValueError(f"url: {expected}")
            if not self.protocol and (expected := unsaid_protocol(self.url or "")):
                raise ValueError(f"protocol: {expected}")
        if self.proxy and self._is_new(info, "proxy") and (expected := unusable_proxy(self.proxy)):
            raise ValueError(f"proxy: {expected}")
        if self.query and self._is_new(info, "url", "query") and (expected := kinds.unusable_query(self.url)):
            raise ValueError(f"query: {expected}")
        if self.locations and self.quorum != "majority" and self._is_new(info, "locations", "quorum"):
            most = len({*self.locations})
            if self.quorum > most:
                raise ValueError(f"quorum: at most {most}, since no other location checks it")
        if self.name in self.depends_on:
            raise ValueError("depends_on: other monitors than the monitor itself")
        return self.model_copy(update={name: self._default_of(name) for name in unread}) if unread else self

    def _is_new(self, info: ValidationInfo, *fields: str) -> bool:
        """Whether somebody writes one of these fields now. A stored policy can still be read."""
        return isinstance(info.context, _Writing) and not info.context.keeps(self, *fields)

    def _misplaced(self, kind: Kind) -> Iterator[tuple[str, str]]:
        """The fields that no monitor of this kind reads, with what is expected of each."""
        for field in sorted(self.model_fields_set):
            expected = kinds.misplaced(field, kind, getattr(self, field))
            # A default does no harm, and an answer of the API that is sent back holds them all.
            if expected and getattr(self, field) != self._default_of(field):
                yield field, expected

    @classmethod
    def _default_of(cls, field: str) -> Any:
        return cls.model_fields[field].get_default(call_default_factory=True)


class _Writing(NamedTuple):
    """The context in which a policy is validated that somebody writes, in place of the ``stored`` one if any."""

    stored: Policy | None

    def keeps(self, policy: Policy, *fields: str) -> bool:
        """Whether the stored policy has the same in ``fields``."""
        stored = self.stored
        return stored is not None and all(getattr(stored, name) == getattr(policy, name) for name in fields)
