"""One call of gcloud."""

from dataclasses import dataclass

from tests.support.recorded_call import RecordedCall, Refused

__all__ = ["NUMBER", "READS", "Call", "Refused", "dictionary"]
NUMBER = "123456789012"
READS = {"list", "describe", "access", "get-iam-policy"}


@dataclass(frozen=True)
class Call(RecordedCall):
    """One call of ``gcloud``, with its standard input."""

    stdin: str

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return bool(READS & set(self.words[:4]))

    @property
    def account(self) -> str:
        """The name of the account that ``--member`` names; empty for everybody."""
        kind, _, address = self.flags["--member"].rpartition("serviceAccount:")
        return address.partition("@")[0] if kind != "allUsers" and address != "allUsers" else ""


def dictionary(text: str) -> dict[str, str]:
    """A dictionary as gcloud reads it: ``^|^a=1|b=2``, or ``a=1,b=2``."""
    separator, text = text[1:].split("^", 1) if text.startswith("^") else (",", text)
    return dict(pair.split("=", 1) for pair in text.split(separator) if pair)
