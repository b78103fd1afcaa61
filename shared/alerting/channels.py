"""Judge a channel by an attempt to send. Pure."""

from shared.models import Alert, AttemptStatus, ChangeKind


def judge_channel(status: AttemptStatus, refused: Alert | None) -> ChangeKind | None:
    """How an attempt changes the channel's CHANNEL_REFUSED alert; ``refused`` is the one that is OPEN or ACK."""
    if status is AttemptStatus.FAILED and refused is None:
        return ChangeKind.OPENED
    if status is AttemptStatus.SENT and refused is not None:
        return ChangeKind.RESOLVED
    return None
