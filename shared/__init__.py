"""What the functions have in common; a new module here needs two functions that import it."""

__version__ = "0.1.0"
