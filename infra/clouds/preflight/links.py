"""PUBLIC_URL: whether the links in messages lead to the deployment."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from infra.doctor.findings import Finding, warning
from shared.settings import Settings, is_loopback


def examine_links(platform: str, given: Mapping[str, str]) -> Iterator[Finding]:
    """A finding if PUBLIC_URL is that of a system on this machine, as ``.env`` may have it."""
    url = Settings.from_env({"PUBLIC_URL": given.get("PUBLIC_URL", "")}).public_url
    if url and is_loopback(urlsplit(url).hostname or ""):
        found = f"with PUBLIC_URL={url} the links in messages lead whoever reads one to their own machine"
        fix = f"PUBLIC_URL=https://… in .env.{platform}, or an empty one there for messages without links"
        yield warning("links", found, expected="the deployment's own URL", fix=fix)
