"""Deliver what is owed."""

from shared.delivery.retry import retry_seconds
from shared.delivery.run import deliver_at_once, deliver_owed

__all__ = ["deliver_at_once", "deliver_owed", "retry_seconds"]
