"""A channel whose messages can be edited."""

from collections.abc import Callable

from shared.models.message import Message
from shared.notifiers import Accepted
from tests.support.builders import Channel


class EditingChannel(Channel):
    """A channel that can edit what it took: its messages by the ids that it gave them."""

    edits = True

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, str] = {}
        self.edit: Callable[[], object] = lambda: None
        self.tried = 0

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        accepted = super().send(message, timeout_seconds=timeout_seconds)
        message_id = f"m{len(self.texts)}"
        self.shown[message_id] = message.text
        return accepted._replace(message_id=message_id)

    def update(self, message: Message, message_id: str, *, timeout_seconds: float) -> Accepted:
        assert 0 < timeout_seconds <= 10
        assert message.text.endswith(f" · {message.mark}")
        self.tried += 1
        self.edit()
        assert message_id in self.shown
        self.shown[message_id] = message.text
        self.messages.append(message)
        return Accepted("edited")
