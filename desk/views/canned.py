"""Canned responses for the composer: the list that fits a ticket, and one of them with the ticket's values."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.uploads import keep_stored
from desk.access import AgentRequest, agent_required, load_ticket
from desk.composer import uploads_of
from tickets.canned import inserted
from tickets.models import CannedResponse
from tickets.variables import gapped

MOST_LISTED = 50
LONGEST_SEARCH = 100


@agent_required
@require_safe
def canned(request: AgentRequest, number: str) -> HttpResponse:
    """Show the responses that fit the ticket's department, those in which all words of ?q= stand.

    The answer is the fragment desk/_canned.html: at most MOST_LISTED buttons with the address of `canned_response` in
    `data-canned`, or a sentence that there is none.
    """
    ticket = load_ticket(request.principal, number)
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_SEARCH].strip()
    usable = CannedResponse.objects.usable_by(request.principal, ticket).found_by(query).in_order()
    found = list(usable.select_related("department__parent__parent").defer("body", "notes")[: MOST_LISTED + 1])
    responses = found[:MOST_LISTED]
    context = {
        "responses": responses,
        "offered": [(one, gapped(one.text)) for one in responses],
        "has_more": len(found) > MOST_LISTED,
        "query": query,
        "ticket": ticket,
    }
    return render(request, "desk/_canned.html", context)


@agent_required
@require_safe
def canned_response(request: AgentRequest, number: str, response: int) -> HttpResponse:
    """Answer with one response as JSON, with the values of this ticket for this agent.

    `id`, `title`; `html` and `text`, the same words; `files`, each with `name`, `size` in bytes, and `reference`, which
    the composer sends along as "attachments-kept" like a file that it kept (core.uploads); `left_out`, a sentence about
    what was not told because an address on the ticket is not confirmed, else "".
    """
    ticket = load_ticket(request.principal, number)
    wanted = CannedResponse.objects.usable_by(request.principal, ticket).filter(pk=response).first()
    if wanted is None:
        raise Http404
    given = inserted(wanted, ticket=ticket, agent=request.user)
    files = [keep_stored(file, uploads_of(request.user, ticket)) for file in given.files]
    return JsonResponse(
        {
            "id": wanted.pk,
            "title": wanted.title,
            "html": given.html,
            "text": given.text,
            "files": [{"name": file.name, "size": file.size, "reference": file.reference} for file in files],
            "left_out": _told_left_out(given.left_out),
        }
    )


def _told_left_out(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return _("Left out, since an address on this ticket is not confirmed: %(names)s.") % {"names": ", ".join(names)}
