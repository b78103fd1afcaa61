"""The facts that a check has seen, and the event that its policy makes of them."""

import functools
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import pycurl

from functions.check_monitors.probes.causes import URL_NOT_VALID, errno_cause
from functions.check_monitors.probes.event_of_check import Times, phases, storable, success_of
from functions.check_monitors.probes.loop.capacity import MEMORY, OUT_OF_MEMORY, SHORTAGES, by_errno
from functions.check_monitors.probes.quoting import Hide, beginning, hidden, hider
from shared.logs import step
from shared.models import Cause, CheckAttempt, Event, now
from shared.models.values import shortened
from shared.monitors.conditions import Condition, Facts, failure, parse, with_values
from shared.monitors.conditions.values import compact
from shared.monitors.kinds import Kind, misplaced
from shared.monitors.parts import ClientCertificate
from shared.monitors.placeholders import MissingValue, filled
from shared.monitors.policy import Policy
from shared.settings import SettingError, Settings
from shared.words import cause_text

MESSAGE_CHARACTERS = 200
# The target has no part in these: they mean the same for a monitor that is expected to fail.
_OURS = ("refused_", "proxy_", "url_not_valid", "unsupported_", "body_cut", "body_compressed", "oauth2_")
# Only the service itself can say these. Any other finding may come from something else that listens on its port.
_OF_THE_SERVICE = (
    *("dns_no_answer", "dns_rcode", "docker_starting", "docker_unhealthy", "docker_unhealthy_silently"),
    *("grpc_not_serving", "query_failed"),
)

# A keyword with one of these spans several values of JSON.
_OF_JSON = frozenset('"{[')


class NotCheckable(ValueError):
    """The agent cannot check a policy as it is, or not from here. This says nothing of the monitor."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.code)
        self.cause = cause


def fault_of(error: Exception) -> tuple[Cause, bool]:
    """Why a check could not go on, by what a step of it raised, and whether that says nothing of the monitor."""
    if isinstance(error, MissingValue):
        error = NotCheckable(Cause.of("value_missing", name=error.name))
    if isinstance(error, NotCheckable):
        return error.cause, True
    if isinstance(error, OSError):
        why = by_errno(error.errno) or errno_cause(error)
        return why, why in SHORTAGES
    if isinstance(error, pycurl.error) and error.args[0] in OUT_OF_MEMORY:
        return MEMORY, True
    return URL_NOT_VALID, False


class Seen:
    """The facts that one check has seen. None: it did not get so far, or checks of this kind have no such fact."""

    why: Cause | None = None  # the connection or the protocol failed
    is_inconclusive = False  # the agent could not check
    finding: Cause | None = None  # it responded, and what it said counts as a failure by default
    times: Times | None = None
    has_response = False
    is_connected = False
    status: int | None = None
    ip: str | None = None
    certificate_expires_at: datetime | None = None
    body: bytes | None = None
    cut_at: int | None = None  # the body goes on after so many bytes, and that was not read
    unread_encoding: str | None = None  # the body is compressed in a way that we cannot read
    charset = "utf-8"
    headers: Mapping[str, str] = MappingProxyType({})
    dns_rcode: str | None = None
    note: str | None = None  # what an event says beside its success or failure


class Subject:
    """One monitor's policy under check, over all attempts of one run.

    ``ca_file``: the trusted certificates; ``environ``: the proxy variables. ``interval_seconds``: how often the agent
    reports at all; by default the policy's own interval.
    """

    def __init__(
        self,
        policy: Policy,
        settings: Settings,
        ca_file: str,
        environ: Mapping[str, str],
        *,
        interval_seconds: float | None = None,
    ) -> None:
        self.policy = policy
        self.settings = settings
        self.ca_file, self.environ = ca_file, environ
        self.interval_seconds = interval_seconds or policy.interval
        self.seen = Seen()
        self.attempts: list[CheckAttempt] = []
        self.token: str | None = None  # of OAuth 2, as the agent sent it
        self._conditions = [_parsed(text) for text in policy.conditions]
        has_keyword = bool(policy.keyword or policy.forbidden_keyword)
        self.is_body_needed = has_keyword or self._reads("BODY")
        self._keyword, self._forbidden = policy.keyword, policy.forbidden_keyword
        self.is_response_needed = has_keyword or bool(policy.conditions) or policy.upside_down  # of a success, too

    def begin(self) -> None:
        """Begin an attempt. Raises MissingValue, and NotCheckable for a condition that cannot hold with its values."""
        written = (self.policy.keyword, self.policy.forbidden_keyword)
        self._keyword, self._forbidden = (text and self.filled(text) for text in written)
        for place, condition in enumerate(self._conditions):
            try:
                self._conditions[place] = with_values(condition, os.environ)
            except ValueError:
                raise NotCheckable(Cause.of("condition_not_usable", condition=condition.text)) from None

    def break_off(self, defect: Exception) -> None:
        """Note an exception that should not happen. One that says how the agent is set up is raised again."""
        if isinstance(defect, SettingError):
            raise defect
        # Its text may hold a secret of the policy.
        name = type(defect).__name__
        step("agent", "check_broke_off", level=logging.ERROR, monitor=self.policy.name, reason=name)
        self.seen.why, self.seen.is_inconclusive = Cause.of("agent_defect", name=name), True

    def _reads(self, placeholder: str) -> bool:
        return any(placeholder in condition.placeholders for condition in self._conditions)

    def filled(self, text: str) -> str:
        """``text`` with its placeholders filled in from the environment. Raises MissingValue."""
        return filled(text, os.environ)

    def client_certificate(self) -> ClientCertificate | None:
        """The policy's client certificate with its placeholders filled in. Raises MissingValue."""
        own = self.policy.client_certificate
        if own is None:
            return None
        return own.model_copy(update={"certificate": self.filled(own.certificate), "key": self.filled(own.key)})

    def event(self) -> Event:
        """The event of what was seen, by the policy's own terms."""
        policy, seen = self.policy, self.seen
        why, condition = self._judged()
        if policy.upside_down and not seen.is_inconclusive and not (why and why.code.startswith(_OURS)):
            why, condition = (None, None) if why else (_unexpected_success(seen.status), None)
        measured = {
            "status_code": seen.status,
            "ip": seen.ip or None,
            "certificate_expires_at": seen.certificate_expires_at,
            **(phases(seen.times, seen.has_response) if seen.times else {}),
        }
        if why is None and not (seen.is_inconclusive or seen.note or self.attempts):
            return success_of(policy.target, policy.name, self.settings, self.interval_seconds, **measured)
        hide = hider(policy, self.token)
        why = why and hidden(why, hide)
        return Event(
            target_url=storable(policy.target),
            monitor=shortened(storable(policy.name)),
            timestamp=now(),
            is_success=why is None,
            error_message=cause_text("en", why) or None,
            cause=why,
            is_inconclusive=seen.is_inconclusive,
            location=self.settings.location,
            agent=self.settings.agent,
            interval_seconds=self.interval_seconds,
            condition=condition and storable(hide(condition)),
            message=seen.note or (self._message(hide) if why else None),
            attempts=tuple(self.attempts),
            **measured,
        )

    def _message(self, hide: Hide) -> str | None:
        # A Docker engine's answer begins with the container's command line, which may hold passwords.
        is_shown = self.policy.kind is not Kind.DOCKER
        return beginning(self.seen.body, self.seen.charset, MESSAGE_CHARACTERS, hide) if is_shown else None

    def judged_conditions(self) -> list[tuple[str, bool, str]]:
        """Each condition as it is written, whether it is met, and with its values; none if nothing could be judged."""
        if self._is_judged_by_connection():
            return []
        facts, hide = self._facts(), hider(self.policy, self.token)
        found = []
        for condition in self._conditions:
            is_met = condition.holds(facts) and condition.is_settled(facts)
            shown = condition.shown(facts) if is_met else condition.failed(facts)
            found.append((storable(condition.text), is_met, storable(hide(shown))))
        return found

    def answer(self, most: int) -> str | None:
        """The first printable characters of what the server sent, if it was read."""
        return beginning(self.seen.body, self.seen.charset, most, hider(self.policy, self.token))

    def is_satisfied(self) -> bool:
        """Whether what was seen so far is all that the policy asks for."""
        return self._judged()[0] is None

    def _judged(self) -> tuple[Cause | None, str | None]:
        """Why the check failed, and the condition that did."""
        seen, own = self.seen, self._conditions
        if self._is_judged_by_connection():
            return seen.why, None
        if own:
            facts = self._facts()
            settled = [condition for condition in own if condition.is_settled(facts)] if facts.is_body_cut else own
            if failed := failure(settled, facts):
                return seen.why or Cause.of("condition_failed", condition=failed), failed
            if unsettled := next((condition.text for condition in own if condition not in settled), None):
                return self._cut(unsettled), unsettled
        elif seen.finding:
            return seen.finding, None
        # There is no text to look for if the monitor expects that nothing can be reached.
        found = self._keyword_cause() if seen.why is None or self._is_connected() else None
        return found and (seen.why or found), None

    def _is_judged_by_connection(self) -> bool:
        why = self.seen.why
        # A monitor may expect that nothing can be reached.
        return why is not None and (
            self.seen.is_inconclusive or not self._reads("CONNECTED") or why.code.startswith(_OURS)
        )

    def _is_connected(self) -> bool:
        """Whether the service itself was reached. A port that accepts connections says little of a service that hangs.

        Gatus judges so, too: by a response for HTTP, by the handshake for TLS, by the banner for SSH.
        """
        seen, kind = self.seen, self.policy.kind
        if kind is Kind.HTTP:
            return seen.status is not None
        if kind is Kind.TCP:
            return seen.is_connected
        is_well = seen.why is None and (seen.finding is None or seen.finding.code in _OF_THE_SERVICE)
        return seen.is_connected and is_well

    def _facts(self) -> Facts:
        seen = self.seen
        expires_at = seen.certificate_expires_at
        return Facts(
            status=seen.status,
            body=seen.body,
            charset=seen.charset,
            response_time_ms=seen.times.total / 1000 if seen.times else None,
            certificate_expiry=(expires_at - now()).total_seconds() if expires_at else None,
            ip=seen.ip,
            connected=self._is_connected(),
            dns_rcode=seen.dns_rcode,
            headers=seen.headers,
            is_body_cut=seen.cut_at is not None,
        )

    def _keyword_cause(self) -> Cause | None:
        wanted, forbidden = self._keyword, self._forbidden
        if not wanted and not forbidden:
            return None
        # Messages show a keyword as it is written, and not what was filled in.
        as_written, is_cut, facts = self.policy, self.seen.cut_at is not None, self._facts()
        if wanted and not self._has(wanted, facts):
            shown = as_written.keyword or ""
            return self._cut(f'"{shown}"') if is_cut else Cause.of("keyword_missing", keyword=shown)
        shown = as_written.forbidden_keyword or ""
        if forbidden and self._has(forbidden, facts):
            return Cause.of("keyword_forbidden", keyword=shown)
        return self._cut(f'"{shown}"') if forbidden and is_cut else None

    def _cut(self, sought: str) -> Cause:
        if self.seen.unread_encoding:
            return Cause.of("body_compressed", encoding=self.seen.unread_encoding, sought=sought)
        limit = self.seen.cut_at or 0
        if misplaced("max_body", self.policy.kind, limit):
            return Cause.of("body_cut_here", limit=limit, sought=sought)
        return Cause.of("body_cut", limit=limit, sought=sought)

    def _has(self, keyword: str, facts: Facts) -> bool:
        body = self.seen.body or b""
        if keyword.encode() in body or keyword.encode(self.seen.charset, "replace") in body:
            return True
        # Only these differ between a body and its compact form, and to read JSON costs more than to search it.
        may_differ = not _OF_JSON.isdisjoint(keyword) or b"\\" in body
        return may_differ and keyword in compact(facts)


@functools.lru_cache(maxsize=16_384)
def _parsed(text: str) -> Condition:
    return parse(text)


def _unexpected_success(status: int | None) -> Cause:
    if status is None:
        return Cause.of("expected_to_fail")
    return Cause.of("expected_to_fail_status", status=status)
