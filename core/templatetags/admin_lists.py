"""What the administration's lists are drawn with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[Mapping[str, Any]]) -> Iterator[SafeString]:
    """Return the cells of a row, each naming its column: on a phone a row is a card, without a head above it.

    The box that selects a row stands in a column without a name.
    """
    for cell, header in zip(cells, headers, strict=False):
        name = str(header["text"])
        if "<" in name or not cell.startswith(("<td", "<th")):
            yield cell
        else:
            tag, inside = str(cell)[:3], str(cell)[3:]
            yield mark_safe(f'{tag} data-label="{escape(capfirst(name))}"{inside}')  # noqa: S308 - Django's own cell
