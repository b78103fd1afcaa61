"""Limits how often an address may come with a token that nobody has. Constant memory; each process counts for itself.

A ping whose token is known costs nothing, so many jobs behind one address are never turned away.
"""

import math
import time
from array import array
from collections.abc import Callable

# Wrong tokens that are let pass at once, and then one each second: enough for jobs whose monitor is gone, useless for
# guessing.
BURST = 100
SECONDS_EACH = 1.0
_SLOTS = 4096


class Guesses:
    """The wrong tokens of every address. Addresses that share a slot by chance share its limit too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Until when each address has used up its limit, if it may come once in SECONDS_EACH.
        self._used_until = array("d", bytes(8 * _SLOTS))
        # The tokens that were right lately, each hashed with its address.
        self._right = array("q", bytes(8 * _SLOTS))

    def seconds_to_wait(self, address: str, token: str) -> int:
        """For how long the address may not come with this token; 0 if it may now.

        One whose token was right before may always come: others at its address cannot lock it out.
        """
        over = self._used_until[hash(address) % _SLOTS] - self._clock() - BURST * SECONDS_EACH
        known = hash((address, token))
        return 0 if over <= 0 or self._right[known % _SLOTS] == known else math.ceil(over)

    def note(self, address: str, token: str, *, is_right: bool) -> None:
        """Note how a token turned out."""
        if is_right:
            known = hash((address, token))
            self._right[known % _SLOTS] = known
        else:
            slot = hash(address) % _SLOTS
            self._used_until[slot] = max(self._used_until[slot], self._clock()) + SECONDS_EACH
