"""The backend's API, as a command reads it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from infra.configuration.sending import reason_of
from shared.settings import Settings
from shared.settings.proxies import backend_options
from shared.settings.secrets import without_password

CONNECT_SECONDS = 5.0
RESPONSE_SECONDS = 60.0
ROWS = 1_000


class NotAnswered(Exception):
    """The backend did not answer the question. The text says why and holds no secret."""


class Backend:
    """The backend at ``url``. It is shown the first key in API_KEY, if there is one."""

    def __init__(self, url: str, settings: Settings, environ: Mapping[str, str]) -> None:
        self.url, self._environ = url, environ
        self._key = settings.api_keys[0].get_secret_value() if settings.api_keys else ""

    def monitor(self, name: str) -> dict[str, Any]:
        """The monitor with this name. Raises NotAnswered."""
        found = self.get("/monitors", name=name).get("monitors") or []
        if not found:
            raise NotAnswered(f"there is no monitor named {_shown(name)!r}")
        monitor: dict[str, Any] = found[0]
        return monitor

    def pages(self, path: str, collection: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """Everything in a collection, page by page. Raises NotAnswered."""
        cursor: str | None = ""
        while cursor is not None:
            given = {"limit": str(ROWS), **parameters, **({"cursor": cursor} if cursor else {})}
            page = self.get(path, **given)
            yield from page.get(collection) or []
            cursor = page.get("next")

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """The object at a path. Raises NotAnswered, or SettingError if a proxy variable is malformed."""
        import requests

        at = without_password(self.url)
        with requests.Session() as session:
            session.trust_env = False  # see proxies
            session.verify = self._environ.get("REQUESTS_CA_BUNDLE") or self._environ.get("CURL_CA_BUNDLE") or True
            try:
                response = session.get(
                    f"{self.url}{path}",
                    params=parameters,
                    headers={"X-API-Key": self._key} if self._key else {},
                    timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
                    # A redirect might carry the key to another host.
                    allow_redirects=False,
                    **backend_options(self.url, self._environ),
                )
            except (requests.RequestException, OSError, ValueError) as error:
                reason = type(error).__name__
                raise NotAnswered(f"{at} cannot be reached ({reason}): expected the system to run there") from None
        if response.status_code != HTTPStatus.OK:
            raise NotAnswered(f"{at} did not answer: {reason_of(response, self._key, self._environ)}")
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NotAnswered(f"{at} answered with something else: expected Bonghwa's backend there")
        return found


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:200]
