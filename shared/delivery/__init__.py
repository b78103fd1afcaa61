"""Deliver what is owed."""

from shared.delivery.occasions import deliver_at_once, deliver_owed, notify_of

__all__ = ["deliver_at_once", "deliver_owed", "notify_of"]
