"""Every address of the help desk, from the resolver itself, and a world in which each of them has something to show."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    name: str
    pattern: str


def routes() -> list[Route]:
    """Return all routes that the resolver knows. Those without a name are called by their pattern."""
    return list(_below(get_resolver()))


def _below(resolver: URLResolver, path: str = "", namespace: str = "") -> Iterator[Route]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield Route(":".join(filter(None, [namespace, entry.name or here])), here)
        else:
            yield from _below(entry, here, ":".join(filter(None, [namespace, entry.namespace])))
