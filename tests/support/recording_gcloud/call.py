"""One call of gcloud."""

from dataclasses import dataclass

from tests.support.recorded_call import RecordedCall, Refused

__all__ = ["NUMBER", "READS", "REGIONAL", "Call", "Refused", "dictionary"]
NUMBER = "123456789012"
# Things of one region; all others are the whole project's.
REGIONAL = {
    *("services", "jobs", "queues", "repositories", "tags", "functions", "workflows"),
    *("callers", "unchecked", "queues members"),
}
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
    def region(self) -> str:
        """The region of what the call is about; empty if it is about all."""
        images = [*self.files.get("--config", {}).get("images", ()), *self.words]
        of_image = next((each.partition("-docker.pkg.dev/")[0] for each in images if "-docker.pkg.dev/" in each), "")
        flags = (self.flags.get(name) for name in ("--region", "--location", "--regions"))
        named = of_image or next(filter(None, flags), "")
        return "" if named == "all" else named

    @property
    def account(self) -> str:
        """The name of the account that ``--member`` names; empty for everybody."""
        kind, _, address = self.flags["--member"].rpartition("serviceAccount:")
        return address.partition("@")[0] if kind != "allUsers" and address != "allUsers" else ""


def dictionary(text: str) -> dict[str, str]:
    """A dictionary as gcloud reads it: ``^|^a=1|b=2``, or ``a=1,b=2``."""
    separator, text = text[1:].split("^", 1) if text.startswith("^") else (",", text)
    return dict(pair.split("=", 1) for pair in text.split(separator) if pair)
