"""The key under which Gatus knows an endpoint. Pure."""

_REPLACED = str.maketrans(dict.fromkeys(" /_,.#+&", "-"))


def key_of(group: str | None, name: str) -> str:
    """``<group>_<name>`` as Gatus writes it in URLs: ``core_nightly-backup``. Without a group it begins with ``_``."""
    return "_".join(part.strip().lower().translate(_REPLACED) for part in (group or "", name))
