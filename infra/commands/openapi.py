"""``python -m infra openapi``."""

import argparse

HELP = "write the document that GET /openapi.json returns, from the models"
READS_DOTENV = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare none: the command takes no arguments."""


def run(arguments: argparse.Namespace) -> None:  # noqa: ARG001  # it takes none
    """Write the document."""
    from infra.openapi.document import FILE, write

    write()
    print(f"{FILE} is up to date")
