"""What the composer asks for while an agent writes: a place for files, and the words of others to quote."""

from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import writing_uploads
from desk.access import AgentRequest, agent_required, load_ticket
from desk.composer import uploads_of
from tickets import policy
from tickets.models import EntryKind
from tickets.policy import Deed
from tickets.prose import quotation


@agent_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: AgentRequest, number: str) -> HttpResponseBase:
    """Store one file of what the agent is writing; by GET, show them the image that they stored."""
    ticket = load_ticket(request.principal, number)
    owner = uploads_of(request.user, ticket)
    if request.method != "POST":
        return writing_uploads.show(request, owner=owner)
    standing = policy.standing(request.principal, ticket)
    verdict = standing.may(Deed.NOTE, ticket) or standing.may(Deed.REPLY, ticket)
    if not verdict:
        return JsonResponse({"error": verdict.reason}, status=403)
    return writing_uploads.take(request, owner=owner, address=reverse("desk:upload", args=[ticket.number]))


@agent_required
@require_safe
def quote(request: AgentRequest, number: str) -> HttpResponseBase:
    """Return the requester's side's newest message, or with `first` the one that opened the ticket, as a quotation."""
    ticket = load_ticket(request.principal, number)
    messages = ticket.entries.public().filter(kind=EntryKind.MESSAGE).select_related("author")
    entry = messages.order_by("number" if "first" in request.GET else "-number").first()
    if entry is None:
        return JsonResponse({"error": _("There is no message to quote.")}, status=404)
    return JsonResponse({"html": quotation(entry)})
