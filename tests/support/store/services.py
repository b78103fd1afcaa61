"""Checks of a service, with response times as they are in the wild."""

import random
from typing import NamedTuple

from shared.history.rollup import Rollup


class Service(NamedTuple):
    """Milliseconds that each phase takes by itself, how much they vary, and the share of checks that are slow.

    ``spreads``: of the name's lookup, the connection, TLS and the answer, as the sigma of a lognormal distribution.
    ``body``: how much longer than the first byte the whole takes, as a share of it.
    """

    milliseconds: tuple[float, float, float, float]
    spreads: tuple[float, float, float, float]
    slow: float
    body: float

    def rollup(self, checks: int, dice: random.Random) -> Rollup:
        """``count`` checks, mostly alike; a few are slow."""
        found = Rollup()
        for _ in range(checks):
            dns, connect, tls, answer = (
                milliseconds * dice.lognormvariate(0, spread)
                for milliseconds, spread in zip(self.milliseconds, self.spreads, strict=True)
            )
            first_byte = dns + connect + tls + answer * (dice.uniform(2, 10) if dice.random() < self.slow else 1)
            found.add(
                {
                    "is_success": 1,
                    "is_inconclusive": 0,
                    "dns_ms": dns,
                    "connect_ms": dns + connect,
                    "tls_ms": dns + connect + tls,
                    "first_byte_ms": first_byte,
                    "response_time_ms": round(first_byte * (1 + self.body), 3),
                }
            )
        return found


# The name is asked for each time and the network is far: every phase varies by a tenth and more.
VARYING = Service((2.7, 9.0, 20.0, 120.0), (0.3, 0.1, 0.1, 0.2), slow=0.01, body=0.1)
# A resolver and a network that are near.
STEADY = Service((0.8, 20.0, 22.0, 60.0), (0.2, 0.02, 0.02, 0.15), slow=0.005, body=0.005)
