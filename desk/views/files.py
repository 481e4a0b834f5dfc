"""Files that came with a ticket."""

from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_safe

from core.downloads import file_response
from desk.access import AgentRequest, agent_required
from tickets.models import Attachment, Ticket


@agent_required
@require_safe
def file(request: AgentRequest, pk: int) -> HttpResponseBase:
    visible = Ticket.objects.visible_to(request.principal)
    attachment = Attachment.objects.select_related("blob").filter(pk=pk, entry__ticket__in=visible).first()
    if attachment is None:
        raise Http404
    return file_response(
        request,
        attachment.blob,
        name=attachment.name,
        content_type=attachment.content_type,
        inline="inline" in request.GET,
    )
