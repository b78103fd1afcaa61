"""Reads the API over HTTP."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from infra.configuration.sending import CONNECT_SECONDS, reason_of
from shared.settings.proxies import backend_options
from shared.settings.secrets import without_password

RESPONSE_SECONDS = 60.0


class NotRead(Exception):
    """The system cannot be reached, or does not answer what it is asked. The text says why and holds no secret."""


class Api:
    """The system at ``url``. ``key``: empty if there is none; reading may need none."""

    def __init__(self, url: str, key: str, environ: Mapping[str, str]) -> None:
        import requests

        self._url, self._key, self._environ = url, key, environ
        self._session = requests.Session()
        self._session.trust_env = False  # see proxies
        self._session.verify = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True

    def get(self, path: str, **query: object) -> Any:
        """What the system answers, as JSON. Raises NotRead."""
        import requests

        at = without_password(self._url)
        try:
            response = self._session.get(
                f"{self._url}{path}",
                params={name: str(value) for name, value in query.items() if value is not None},
                headers={"X-API-Key": self._key} if self._key else None,
                timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
                # A redirect might carry the key to another host.
                allow_redirects=False,
                **backend_options(self._url, self._environ),
            )
        except requests.Timeout:
            raise NotRead(f"{at} did not answer in time") from None
        except (requests.RequestException, OSError, ValueError) as error:
            reason = type(error).__name__
            raise NotRead(f"{at} cannot be reached ({reason}): expected the system to run there") from None
        if response.status_code != HTTPStatus.OK:
            raise NotRead(f"{at} did not answer: {reason_of(response, self._key, self._environ)}")
        try:
            return response.json()
        except ValueError:
            raise NotRead(f"{at} answered with something else than JSON: expected the system there") from None

    def every(self, path: str, **query: object) -> Iterator[Any]:
        """Each row of a collection, page by page. Raises NotRead."""
        cursor: object = None
        while True:
            page = self.get(path, **query, limit=1000, cursor=cursor)
            yield from page[path.strip("/")]
            if (cursor := page["next"]) is None:
                return
