"""A mail as it came: its headers, its source, its own looks. For agents alone (PARITY I20)."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.downloads import SANDBOX, file_response, protect
from core.policies import with_own_frames
from desk.access import AgentRequest, agent_required, load_ticket
from desk.deeds import ticket_url
from desk.sidebar import Origin, shell
from mail import original, remarks
from mail.models import IncomingMail
from mail.original import NotKept, Source
from mail.parsing import Mailbox

# Nothing loads but what stands in the page itself.
FRAME_POLICY = f"{SANDBOX}; img-src data:; style-src 'unsafe-inline'"
MOST_ADDRESSES = 50


@agent_required
@require_safe
def mail(request: AgentRequest, number: str, entry: int) -> HttpResponseBase:
    """Show what is known of the mail, and the mail itself for as long as it is kept."""
    found = _load(request, number, entry)
    at, origin = now(), Origin.read(request.GET)
    context, _counts = shell(request.principal, at, origin)
    try:
        kept, why_not = original.read(found), ""
    except NotKept as gone:
        kept, why_not = None, str(gone)
    context |= {
        "mail": found,
        "now": at,
        "number": number,
        "back": {"label": f"#{number}", "url": ticket_url(number, origin, f"e{entry}")},
        "facts": _facts(found, kept),
        "proof": original.proof_in_words(found),
        "remarks": remarks.told(found.remarks, with_minor=True),
        "kept": kept,
        "why_not": why_not,
        "file_url": reverse("desk:mail-file", args=[number, entry]),
        "html_url": reverse("desk:mail-html", args=[number, entry]) if kept and kept.said.html else "",
    }
    return with_own_frames(request, render(request, "desk/mail.html", context))


@agent_required
@require_safe
def mail_file(request: AgentRequest, number: str, entry: int) -> HttpResponseBase:
    """Send the mail as a file."""
    found = _load(request, number, entry)
    if found.raw is None:
        raise Http404
    return file_response(request, found.raw, name=f"{number}-{entry}.eml", content_type="message/rfc822")


@agent_required
@require_safe
def mail_html(request: AgentRequest, number: str, entry: int) -> HttpResponseBase:
    """Show the mail's HTML as its sender dressed it, where nothing runs, loads, or is part of our origin."""
    try:
        html = original.read_html(_load(request, number, entry))
    except NotKept as gone:
        raise Http404(str(gone)) from gone
    page = '<!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light"></head><body>'
    response = HttpResponse(f"{page}{html}</body></html>")
    response["Content-Security-Policy"] = FRAME_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    return protect(response)


def _load(request: AgentRequest, number: str, entry: int) -> IncomingMail:
    """Return the mail that this entry came as; 404 for what is not this agent's to see, or came in another way."""
    ticket = load_ticket(request.principal, number)
    found = original.of_entry(ticket.entries.filter(number=entry))
    if found is None:
        raise Http404
    return found


def _facts(mail: IncomingMail, kept: Source | None) -> list[tuple[str, Any]]:
    """Return what the mail says of itself, as far as it is kept: label and value."""
    said = kept.said if kept else None
    facts: list[tuple[str, Any]] = [
        (_("From"), _people(said.senders) if said else mail.sender),
        (_("Answers go to"), _people(said.reply_to) if said else ""),
        (_("To"), _people(said.to) if said else ""),
        (_("Cc"), _people(said.cc) if said else ""),
        (_("Subject"), said.subject[:1000] if said else mail.subject),
        (_("Message-ID"), mail.message_id),
    ]
    return [(label, value) for label, value in facts if value]


def _people(boxes: tuple[Mailbox, ...]) -> str:
    """Return the people with their addresses, in one line."""
    words = [
        f"{box.name[:200]} <{box.address[:254]}>" if box.name else box.address[:254] for box in boxes[:MOST_ADDRESSES]
    ]
    if len(boxes) > MOST_ADDRESSES:
        words.append(_("and %(count)s more") % {"count": len(boxes) - MOST_ADDRESSES})
    return ", ".join(words)
