"""Our own drawings: what the icon package has no sign for. Shape first, colour second (WCAG 1.4.1).

`cut` and `cutf` (static/css/components/button.css) let what lies behind a filled shape show through.
"""

from typing import NamedTuple


class Glyph(NamedTuple):
    drawing: str
    view_box: str = "0 0 16 16"


_RING = '<circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.7"/>'


def _bars(filled: int) -> str:
    """Return three rising bars, of which the first `filled` are solid."""
    shapes = ((2, 9, 5), (6.5, 5.5, 8.5), (11, 2, 12))
    faint = ' opacity=".28"'
    bars = (
        f'<rect x="{x}" y="{y}" width="3" height="{height}" rx="1"{"" if i < filled else faint}/>'
        for i, (x, y, height) in enumerate(shapes)
    )
    return f'<g fill="currentColor" stroke="none">{"".join(bars)}</g>'


GLYPHS = {
    "st-open": Glyph(
        '<circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.7"'
        ' stroke-dasharray="2.2 2.2"/>'
    ),
    "st-assigned": Glyph(_RING + '<path d="M8 4.8a3.2 3.2 0 0 1 0 6.4z" fill="currentColor" stroke="none"/>'),
    "st-reopened": Glyph(
        '<path d="M2.9 5.6A5.6 5.6 0 1 1 2.6 9.6M2.5 2.4v3.3h3.3" fill="none" stroke="currentColor" stroke-width="1.7"'
        ' stroke-linecap="round" stroke-linejoin="round"/>'
        '<circle cx="8" cy="8" r="1.8" fill="currentColor" stroke="none"/>'
    ),
    "st-awaiting": Glyph(
        _RING + '<path d="M6.6 6v4M9.4 6v4" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>'
    ),
    "st-resolved": Glyph(
        '<circle cx="8" cy="8" r="6.4" fill="currentColor" stroke="none"/><path d="m5.4 8.2 1.8 1.8 3.4-3.7"'
        ' class="cut" fill="none" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>'
    ),
    "st-closed": Glyph(
        _RING + '<path d="m5.8 8.1 1.6 1.6 2.9-3.2" fill="none" stroke="currentColor" stroke-width="1.6"'
        ' stroke-linecap="round" stroke-linejoin="round"/>'
    ),
    "pr-emergency": Glyph(
        '<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="3.2" fill="currentColor" stroke="none"/>'
        '<path d="M8 4.8v3.6" class="cut" stroke-width="1.9" stroke-linecap="round"/>'
        '<circle cx="8" cy="11.1" r="1.1" class="cutf" stroke="none"/>'
    ),
    "pr-high": Glyph(_bars(3)),
    "pr-normal": Glyph(_bars(2)),
    "pr-low": Glyph(_bars(1)),
    "logo": Glyph(
        '<path d="M12 2.2 21 7v10l-9 4.8L3 17V7z" fill="currentColor" stroke="none"/><path d="M7.4 15.6V9.2l4.6 3.9'
        ' 4.6-3.9v6.4" class="cut" fill="none" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>',
        "0 0 24 24",
    ),
}
