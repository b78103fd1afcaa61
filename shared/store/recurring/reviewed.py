"""The results of reviews of drills and summaries."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shared.models import Alert, Change


class Reviewed(NamedTuple):
    """The result of a review: the drill that began, how the one went that ended, and the alerts that this changed."""

    begun: "Alert | None" = None
    ended: Mapping[str, Any] | None = None
    changes: "Sequence[Change]" = ()


class Begun(NamedTuple):
    """A summary that begins, and the channels that get it, or hold it back."""

    alert: "Alert"
    channels: tuple[str, ...]
