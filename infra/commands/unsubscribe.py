"""``python -m infra unsubscribe``."""

import argparse
import sys

from shared.settings import Settings

HELP = "delete somebody's address from the subscribers of the status pages, with all mails"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("address", help="whose subscriptions end, in any spelling of it")
    parser.add_argument("--page", metavar="SLUG", help="only on this page; '' is the page at /status")


def run(arguments: argparse.Namespace) -> None:
    """Delete the subscriptions of an address. Exit with 1 if there is none.

    Raises:
        SettingError: a setting is malformed.
        StoreUnavailable: the store cannot be used.
    """
    from shared.store import open_store

    settings = Settings.from_env()
    address = _on_envelope(arguments.address)
    removed = open_store(settings).subscriptions.subscribers.remove_address(address, slug=arguments.page)
    if not removed:
        sys.exit(f"bonghwa: nobody subscribes as {arguments.address} in {settings.database}")
    print(f"{arguments.address} is deleted, with {removed} subscription{'s' if removed > 1 else ''}")


def _on_envelope(text: str) -> str:
    """The address as the pages store one; what is no address now may have been taken once."""
    from shared.notifiers.services.email.addresses import address_of

    try:
        return address_of(text).text
    except ValueError:
        return text.strip()
