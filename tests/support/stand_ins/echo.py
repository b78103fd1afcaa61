"""A server that responds with whatever it was sent, as some error pages do."""

from tests.support.stand_ins.server import Exchange, StandIn


class Echo(StandIn):
    """Responds with ``status``, and with the request's own headers and body, which ``echoed`` keeps."""

    def __init__(self, status: int = 500) -> None:
        super().__init__()
        self.status = status
        self.echoed: list[str] = []

    def answer(self, exchange: Exchange) -> None:
        text = f"{exchange.headers}{exchange.body.decode()}"
        self.echoed.append(text)
        exchange.answer(self.status, text, headers={"X-Echo": exchange.headers.get("X-API-Key", "")})
