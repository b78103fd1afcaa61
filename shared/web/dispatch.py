"""The decorators of a function with several routes: each use case has its own, and the function finds the right one."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar, cast

from flask import Request, Response

from shared.settings import Access, Settings
from shared.web.function import UseCase, is_answered, not_allowed, responding
from shared.web.problems import Problem

# Called with the request, the settings that it was let in with, and the path's parameters as text, in their order.
RoutedUseCase = TypeVar("RoutedUseCase", bound=Callable[..., Response])


class Route:
    """A method and a path that lead to a use case; ``infra/functions.toml`` says the same."""

    def __init__(self, method: str, path: str, access: Access, use_case: Callable[..., Response]) -> None:
        self.method, self.path, self.access, self.use_case = method, path, access, use_case
        self.segments = _segments(path)

    @property
    def vagueness(self) -> list[bool]:
        """Sorts routes that match the same path: ``/things/new`` comes before ``/things/<id>``."""
        return [_is_parameter(segment) for segment in self.segments]

    def match(self, segments: Sequence[str]) -> list[str] | None:
        """The path's parameters if the route has this path, otherwise None."""
        if len(segments) != len(self.segments):
            return None
        pairs = list(zip(self.segments, segments, strict=True))
        if all(given if _is_parameter(own) else own == given for own, given in pairs):
            return [given for own, given in pairs if _is_parameter(own)]
        return None


class RoutedFunction(Protocol):
    """The use cases behind their routes and HTTP checks, as functions-framework calls them. ``routes``: all of them."""

    routes: Callable[[], list[Route]]

    def __call__(self, request: Request) -> Response:
        """Respond to the request."""


def route(method: str, path: str, access: Access) -> Callable[[RoutedUseCase], RoutedUseCase]:
    """Say where ``routes`` finds a use case, which stays as it is. It may have several routes.

    ``path`` may have parameters, each a whole segment: ``/monitors/<id>``. The use case gets them as arguments.
    """

    def decorate(use_case: RoutedUseCase) -> RoutedUseCase:
        vars(use_case).setdefault("routes", []).insert(0, Route(method, path, access, use_case))
        return use_case

    return decorate


def routes(
    *use_cases: Callable[..., Response],
    later: Mapping[str, Callable[[], Iterable[Callable[..., Response]]]] = MappingProxyType({}),
) -> Callable[[Callable[..., object]], RoutedFunction]:
    """Respond with the use case whose route has the request's method and path, behind the checks of ``function``.

    The decorated function gives its name and its docstring, and is never called. ``later``: use cases by a segment that
    all their paths have. They are imported by the first request with it, since a cold start waits for every import.
    """

    @functools.cache
    def known(words: frozenset[str]) -> list[Route]:
        asked = (use_case for word in words for use_case in later[word]())
        return sorted(_routes_of([*use_cases, *asked]), key=lambda route: route.vagueness)

    known(frozenset())  # so that a use case without a route is said at the start

    def find(request: Request) -> tuple[UseCase, Access]:
        found = _at(known(frozenset(later.keys() & _segments(request.path))), request.path)
        if not found:
            raise Problem(404, "there is nothing at this path")
        for route, parameters in found:
            if is_answered(request.method, route.method):
                return _bound(route, parameters), route.access
        raise not_allowed(request, [route.method for route, _ in found])

    def decorate(named: Callable[..., object]) -> RoutedFunction:
        function = cast(RoutedFunction, responding(named, find))
        function.routes = lambda: known(frozenset(later))
        return function

    return decorate


def _routes_of(use_cases: Iterable[Callable[..., Response]]) -> Iterator[Route]:
    for use_case in use_cases:
        if "routes" not in vars(use_case):
            raise TypeError(f"{use_case.__name__} has no route: give it one with @web.route")
        yield from vars(use_case)["routes"]


def _at(known: Sequence[Route], path: str) -> list[tuple[Route, list[str]]]:
    """The routes at a path, with its parameters.

    A platform may have put a stage or the function's name before the path (``/prod/monitors/7``).
    """
    segments = _segments(path)
    is_prefixed = segments[0] not in {route.segments[0] for route in known}
    return _matching(known, segments) or (_matching(known, segments[1:]) if is_prefixed else [])


def _matching(known: Sequence[Route], segments: Sequence[str]) -> list[tuple[Route, list[str]]]:
    found = [(route, names) for route in known if (names := route.match(segments)) is not None]
    # A route with exactly this path goes before those that have a parameter there, whatever the method is.
    return [(route, names) for route, names in found if route.vagueness == found[0][0].vagueness]


def _bound(route: Route, parameters: Sequence[str]) -> UseCase:
    def use_case(request: Request, settings: Settings) -> Response:
        return route.use_case(request, settings, *parameters)

    return use_case


def _segments(path: str) -> list[str]:
    # A slash at the end does no harm, as in the gateway.
    return path.removeprefix("/").removesuffix("/").split("/")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("<")
