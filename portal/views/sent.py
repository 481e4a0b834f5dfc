"""The page that says that a ticket is sent: its number, and what happens next.

Who is not signed in proves no address. So where one person may have so many open tickets and no more, the page says the
same whether theirs is opened or waits (mail.waiting_forms), as fast, and its address looks the same.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.adapter import demo_may_sign_in
from accounts.models import Address
from core import secrets
from core.context import site_of
from mail import senders, waiting_forms
from mail.models import IncomingMail
from pages import live
from portal import pace
from portal.promises import within
from portal.views.door import guard
from sla.models import Target
from tickets import actions, links
from tickets.models import Participant, Ticket, TicketClock

SALT = "portal.sent-page"
LASTS = timedelta(days=1)
# What the address of the page carries: a ticket, one whose requester is not known by signing in, or a form that waits.
TICKET, OF_GUEST, WAITING = "t", "g", "w"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the page tells of. A form that waits has the ticket that it would be, which is not written."""

    ticket: Ticket
    first: TicketClock | None
    email: str
    participant: Participant | None


@require_safe
def sent(request: HttpRequest, signed: str) -> HttpResponseBase:
    """Tell the number and what happens next. Opens no ticket, and shows nothing of a person.

    But in the demo, on this machine and without a mail server: there the link of the mail stands here, so that the
    requester's side can be tried at all.
    """
    kind, pk = _read(signed)
    may_wait = kind != TICKET and site_of(request).most_open_tickets > 0
    with pace.even() if may_wait else nullcontext():
        told = _waiting(pk) if kind == WAITING else _opened(pk)
        if told is None:
            raise Http404
        return _page(request, told, may_wait=may_wait)


def _page(request: HttpRequest, told: Sent, *, may_wait: bool) -> HttpResponseBase:
    ticket, first = told.ticket, told.first
    has_way = senders.has_any_way()
    shows_link = told.participant and not (has_way or may_wait) and demo_may_sign_in(request)
    context = {
        "ticket": ticket,
        "may_wait": may_wait,
        "mailed_to": masked(told.email),
        "has_mail": has_way,
        "is_mailed": has_way and ticket.is_acknowledged,
        "text": live.thanks(request, ticket),
        "thank_you": ticket.topic.thank_you if ticket.topic else "",
        "demo_link": links.link_for(told.participant) if told.participant and shows_link else "",
        "answer_within": within(first.within, in_working_time=first.hours_id is not None) if first else "",
    }
    return guard(render(request, "portal/sent.html", context))


def sent_token(ticket: Ticket) -> str:
    """Return what the address of the page carries."""
    return _token(TICKET, ticket.pk)


def token_of_guest(sent: Ticket | IncomingMail) -> str:
    """Return the same for who is not signed in: it does not tell a ticket from a form that waits."""
    return _token(OF_GUEST if isinstance(sent, Ticket) else WAITING, sent.pk)


def masked(email: str) -> str:
    """Return an address that its owner knows again, and others do not learn."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _token(kind: str, pk: int) -> str:
    # Of one length, and encrypted: what is only signed can be read.
    return signing.dumps(secrets.encrypt(f"{kind}{pk:019d}".encode()).decode(), salt=SALT)


def _read(signed: str) -> tuple[str, int]:
    try:
        words = secrets.decrypt(signing.loads(signed, salt=SALT, max_age=LASTS).encode()).decode()
    except (signing.BadSignature, secrets.SecretUnreadable) as error:
        raise Http404 from error
    return words[0], int(words[1:])


def _opened(pk: int) -> Sent | None:
    related = ("follow_up_of", "requester", "topic__parent__parent", "department")
    ticket = Ticket.objects.live().select_related(*related).filter(pk=pk).first()
    if ticket is None:
        return None
    first = ticket.clocks.filter(target=Target.FIRST_RESPONSE).order_by("pk").first()
    participant = ticket.participants.select_related("address").get(user=ticket.requester_id)
    return Sent(ticket, first, participant.address.email, participant)


def _waiting(pk: int) -> Sent | None:
    mail = IncomingMail.objects.select_related("raw").filter(pk=pk).first()
    asked = waiting_forms.asked(mail) if mail else None
    address = Address.objects.select_related("user__organization").filter(email=mail.sender).first() if mail else None
    if mail is None or asked is None or address is None:
        return None
    ticket, clocks = actions.foresee(address, asked.topic, number=asked.number, at=mail.stored_at)
    first = next((clock for clock in clocks if clock.target == Target.FIRST_RESPONSE), None)
    return Sent(ticket, first, address.email, None)
