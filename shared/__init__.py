"""Code that the functions share; a new module here needs two functions that import it."""

from pathlib import Path

__version__ = "0.1.0"

# The repository's root. Relative paths in settings are meant from here.
ROOT = Path(__file__).resolve().parent.parent
