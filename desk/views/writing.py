"""What the composer asks for while an agent writes: a place for files, and the words of others to quote."""

from datetime import timedelta

from django.http import Http404, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import throttle
from core.downloads import file_response
from core.models import Blob
from core.uploads import IMAGE_TYPES, named, receive
from desk.access import AgentRequest, agent_required, load_ticket
from desk.composer import uploads_of
from tickets import policy
from tickets.models import EntryKind, Ticket
from tickets.policy import Deed
from tickets.prose import quotation

# What nothing comes to refer to is swept after a day. Until then so much may lie there for one agent.
MOST_UPLOADS = 60
WINDOW = timedelta(minutes=10)


@agent_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: AgentRequest, number: str) -> HttpResponseBase:
    """Store one file of what the agent is writing; by GET, show them the image that they stored."""
    ticket = load_ticket(request.principal, number)
    if request.method != "POST":
        return _shown(request, ticket)
    standing = policy.standing(request.principal, ticket)
    verdict = standing.may(Deed.NOTE, ticket) or standing.may(Deed.REPLY, ticket)
    if not verdict:
        return JsonResponse({"error": verdict.reason}, status=403)
    if not throttle.allow(request, "desk.upload", MOST_UPLOADS, WINDOW, key=str(request.user.pk)):
        return JsonResponse({"error": _("These are too many files at once. Try again in a few minutes.")}, status=429)
    chosen = request.FILES.getlist("file")
    if len(chosen) != 1:
        return JsonResponse({"error": _("No file arrived. Choose it again.")}, status=422)
    received = receive(chosen, owner=uploads_of(request.user, ticket))
    if received.problems:
        return JsonResponse({"error": " ".join(received.problems)}, status=422)
    [kept] = received.kept
    address = reverse("desk:upload", args=[ticket.number]) + "?" + urlencode({"file": kept.reference})
    return JsonResponse(
        {
            "reference": kept.reference,
            "name": kept.name,
            "size": kept.size,
            "image": address if kept.file.content_type in IMAGE_TYPES else "",
        },
        status=201,
    )


def _shown(request: AgentRequest, ticket: Ticket) -> HttpResponseBase:
    found = named(request.GET.get("file", ""), uploads_of(request.user, ticket))
    blob = Blob.objects.filter(sha256=found[0]).first() if found else None
    if found is None or blob is None:
        raise Http404
    return file_response(request, blob, name=found[1], content_type=found[2], inline=True)


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
