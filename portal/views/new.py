"""Open a ticket: the form, what a topic promises, and the page that says it is sent."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.adapter import demo_may_sign_in
from accounts.models import Address, User
from accounts.people import address_of
from accounts.principal import Principal
from core import throttle
from core.context import site_of
from mail import senders
from mail.addresses import is_banned
from pages import live
from portal.forms import OpenTicketForm, may_be_kept
from portal.promises import Offer, offers, sections, within
from portal.views.door import guard
from sla.models import Target
from tickets import actions, links
from tickets.errors import DeedRefused, NotOffered
from tickets.models import Source, Ticket

SENT_SALT = "portal.sent"
SENT_LASTS = timedelta(days=1)

# Per client, and per address that somebody types: mail goes there.
CLIENT_LIMIT, ADDRESS_LIMIT, WINDOW = 60, 20, timedelta(hours=1)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    if not (request.user.is_authenticated or site_of(request).guests_may_ask):
        messages.info(request, _("Please sign in to open a ticket."))
        return redirect_to_login(request.get_full_path())
    offered = offers(site_of(request), _organization(request))
    address = _own_address(request)
    if request.method != "POST":
        form = OpenTicketForm(offers=offered, address=address, initial=_known(request, address))
        return _page(request, form, 200)
    if not throttle.allow(request, "portal.new", CLIENT_LIMIT, WINDOW):
        # Without its files: they would be stored.
        form = OpenTicketForm(request.POST, offers=offered, address=address)
        form.add_error(
            None, _("These are many tickets in a short time. Wait a while, choose your files again, and send.")
        )
        return _page(request, form, 429)
    form = OpenTicketForm(request.POST, request.FILES, offers=offered, address=address)
    if form.is_valid() and (ticket := _open(request, form)):
        return redirect("portal:sent", sent_token(ticket))
    return _page(request, form, 422)


@require_safe
def topic(request: HttpRequest) -> HttpResponse:
    """Return what comes after sending, for the topic that is chosen; for htmx."""
    offered = {str(offer.pk): offer for offer in offers(site_of(request), _organization(request))}
    chosen = offered.get(request.GET.get("topic", ""))
    return render(request, "portal/_next.html", {"chosen": chosen, "has_mail": senders.has_any_way()})


def _organization(request: HttpRequest) -> int | None:
    """Return the key of whose people this reader is one; of who is not signed in nothing is known."""
    return request.user.organization_id if isinstance(request.user, User) else None


@require_safe
def sent(request: HttpRequest, signed: str) -> HttpResponseBase:
    """Tell the number and what happens next. Opens no ticket, and shows nothing of a person.

    But in the demo, on this machine and without a mail server: there the link of the mail stands here, so that the
    requester's side can be tried at all.
    """
    try:
        pk = signing.loads(signed, salt=SENT_SALT, max_age=SENT_LASTS)
    except signing.BadSignature as error:
        raise Http404 from error
    related = ("follow_up_of", "requester", "topic__parent__parent", "department")
    ticket = Ticket.objects.live().select_related(*related).filter(pk=pk).first()
    if ticket is None:
        raise Http404
    first = ticket.clocks.filter(target=Target.FIRST_RESPONSE).order_by("pk").first()
    participant = ticket.participants.select_related("address").get(user=ticket.requester_id)
    has_way = senders.has_any_way()
    context = {
        "ticket": ticket,
        "mailed_to": masked(participant.address.email),
        "has_mail": has_way,
        "is_mailed": has_way and ticket.is_acknowledged,
        "text": live.thanks(request, ticket),
        "thank_you": ticket.topic.thank_you if ticket.topic else "",
        "demo_link": links.link_for(participant) if not has_way and demo_may_sign_in(request) else "",
        "answer_within": within(first.within, in_working_time=first.hours_id is not None) if first else "",
    }
    return guard(render(request, "portal/sent.html", context))


def sent_token(ticket: Ticket) -> str:
    """Return what the address of the "sent" page carries."""
    return signing.dumps(ticket.pk, salt=SENT_SALT)


def masked(email: str) -> str:
    """Return an address that its owner knows again, and others do not learn."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _open(request: HttpRequest, form: OpenTicketForm) -> Ticket | None:
    """Open the ticket, or say on the form why not."""
    data = form.cleaned_data
    whom = form.address.email if form.address else data["email"].lower()
    if not throttle.allow(request, "portal.new.address", ADDRESS_LIMIT, WINDOW, key=whom):
        form.add_error(
            None if form.address else "email",
            _("Many tickets were opened with this address just now. Wait a while, then send again."),
        )
        return None
    if is_banned(whom):
        form.add_error(None if form.address else "email", _("Tickets cannot be opened with this e-mail address."))
        return None
    is_known = form.address is not None or Address.objects.filter(email=whom).exists()
    address = form.address or address_of(data["email"], name=data["name"])
    if not (site_of(request).guests_may_ask or address.user_id == request.user.pk):
        form.add_error("email", _("This is not an address of yours. Open the ticket with the one you sign in with."))
        return None
    text = data["text"]
    if phone := data.get("phone"):
        if form.address or not is_known:
            _keep_phone(address.user, phone)
        elif phone != address.user.phone:
            # Nobody has proved to be this person: what is known of them stays, and the words say the number.
            text = f"{text}\n\n{_('Phone:')} {phone}"
    chosen: Offer | None = data.get("topic")
    try:
        return actions.open_ticket(
            address=address,
            topic=chosen.topic if chosen else None,
            subject=data["subject"],
            text=text,
            files=data["attachments"],
            source=Source.WEB,
            by=Principal.requester(address.user),
            at=now(),
            request_key=form.sent_as(),
        )
    except NotOffered as refusal:
        form.add_error("topic", str(refusal))
    except DeedRefused as refusal:
        form.add_error(None, str(refusal))
    return None


def _keep_phone(person: User, phone: str) -> None:
    """Keep the number of somebody who has none yet."""
    if may_be_kept(person):
        User.objects.filter(pk=person.pk, phone="").update(phone=phone)


def _own_address(request: HttpRequest) -> Address | None:
    """Return the confirmed address of whoever is signed in, by which they are known."""
    if not request.user.is_authenticated:
        return None
    confirmed = Address.objects.select_related("user").filter(user=request.user, verified_at__isnull=False)
    return confirmed.filter(is_primary=True).first()


def _known(request: HttpRequest, address: Address | None) -> dict[str, str]:
    """Return what need not be typed: the topic a link names, and who is signed in without a confirmed address."""
    known = {"topic": request.GET["topic"]} if "topic" in request.GET else {}
    if request.user.is_authenticated and address is None:
        known["name"] = request.user.name
    return known


def _page(request: HttpRequest, form: OpenTicketForm, status: int) -> HttpResponse:
    context = {
        "form": form,
        "sections": sections(list(form.offers.values()), form.chosen),
        "chosen": form.chosen,
        "nav_current": "new",
        "has_mail": senders.has_any_way(),
    }
    return render(request, "portal/new.html", context, status=status)
