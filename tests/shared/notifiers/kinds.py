"""One channel of each kind, and what its service says: a new kind adds its row here and nowhere else in the tests."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.stand_ins.service import Doing, says


class Http(NamedTuple):
    """A kind that speaks HTTP to its service.

    ``accepts``: a response that means success. ``also_accepts``: statuses that mean it whatever the words. ``retried``
    and ``permanent``: statuses that the kind judges otherwise than the common rules do. ``secret``: a part of the
    settings that nobody may read anywhere.
    """

    settings: Mapping[str, Any]
    accepts: Doing
    secret: str
    also_accepts: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    permanent: frozenset[int] = frozenset()
    believes_any_words: bool = False

    def at(self, url: str) -> dict[str, Any]:
        """The settings, with the service at ``url``."""
        return {
            name: value.replace("URL", url) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }


# The service's address stands where URL does.
HTTP: Mapping[str, Http] = {
    "slack": Http(
        {"webhook_url": "URL/services/T000/B000/s3cr3t-of-slack"}, accepts=says(200, "ok"), secret="s3cr3t-of-slack"
    ),
}
# Kinds that speak HTTP through a library, or none; their own tests have their stand-ins.
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "apprise": {"url": "signals://signal.example/+15551234567/+15557654321"},
    "console": {},
    "email": {"url": "smtp://ops:hunter2-mail@127.0.0.1:9", "from": "Ops <ops@example.com>", "to": "kim@example.com"},
    "sns": {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts"},
    "telegram": {"bot_token": "123456:ABC-DEF_ghi", "chat_id": -100123},
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    **OTHERS,
    **{kind: row.at("http://127.0.0.1:9") for kind, row in HTTP.items()},
}
