"""OAuth 2 with client credentials: a token is asked for, and kept until it expires."""

import hashlib
import json
import time
from typing import Any
from urllib.parse import quote_plus, urlencode

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.urls import as_ascii
from shared.models import Cause

_DEFAULT_SECONDS = 300.0  # of a token that does not say how long it is good
_EARLY_SECONDS = 30.0  # a token that expires on its way is no good
_MAX_BYTES = 65_536
_MAX_TOKENS = 1_024
_tokens: dict[str, tuple[str, float]] = {}
# Servers that take the client's credentials in the body alone.
_in_body: set[str] = set()


class TokenRequest:
    """The request for one token. Raises MissingValue, and ValueError if the token's URL is no URL."""

    def __init__(self, subject: Subject) -> None:
        policy = subject.policy.oauth2
        assert policy is not None  # noqa: S101  # the caller has looked
        filled = subject.filled
        self.url = as_ascii(filled(policy.token_url))
        self._id, self._secret = filled(policy.client_id), filled(policy.client_secret).strip()
        self._scopes = " ".join(filled(scope) for scope in policy.scopes)
        digest = hashlib.sha256(self._secret.encode()).hexdigest()
        self.key = "\n".join((self.url, self._id, digest, self._scopes))
        self._body = bytearray()

    def known_token(self) -> str | None:
        """The token that was kept, if it is still good."""
        token, until = _tokens.get(self.key, ("", 0.0))
        return token if time.monotonic() < until else None

    def forget(self) -> None:
        """Ask for a new token next time: the server does not take the kept one."""
        _tokens.pop(self.key, None)

    def prepare(self, curl: Any) -> None:
        """Let ``curl`` ask for the token."""
        fields = {"grant_type": "client_credentials", **({"scope": self._scopes} if self._scopes else {})}
        if self.url in _in_body:
            fields |= {"client_id": self._id, "client_secret": self._secret}
        else:  # RFC 6749 has both parts encoded as in a form
            curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            curl.setopt(pycurl.USERNAME, quote_plus(self._id))
            curl.setopt(pycurl.PASSWORD, quote_plus(self._secret))
        self._body.clear()
        curl.setopt(pycurl.POSTFIELDS, urlencode(fields))
        curl.setopt(pycurl.HTTPHEADER, ["Accept: application/json"])
        curl.setopt(pycurl.WRITEFUNCTION, self._take)

    def tries_otherwise(self, status: int) -> bool:
        """Whether to ask again with the credentials in the body, which some servers want."""
        if status not in (400, 401) or self.url in _in_body:
            return False
        _in_body.add(self.url)
        return True

    def token(self, status: int) -> str | Cause:
        """The token of the response, or why there is none."""
        if status != 200:
            _in_body.discard(self.url)
            return Cause.of("oauth2_refused", status=status, error=self._error())
        try:
            answer = json.loads(self._body)
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in") or _DEFAULT_SECONDS)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Cause.of("oauth2_no_token")
        if not token.isprintable():
            return Cause.of("oauth2_no_token")
        if len(_tokens) >= _MAX_TOKENS:
            _tokens.clear()
        _tokens[self.key] = token, time.monotonic() + seconds - min(_EARLY_SECONDS, seconds / 10)
        return token

    def _error(self) -> str:
        try:
            return str(json.loads(self._body)["error"])[:100]
        except (ValueError, KeyError, TypeError):
            return ""

    def _take(self, part: bytes) -> int | None:
        self._body += part
        return 0 if len(self._body) > _MAX_BYTES else None
