"""What templates ask for of the pages: `{% load pages %}`. They know no view and no model."""

from typing import Any

from django import template
from django.http import HttpRequest

from core.context import site_of
from pages import live
from pages.models import Audience, PageKind
from pages.words import Shown

register = template.Library()

# Who comes from here, or is led here, works at the help desk.
AGENTS_PLACES = ("/desk/", "/admin/", "/reports/")


@register.simple_tag(takes_context=True)
def page_text(context: dict[str, Any], kind: str) -> Shown | None:
    """Return what the published page of this kind says to the reader, None where there is none."""
    request: HttpRequest | None = context.get("request")
    return live.shown(request, kind) if request is not None else None


@register.simple_tag(takes_context=True)
def sign_in_text(context: dict[str, Any]) -> Shown | None:
    """Return what stands above the sign-in: for agents where it leads to their pages, else for requesters."""
    request: HttpRequest | None = context.get("request")
    place = str(context.get("redirect_field_value") or "")
    if request is None:
        return None
    is_agents = place.startswith(AGENTS_PLACES)
    return live.shown(request, PageKind.AGENT_SIGN_IN if is_agents else PageKind.SIGN_IN)


@register.inclusion_tag("pages/_notices.html", takes_context=True)
def site_notices(context: dict[str, Any], audience: str) -> dict[str, Any]:
    """Draw the notices that hold now; agents are told, too, that requesters find the help desk switched off."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return {"notices": [], "is_offline": False}
    is_offline = audience == Audience.AGENTS and not site_of(request).is_online
    return {"notices": live.notices(request, audience), "is_offline": is_offline}


@register.simple_tag(takes_context=True)
def footer_pages(context: dict[str, Any]) -> list[live.Link]:
    """Return the pages that the footer leads to."""
    request: HttpRequest | None = context.get("request")
    return live.footer(request) if request is not None else []
