"""From what Gatus's file says to what ``bonghwa.yaml`` says."""

from typing import Any

from infra.configuration.imports.gatus import page, windows
from infra.configuration.imports.gatus.alerting import Alerting
from infra.configuration.imports.gatus.endpoints import Endpoints
from infra.configuration.imports.gatus.variables import Variables
from infra.configuration.imports.nodes import Node
from infra.configuration.imports.result import Imported


def convert(configuration: dict[str, Any], imported: Imported, *, is_from_cluster: bool) -> None:
    """Add everything of a configuration to ``imported``."""
    variables = Variables(imported, is_from_cluster=is_from_cluster)
    document = Node(variables.unescaped(configuration), "the file", imported.notes)
    if document.has("services") and not document.has("endpoints"):
        document.note("services", "Gatus calls them endpoints since version 4, and ignores this key")
        document.data["endpoints"] = document.data["services"]
    alerting = Alerting(document.data.get("alerting"), imported, variables)
    endpoints = Endpoints(document, alerting, variables, imported)
    endpoints.add_all()
    alerting.finish()
    windows.add_all(document, endpoints.windows, imported)
    page.add(document, imported)
    imported.note_missing("the value of Gatus's ${source} is not in the source")
