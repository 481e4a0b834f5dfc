"""What became of an entry's mails while the page stands open, and mailing it again."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import bouncing
from accounts.models import Address
from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, attempt, filled_in, run_dialog
from desk.buttons import button
from desk.deeds import ticket_url
from desk.deliveries import Ways, deliveries_of
from desk.forms import SeenForm
from desk.sidebar import Origin
from desk.thread import PAGE_ENTRIES
from mail import resending
from mail.models import MailState, OutgoingMail
from tickets import policy
from tickets.models import EntryKind, Participant, ThreadEntry, Ticket
from tickets.policy import Deed, Standing

# Who takes part in a ticket, and then some.
MOST_RECIPIENTS = 200


def ways_of(ticket: Ticket, origin: Origin, standing: Standing) -> Ways:
    def url(name: str, key: int) -> str:
        return reverse(f"desk:{name}", args=[ticket.number, key]) + origin.query

    live = lambda entry: url("delivery", entry)  # noqa: E731
    if not standing.may(Deed.REPLY, ticket):
        return Ways(live)
    return Ways(live, lambda entry: url("resend", entry), lambda mail: url("retry-mail", mail))


@agent_required
@require_safe
def delivery(request: AgentRequest, number: str, entry: int) -> HttpResponse:
    """Return how the entry's mails stand, or nothing (204) to who knows it already.

    Where no script runs it leads to the ticket's page, which shows the same, with ?all all of it.
    """
    ticket, origin = load_ticket(request.principal, number), Origin.read(request.GET)
    lists_all = "all" in request.GET
    if not request.htmx:
        return HttpResponseRedirect(
            _page_with(ticket, entry, origin) if lists_all else ticket_url(number, origin, f"e{entry}")
        )
    found, at = ticket.entries.filter(number=entry).first(), now()
    if found is None:
        raise Http404
    ways = ways_of(ticket, origin, policy.standing(request.principal, ticket))
    told = deliveries_of([found], ways, at, all_of=entry if lists_all else None).get(found.pk)
    if told is None:
        raise Http404
    if request.GET.get("state") == str(told.state):
        return HttpResponse(status=204)
    return render(request, "desk/_delivery.html", {"delivery": told, "now": at})


def _page_with(ticket: Ticket, entry: int, origin: Origin) -> str:
    """Return the ticket's page that has the entry, with all recipients of its mails listed."""
    wanted = {"recipients": entry}
    if ticket.entries.filter(number__gt=entry)[PAGE_ENTRIES - 1 : PAGE_ENTRIES].exists():
        wanted["before"] = entry + 1
    url = ticket_url(ticket.number, origin)
    return f"{url}{'&' if origin.query else '?'}{urlencode(wanted)}#e{entry}"


@agent_required
@button
def retry_mail(request: AgentRequest, number: str, mail: int) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    found = OutgoingMail.objects.select_related("ticket", "entry").filter(pk=mail, ticket=ticket).first()
    if found is None or found.entry is None:
        raise Http404

    def deed() -> Done:
        resending.retry(found, by=request.principal, at=now())
        return Done(_now("The mail to %(email)s is tried again now") % {"email": found.recipient})

    return attempt(request, ticket, deed)


@agent_required
@button
def clear_bounce(request: AgentRequest, number: str, address: int) -> HttpResponse:
    """Let mail go to a participant's address again, by whoever may answer them."""
    ticket = load_ticket(request.principal, number)
    part = ticket.participants.select_related("address").filter(address=address).first()
    if part is None:
        raise Http404

    def deed() -> Done:
        policy.require(request.principal, Deed.REPLY, ticket)
        bouncing.clear(part.address, by=request.user, at=now())
        return Done(_now("Mail goes to %(email)s again") % {"email": part.address})

    return attempt(request, ticket, deed)


# --- Mailing it again -------------------------------------------------------------------------------


class ResendForm(SeenForm):
    """To whom of those who take part: those who did not get it are ticked."""

    to = forms.TypedMultipleChoiceField(
        label=_("To"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one recipient.")},
    )

    def __init__(self, *args: Any, entry: ThreadEntry, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parts = self.ticket.participants.select_related("address", "user").order_by("pk")[:MOST_RECIPIENTS]
        mails = OutgoingMail.objects.filter(entry=entry).order_by("pk").values_list("address", "state")
        states = dict(mails)
        field: Any = self.fields["to"]
        offered = [part for part in parts if not part.address.bounces]
        field.choices = [(part.address_id, _label(part, states.get(part.address_id))) for part in offered]
        # Whom nobody told, such as who was left out by choice, is offered, and not ticked.
        missing = [part.address_id for part in offered if states.get(part.address_id, GOT_IT[0]) not in GOT_IT]
        self.initial.setdefault("to", missing)
        self.left_out = [part.address for part in parts if part.address.bounces]
        field.help_text = _left_out_words(self.left_out)


GOT_IT = (*resending.UNDER_WAY, *resending.MAYBE_THERE)


@agent_required
def resend(request: AgentRequest, number: str, entry: int) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.REPLY)
    found = ticket.entries.filter(number=entry, kind=EntryKind.REPLY).first()
    if found is None:
        raise Http404
    action = request.get_full_path()
    dialog = Dialog(
        id=f"resend-{entry}",
        title=_now("Mail this reply again"),
        intro=_now("Each gets the reply once more, with a fresh link. Who got it already has it twice then."),
        form=ResendForm(**filled_in(request), ticket=ticket, name=f"resend-{entry}", entry=found),
        action=action,
        submit=_now("Send again"),
        cancel_url=ticket_url(number, Origin.read(request.GET), f"e{entry}"),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        chosen = {"addresses": cleaned["to"], "seen": cleaned["seen"]}
        resending.resend(ticket=ticket, entry=found, by=request.principal, at=now(), **chosen)
        return Done(_now("The reply in #%(number)s is mailed again") % {"number": number})

    return run_dialog(request, ticket, dialog, deed, field="to")


def _label(part: Participant, state: str | None) -> str:
    name = part.user.name.strip()
    who = f"{name} ({part.address.email})" if name else part.address.email
    match state:
        case None:
            return _now("%(who)s: was not told yet") % {"who": who}
        case MailState.SENT:
            return _now("%(who)s: got it") % {"who": who}
        case MailState.PERHAPS_SENT:
            return _now("%(who)s: perhaps has it; it may arrive twice") % {"who": who}
        case state if state in resending.UNDER_WAY:
            return _now("%(who)s: on its way already, and not sent again") % {"who": who}
    return _now("%(who)s: did not get it") % {"who": who}


def _left_out_words(addresses: list[Address]) -> str:
    if not addresses:
        return ""
    emails = ", ".join(address.email for address in addresses[:5])
    return _now(
        "Left out, since mail to them comes back: %(emails)s. Say in the ticket's details that they are right."
    ) % {"emails": emails}
