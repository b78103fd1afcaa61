"""The backend's API, as a command reads it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from infra.configuration.sending import CONNECT_SECONDS, reason_of
from infra.local.terminal import visible
from shared.settings import Settings
from shared.settings.proxies import backend_options
from shared.settings.secrets import without_password

RESPONSE_SECONDS = 60.0
ROWS = 1_000


class NotAnswered(Exception):
    """The backend did not answer the question. The text says why and holds no secret.

    ``status``: the one that it answered with, if it did.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Backend:
    """The backend at ``url``. It is shown the first key in API_KEY, if there is one."""

    def __init__(self, url: str, settings: Settings, environ: Mapping[str, str]) -> None:
        import requests

        self.url, self._environ = url, environ
        self._key = settings.key.get_secret_value() if settings.api_keys else ""
        self._session = requests.Session()
        self._session.trust_env = False  # see proxies
        self._session.verify = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True

    def monitor(self, name: str) -> dict[str, Any]:
        """The monitor with this name. Raises NotAnswered."""
        found: list[dict[str, Any]] = self.get("/monitors", name=name).get("monitors") or []
        # An empty name is no condition, and finds every monitor.
        monitor = next((each for each in found if each["name"] == name), None)
        if monitor is None:
            raise NotAnswered(f"there is no monitor named {_shown(name)!r}")
        return monitor

    def pages(self, path: str, collection: str, **parameters: str | None) -> Iterator[dict[str, Any]]:
        """Everything in a collection, page by page. Raises NotAnswered."""
        page = self.get(path, limit=str(ROWS), **parameters)
        yield from page.get(collection) or []
        while (cursor := page.get("next")) is not None:
            page = self.get(path, limit=str(ROWS), cursor=cursor, **parameters)
            yield from page.get(collection) or []

    def get(self, path: str, **parameters: str | None) -> dict[str, Any]:
        """The object at a path; a parameter that is None is left out.

        Raises NotAnswered, or SettingError if a proxy variable is malformed.
        """
        # requests leaves out those that are None
        return self._ask("GET", path, HTTPStatus.OK, params=parameters)

    def health(self) -> dict[str, Any]:
        """The response of ``GET /``, also if nobody would be notified (503). Raises as ``get`` does."""
        found = self._ask("GET", "/", HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
        # A 503 without a word on the database is none of ours.
        if (database := found.get("database", "503")) != "ok":
            raise NotAnswered(f"{without_password(self.url)} could not answer: {_shown(str(database))}")
        return found

    def last_drill(self) -> dict[str, Any] | None:
        """How the last drill went. Raises as ``get`` does."""
        drill: dict[str, Any] | None = self.health().get("last_drill")
        return drill

    def troubles(self) -> str:
        """Why nobody would be notified now; empty if somebody would be. Raises as ``get`` does."""
        found = self.health()
        reasons = found.get("reasons") or ["it does not say why"]
        return _shown("; ".join(map(str, reasons))) if found.get("status") == "unavailable" else ""

    def post(self, path: str, body: Mapping[str, Any] | None = None, expected: int = HTTPStatus.OK) -> dict[str, Any]:
        """The object with which the backend answers a request to do something. Raises as ``get`` does."""
        return self._ask("POST", path, expected, json=body)

    def _ask(self, method: str, path: str, *expected: int, **options: Any) -> dict[str, Any]:
        import requests

        at = without_password(self.url)
        try:
            response = self._session.request(
                method,
                f"{self.url}{path}",
                headers={"X-API-Key": self._key} if self._key else {},
                timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
                # A redirect might carry the key to another host.
                allow_redirects=False,
                **options,
                **backend_options(self.url, self._environ),
            )
        except requests.Timeout:
            raise NotAnswered(f"{at} did not answer in time") from None
        except (requests.RequestException, OSError, ValueError) as error:
            reason = type(error).__name__
            raise NotAnswered(f"{at} cannot be reached ({reason}): expected the system to run there") from None
        try:
            found = response.json()
        except ValueError:
            found = None
        status, is_ours = response.status_code, isinstance(found, dict)
        if status not in expected or (status >= HTTPStatus.BAD_REQUEST and not is_ours):
            is_refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            verdict = "refused" if is_refused else "could not answer"
            raise NotAnswered(f"{at} {verdict}: {reason_of(response, self._key, self._environ)}", status)
        if not isinstance(found, dict):
            raise NotAnswered(f"{at} answered with something else: expected Bonghwa's backend there")
        return found


def _shown(name: str) -> str:
    return visible(name)[:200]
