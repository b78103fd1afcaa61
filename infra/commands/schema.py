"""``python -m infra schema``."""

import argparse
import json

HELP = "print the JSON Schema of the configuration's file, for editors"
READS_DOTENV = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare none: the command takes no arguments."""


def run(arguments: argparse.Namespace) -> None:  # noqa: ARG001  # it takes none
    """Print the schema."""
    from infra.configuration.schema import schema

    print(json.dumps(schema(), indent=2, ensure_ascii=False))
