"""Tags that draw: icons, people, status, properties, files, toasts. Loaded in every template.

They take objects by their attributes and know no model, so that every floor above may use them.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from lucide.templatetags.lucide import lucide

from core.glyphs import GLYPHS
from core.moments import told

register = template.Library()

TONES = 6


# --- Icons ---------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Return an inline SVG: one of our own glyphs (core/glyphs.py), else the Lucide icon of that name."""
    return _icon(str(name), str(css))


@cache
def _icon(name: str, css: str) -> SafeString:
    classes = f"icon {css}".strip()
    if glyph := GLYPHS.get(name):
        return format_html(
            '<svg class="{}" viewBox="{}" aria-hidden="true" focusable="false">{}</svg>',
            classes,
            glyph.view_box,
            mark_safe(glyph.drawing),  # noqa: S308 - drawn in core/glyphs.py
        )
    svg = lucide(name, size=16, aria_hidden="true", focusable="false", **{"class": classes})
    return mark_safe(" ".join(svg.split()).replace("> <", "><"))  # noqa: S308 - from the installed package


# --- People --------------------------------------------------------------------------------------


@register.simple_tag
def avatar(person: Any, size: str = "", named: bool = False) -> SafeString:
    """Return a circle with the initials of a person or team, or a dashed one for nobody.

    `size` is "", "sm" or "xs". With `named` the name is there for screen readers and as a tooltip;
    without, it must stand beside the avatar.
    """
    sized = f" avatar-{size}" if size else ""
    if not person:
        return format_html(
            '<span class="avatar{} avatar-none" title="{}"><span class="vh">{}</span></span>',
            sized,
            gettext("Unassigned"),
            gettext("Unassigned"),
        )
    name = name_of(person)
    # From the key, so that a person keeps the colour when the name changes.
    tone = zlib.crc32(str(person.pk).encode()) % TONES + 1
    circle = format_html('<span class="avatar av-{}{}" aria-hidden="true">{}</span>', tone, sized, initials(name))
    if not named:
        return circle
    return format_html('<span title="{}">{}<span class="vh">{}</span></span>', name, circle, name)


def name_of(person: Any) -> str:
    return str(getattr(person, "display_name", "") or person.name)


def initials(name: str) -> str:
    """Return the first letters of the first and the last word, or "?" where there is none."""
    words = [word for word in ("".join(c for c in part if c.isalnum()) for part in name.split()) if word]
    return "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper() if words else "?"


# --- Status and priority -------------------------------------------------------------------------


@register.simple_tag
def status_badge(ticket: Any, chip: bool = False) -> SafeString:
    """Return the ticket's status with its glyph; beside it, for an agent, what the ticket waits for.

    Plain in tables, where that is a glyph with its text for screen readers; with `chip` as in
    headers, where it is written out. Overdue is told by the clocks.
    """
    css = " status-chip" if chip else ""
    badge = format_html(
        '<span class="status status-{}{}">{}<span>{}</span></span>',
        ticket.status,
        css,
        icon(f"st-{ticket.status}"),
        ticket.get_status_display(),
    )
    if ticket.status not in {"open", "assigned", "reopened"}:
        return badge
    waits = []
    if words := {"requester": gettext("Awaiting requester"), "third": gettext("Awaiting a third party")}.get(
        ticket.awaiting
    ):
        waits.append(("st-awaiting" if ticket.awaiting == "requester" else "hourglass", words))
    if ticket.snoozed_until:
        until = date_format(timezone.localtime(ticket.snoozed_until), "D j M, H:i")
        waits.append(("alarm-clock", gettext("Snoozed until %(moment)s") % {"moment": until}))
    return format_html("{}{}", badge, format_html_join("", "{}", ((_wait(*wait, chip),) for wait in waits)))


def _wait(glyph: str, words: str, chip: bool) -> SafeString:
    if chip:
        return format_html(' <span class="status status-awaiting">{}<span>{}</span></span>', icon(glyph), words)
    return format_html(
        '<span class="status status-awaiting" title="{}">{}<span class="vh">, {}</span></span>',
        words,
        icon(glyph),
        words,
    )


@register.simple_tag
def status_chip(ticket: Any) -> SafeString:
    """Return the status alone, as a chip: what a requester needs to know."""
    return format_html(
        '<span class="status status-{} status-chip">{}<span>{}</span></span>',
        ticket.status,
        icon(f"st-{ticket.status}"),
        ticket.get_status_display(),
    )


@register.simple_tag
def priority_badge(priority: Any) -> SafeString:
    return format_html(
        '<span class="priority priority-{}">{}<span>{}</span></span>',
        priority.glyph,
        icon(f"pr-{priority.glyph}"),
        priority.name,
    )


# --- Properties ----------------------------------------------------------------------------------


@register.simple_block_tag
def prop(content: SafeString, label: str, deed: Any = None) -> SafeString:
    """Return a property as dt and dd; with `deed` ({url, name}) its value opens the dialog that changes it."""
    if not deed:
        return format_html(
            '<div class="prop"><dt>{}</dt><dd><span class="prop-value">{}</span></dd></div>', label, content
        )
    return format_html(
        '<div class="prop"><dt>{}</dt><dd><a class="prop-value" href="{}" data-dialog="{}">{}</a></dd></div>',
        label,
        deed["url"] if isinstance(deed, Mapping) else deed.url,
        deed["name"] if isinstance(deed, Mapping) else deed.name,
        content,
    )


# --- Files ---------------------------------------------------------------------------------------


@register.filter
def moment(at: datetime, style: str) -> str:
    """Return a time in the reader's language and zone (core.moments)."""
    return told(at, style)


@register.filter
def filesize_short(size: int | None) -> str:
    """Return a size in bytes as people say it: 184 KB, 1.4 MB."""
    if size is None:
        return ""
    if size < 1024:
        return ngettext("%(n)s byte", "%(n)s bytes", size) % {"n": size}
    if round(size / 1024) < 1024:
        return gettext("%(n)s KB") % {"n": round(size / 1024)}
    megabytes = size / 1024 / 1024
    return gettext("%(n)s MB") % {"n": f"{megabytes:.1f}".removesuffix(".0")}


# --- Toasts --------------------------------------------------------------------------------------


@register.inclusion_tag("components/toast.html", takes_context=True)
def toast(context: template.Context, message: Message) -> dict[str, Any]:
    """Draw a message of django.contrib.messages.

    Its extra_tags may hold `undo:/path`, which adds a button that posts there, and `sent:<draft>`,
    which tells composer.js that the text kept under that name arrived, and `count:8`, after so many seconds it goes.
    """
    told = dict(part.partition(":")[::2] for part in (message.extra_tags or "").split())
    level = message.level_tag if message.level_tag in TOAST_ICONS else "info"
    undo = told.get("undo", "")
    return {
        "message": message,
        "level": level,
        "icon_name": TOAST_ICONS[level],
        # A path of ours: "//host" and "/\host" would leave it.
        "undo": undo if undo.startswith("/") and undo[1:2] not in {"/", "\\"} else "",
        "sent": told.get("sent", ""),
        "count": int(told["count"]) if told.get("count", "").isdigit() else 0,
        "csrf_token": context.get("csrf_token"),
    }


TOAST_ICONS = {"success": "st-resolved", "info": "info", "warning": "triangle-alert", "error": "circle-x"}
