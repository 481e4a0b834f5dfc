"""Open a ticket: the form, and what a topic promises."""

from contextlib import nullcontext
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Address, User
from accounts.people import address_of
from accounts.principal import Principal
from core import throttle
from core.context import site_of
from mail import senders, waiting_forms
from mail.addresses import is_banned
from mail.models import IncomingMail
from portal import pace
from portal.forms import OpenTicketForm, may_be_kept
from portal.promises import Offer, offers, sections
from portal.views.sent import sent_token, token_of_guest
from tickets import actions, limit
from tickets.errors import DeedRefused, NotOffered, TooManyOpen
from tickets.models import Source, Ticket

# So many of their open tickets are shown to who has too many.
OPEN_SHOWN = 5
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
    with pace.even() if _tells_nothing(request, form) else nullcontext(pace.Pace()) as answer:
        sent = _open(request, form) if form.is_valid() else None
        answer.file_bytes = sum(file.size for file in form.kept) if sent else 0
    if sent is None:
        return _page(request, form, 422)
    if form.address is None or not isinstance(sent, Ticket):
        return redirect("portal:sent", token_of_guest(sent))
    return redirect("portal:sent", sent_token(sent))


@require_safe
def topic(request: HttpRequest) -> HttpResponse:
    """Return what comes after sending, for the topic that is chosen; for htmx."""
    offered = {str(offer.pk): offer for offer in offers(site_of(request), _organization(request))}
    chosen = offered.get(request.GET.get("topic", ""))
    return render(request, "portal/_next.html", {"chosen": chosen, "has_mail": senders.has_any_way()})


def _organization(request: HttpRequest) -> int | None:
    """Return the key of whose people this reader is one; of who is not signed in nothing is known."""
    return request.user.organization_id if isinstance(request.user, User) else None


def _tells_nothing(request: HttpRequest, form: OpenTicketForm) -> bool:
    """Say whether it must not show if the person has too many open tickets: nobody proved to be them."""
    return form.address is None and site_of(request).most_open_tickets > 0


def _open(request: HttpRequest, form: OpenTicketForm) -> Ticket | IncomingMail | None:
    """Open the ticket, put it aside where nobody may learn why, or say on the form why not."""
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
    is_silent = _tells_nothing(request, form)
    if is_silent and (before := waiting_forms.waiting(address, form.sent_as())):
        return before
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
    except TooManyOpen as refusal:
        if is_silent:
            return waiting_forms.put_aside(
                address=address,
                topic=chosen.topic if chosen else None,
                subject=data["subject"],
                text=text,
                attached=data["attachments"],
                number=refusal.number,
                request_key=form.sent_as(),
                at=now(),
            )
        form.open_tickets = limit.open_tickets(address.user)
        form.add_error(None, str(refusal))
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
        "open_tickets": _shown(request, form),
        "now": now(),
    }
    return render(request, "portal/new.html", context, status=status)


def _shown(request: HttpRequest, form: OpenTicketForm) -> list[Ticket]:
    """Return what of the tickets that keep a new one from being opened its reader may see, the latest first."""
    if form.open_tickets is None or not isinstance(request.user, User):
        return []
    seen = form.open_tickets.visible_to(Principal.requester(request.user))
    return list(seen.select_related("topic__parent__parent").order_by("-last_activity_at", "-pk")[:OPEN_SHOWN])
