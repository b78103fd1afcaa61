"""The OpenAPI 3.1 document: its structure from the models and the table, its words from this folder."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from infra.openapi import examples, responses
from infra.openapi.fields import FIELDS
from infra.openapi.operation import Operation, Response
from infra.openapi.operations import OPERATIONS
from infra.openapi.policies import components, linked
from infra.openapi.window_operations import window_components
from infra.table import Route, rows
from shared import ROOT, __version__
from shared.settings import Access
from shared.web import MAX_BODY_BYTES, RETRY_AFTER_SECONDS

FILE = ROOT / "functions" / "describe_api" / "openapi.json"

_KEY = "ApiKey"
# An empty requirement means that API_AUTH decides, and an empty list that no key is needed.
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    "ingest": [{_KEY: []}],
    "manage": [{_KEY: []}],
    "write": [{_KEY: []}, {}],
    "read": [{_KEY: []}, {}],
    "open": [],
}
# The problems that every function can respond with.
_ALWAYS = (401, 405, 413, 421, 500, 503)
_INTRODUCTION = f"""\
Bonghwa (봉화) watches web services and notifies people when they fail and when they recover.

JSON in, JSON out; times are ISO 8601 in UTC, with milliseconds. Errors are problem details (RFC 9457), and bad input
names the field and the value. A body may have {MAX_BODY_BYTES // 1024**2} MiB. `GET` operations accept `HEAD` too.

`API_AUTH` says what needs the `X-API-Key` header: `ingest` (reporting events, and the scheduled functions),
`writes` (changing alerts too) or `all`. Where it is optional here, that setting decides. Whatever changes what is
watched ("manage": monitors, windows, incidents and the configuration) needs it in every mode.
"""
_TAGS = {
    "events": "The reports of checks.",
    "alerts": "Outages and the like, and who was notified.",
    "monitors": "What is watched, and how it is.",
    "windows": "When monitors are under maintenance or silenced.",
    "history": "How available monitors were, and what happened.",
    "heartbeats": "The pings of jobs that say by themselves that they run. The token is all that they need.",
    "acting": "What one does about an alert from a message, without a key.",
    "pages": "What visitors see without a key, and the dashboard of those on duty.",
    "incidents": "What people say to visitors.",
    "system": "How the system is, and what it can do.",
    "schedules": "What a schedule calls. An extra call does no harm.",
}
# The name of the component, and its description.
_PROBLEMS = {
    400: ("BadRequest", "The input is wrong. `field` and `value` name the first mistake, `errors` lists them."),
    401: ("Unauthorized", "The `X-API-Key` header is missing or wrong."),
    404: ("NotFound", "There is nothing at this path, or no alert, monitor, window or incident with this id."),
    405: ("MethodNotAllowed", "The method is not allowed. `Allow` names those that are."),
    409: (
        "Conflict",
        "The alert cannot make this move, or the monitor has another owner, or its name is taken. `detail` says which.",
    ),
    413: ("ContentTooLarge", f"The body is longer than {MAX_BODY_BYTES} bytes."),
    414: ("UriTooLong", "The address is too long for the server, which responds itself."),
    415: ("UnsupportedMediaType", "The headers say that the body is not JSON, or is compressed."),
    429: (
        "TooManyRequests",
        "The alert was moved too often, or the address came with too many unknown tokens. `Retry-After` says when to "
        "try again.",
    ),
    421: ("MisdirectedRequest", "The `Host` header is none of the system's names. `PUBLIC_URL` adds one."),
    500: ("InternalServerError", "A setting is malformed, or the program has a defect. The log says which."),
    503: ("ServiceUnavailable", "The database is busy or cannot be reached. `Retry-After` says when to try again."),
}
_PROBLEM_MODELS: dict[int, Any] = {
    400: responses.InputProblem,
    409: responses.Conflict,
    415: responses.InputProblem,
    421: responses.InputProblem,
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds.",
        "schema": {"type": "integer", "minimum": 1, "examples": [RETRY_AFTER_SECONDS]},
    }
}
_PROBLEM_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to send the key.", "schema": {"type": "string"}}},
    405: {"Allow": {"description": "The allowed methods.", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}

Mode = Literal["validation", "serialization"]


class _Schema(GenerateJsonSchema):
    """Pydantic's own, but every field of a response is required, since it is always there."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # a field's name is its title
        return False


class _Schemas:
    """The schemas of all bodies, and the components that they refer to."""

    def __init__(self) -> None:
        inputs = [(model, "validation") for model in _inputs()]
        outputs = [(response.model, "serialization") for response in _outputs()]
        # A problem leaves a member out if it has nothing to say, so only what the model requires is required.
        problems = [(model, "validation") for model in (responses.Problem, *_PROBLEM_MODELS.values())]
        keys: list[tuple[Any, Mode, TypeAdapter[Any]]] = [
            (str(model), mode, TypeAdapter(model))  # type: ignore[misc]
            for model, mode in inputs + outputs + problems
        ]
        self._schemas, found = TypeAdapter.json_schemas(
            keys, ref_template="#/components/schemas/{model}", schema_generator=_Schema
        )
        said = {name: _component(name, schema) for name, schema in sorted(found["$defs"].items())}
        queries = {operation.query.__name__ for operation in OPERATIONS.values() if operation.query}
        self.queries = {name: said[name] for name in queries}
        models = {name: schema for name, schema in said.items() if name not in queries}
        self.components = dict(sorted({**linked(models), **components(), **window_components()}.items()))

    def of(self, model: Any, mode: Mode) -> JsonSchemaValue:
        """The schema of a model, which may be a reference to a component."""
        found: JsonSchemaValue = linked(self._schemas[(str(model), mode)])
        return found


def document() -> dict[str, Any]:
    """The whole document."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in (route for row in rows() for route in row.routes):
        operation = _operation(route, OPERATIONS[route.name], schemas)
        paths.setdefault(route.braced, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bonghwa",
            "summary": "Watches web services and notifies people of outages and recoveries",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
            "version": __version__,
        },
        "servers": [{"url": "/", "description": "Where this document is served"}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The setting `API_KEY`."}
            },
            "responses": {name: _problem(status, schemas) for status, (name, _) in _PROBLEMS.items()},
            "schemas": schemas.components,
        },
    }


def write(file: Path = FILE) -> None:
    """Write the document to where ``describe_api`` serves it from."""
    file.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _inputs() -> Iterator[Any]:
    for operation in OPERATIONS.values():
        yield from (model for model in (operation.body, operation.query) if model is not None)


def _outputs() -> Iterator[Response]:
    for operation in OPERATIONS.values():
        yield from (response for response in operation.responses.values() if response.model is not None)


def _component(name: str, schema: JsonSchemaValue) -> JsonSchemaValue:
    """A component with the meanings of its fields, and without redundant keywords."""
    if "description" in schema:
        schema["description"] = schema["description"].replace("``", "`")
    for field, of_field in schema.get("properties", {}).items():
        # The list of required fields already says that this one may be left out.
        if of_field.get("default", ...) is None:
            del of_field["default"]
        if "anyOf" in of_field:
            of_field.pop("pattern", None)  # the alternative that is text has it too
        if words := FIELDS.get(name, {}).get(field):
            of_field["description"] = words
    return schema


def _operation(route: Route, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _SECURITY[route.access],
    }
    parameters = [*_path_parameters(route, operation), *_query_parameters(operation, schemas)]
    if parameters:
        said["parameters"] = parameters
    if operation.body is not None:
        content = _content(schemas.of(operation.body, "validation"), operation.body_examples)
        said["requestBody"] = {"required": operation.is_body_required, "content": {operation.body_kind: content}}
    said["responses"] = _responses(route, operation, schemas)
    return said


def _path_parameters(route: Route, operation: Operation) -> Iterator[dict[str, Any]]:
    for name in route.parameters:
        words, schema = operation.path[name]
        yield {"name": name, "in": "path", "required": True, "description": words, "schema": dict(schema)}


def _query_parameters(operation: Operation, schemas: _Schemas) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    # Several operations may have the same query.
    whole = deepcopy(schemas.queries[operation.query.__name__])
    for name, schema in whole["properties"].items():
        description = schema.pop("description")
        # None means that the parameter is absent; a query cannot hold it.
        kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
        schema.update(*kinds)
        presence = {"required": True} if name in whole.get("required", []) else {"allowEmptyValue": True}
        yield {"name": name, "in": "query", "description": description, **presence, "schema": schema}


def _responses(route: Route, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for status, response in operation.responses.items():
        said[str(status)] = {"description": response.words}
        if response.model is not None:
            content = _content(schemas.of(response.model, "serialization"), response.examples)
            texts = {kind: {"schema": {"type": "string"}} for kind in response.also}
            said[str(status)]["content"] = {response.kind: content, **texts}
        # The first response is the one for a change.
        if operation.links and status == next(iter(operation.responses)):
            said[str(status)]["links"] = operation.links
    too_long = (414,) if operation.query else ()
    without_key = {401} if route.access == "open" else set()
    for status in sorted({*operation.problems, *too_long, *_ALWAYS} - without_key):
        if str(status) in said:
            # The same status also comes, as a problem, if the function's process does not respond.
            common = _problem(status, schemas)
            said[str(status)]["content"] = said[str(status)].get("content", {}) | common["content"]
            said[str(status)] |= {"headers": common["headers"]} if "headers" in common else {}
        else:
            said[str(status)] = {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"}
    return said


def _content(schema: JsonSchemaValue, by_name: Any) -> dict[str, Any]:
    return {"schema": schema} | ({"examples": dict(by_name)} if by_name else {})


def _problem(status: int, schemas: _Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _PROBLEMS[status][1]}
    if status in _PROBLEM_HEADERS:
        said["headers"] = _PROBLEM_HEADERS[status]
    if status in examples.PROBLEMS:
        schema = schemas.of(_PROBLEM_MODELS.get(status, responses.Problem), "validation")
        said["content"] = {"application/problem+json": {"schema": schema, "example": examples.PROBLEMS[status]}}
    return said
