"""Take away the access that a referral gives."""

from django.http import Http404, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, press
from desk.buttons import button
from desk.sidebar import read_id
from tickets import actions


@agent_required
@button
def remove_referral(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    referral_id = read_id(request.POST.get("referral", ""))
    referral = ticket.referrals.filter(pk=referral_id).first() if referral_id else None
    if referral is None:
        raise Http404

    def deed(seen: int) -> Done:
        actions.remove_referral(ticket=ticket, referral=referral, by=request.principal, at=now())
        return Done(_("Access of %(name)s to #%(number)s removed") % {"name": referral.holder, "number": number})

    return press(request, ticket, deed)
