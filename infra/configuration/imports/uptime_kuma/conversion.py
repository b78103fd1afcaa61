"""From what Uptime Kuma stores to what ``bonghwa.yaml`` says."""

from datetime import datetime

from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptime_kuma import channels, monitors, windows
from infra.configuration.imports.uptime_kuma.groups import Groups
from infra.configuration.imports.uptime_kuma.pages import Pages
from infra.configuration.imports.uptime_kuma.rows import Export


def convert(export: Export, imported: Imported, now: datetime) -> None:
    """Add everything of ``export`` to ``imported``. ``now`` decides which maintenance is over."""
    groups = Groups(export)
    monitors.name_all(export, groups)
    names = channels.add_all(export, imported)
    monitors.add_all(export, groups, names, imported)
    Pages(export, groups, imported).add_all()
    windows.add_all(export, groups, imported, now)
