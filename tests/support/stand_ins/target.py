"""A web service that fails on demand."""

import threading

from tests.support.stand_ins.server import Exchange, StandIn


class Target(StandIn):
    """A web service: healthy until ``status``, ``is_down`` or ``is_hanging`` says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.body = "hello\n"
        self.hits = 0
        self._is_hanging = False
        self._lock = threading.Lock()

    @property
    def is_hanging(self) -> bool:
        """Whether requests are taken but get no response. Set it to False to release those that wait."""
        return self._is_hanging

    @is_hanging.setter
    def is_hanging(self, is_hanging: bool) -> None:
        self._is_hanging = is_hanging
        if not is_hanging:
            self.release()

    def answer(self, exchange: Exchange) -> None:
        with self._lock:
            self.hits += 1
        if self._is_hanging:
            exchange.hang()
        else:
            exchange.answer(self.status, self.body)
