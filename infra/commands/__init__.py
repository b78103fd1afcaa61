"""The commands of ``python -m infra``: a file each, found by scan (``init_db.py`` is ``init-db``).

A command's file has ``HELP``, one line; ``READS_DOTENV``, whether ``.env`` is read, and made if there is none, before
it runs; ``add_arguments(parser)``; and ``run(arguments)``, which imports what is heavy, so that no other command pays
for it.
"""


def confirm(question: str) -> bool:
    """Ask on standard input. If nobody is there to respond, that is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
