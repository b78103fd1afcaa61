"""Troubles that would stop a deployment, or surprise after it, found out before the question whether to go on.

Every question only reads. All are asked at once and get a few seconds together: what is not known by then is said to be
unknown, and stops nothing.
"""

from infra.clouds.preflight.examination import Preflight, PreflightFailed, examined

__all__ = ["Preflight", "PreflightFailed", "examined"]
