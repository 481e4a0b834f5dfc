"""Write an internal note: whatever else the form says, only agents read it."""

from django.http import HttpResponse

from desk.access import AgentRequest, agent_required
from desk.buttons import button
from desk.views.reply import write
from tickets.models import EntryKind


@agent_required
@button
def note(request: AgentRequest, number: str) -> HttpResponse:
    data = request.POST.copy()
    data["kind"] = data["then"] = EntryKind.NOTE.value
    return write(request, number, data)
