"""Policies as people send them, from the API and from forms."""

from shared.monitors.reading.policies import Mistake, Path, PolicyInvalid, changed, policy_in

__all__ = ["Mistake", "Path", "PolicyInvalid", "changed", "policy_in"]
