"""Letting go of a person: what each way touches, said beforehand, and the words of others that name them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts import contacts
from accounts.models import Address, Permission, User
from accounts.people import normalise
from desk.access import AgentRequest
from desk.answers import go
from desk.deeds import ticket_url
from desk.records import REFUSALS, allowed, press, pressed, show
from desk.sidebar import Origin, read_id
from desk.views.person import load_person, person_url
from tickets import actions, mentions
from tickets.erasure import reach
from tickets.mentions import CONTENT, SOURCES, Mention
from tickets.models import Erasure, Ticket, Way


class ReceiverForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of who gets the tickets"), max_length=254)


@allowed(Permission.PERSON_DELETE)
@require_safe
def delete_person(request: AgentRequest, person: int) -> HttpResponse:
    return _page(request, load_person(person))


@allowed(Permission.PERSON_DELETE)
@pressed("person-delete", "person")
def hand_over(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)
    form = ReceiverForm(request.POST, auto_id="receiver-%s")
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    address = Address.objects.select_related("user").filter(email=normalise(form.cleaned_data["email"])).first()
    if address is None:
        form.add_error("email", _("Nobody has this address."))
        return _page(request, found, form=form, status=422)
    return _erase(request, found, Way.HAND_OVER, to=address.user)


@allowed(Permission.PERSON_DELETE)
@pressed("person-delete", "person")
def anonymise_person(request: AgentRequest, person: int) -> HttpResponse:
    return _erase(request, load_person(person), Way.ANONYMISE)


@allowed(Permission.PERSON_DELETE)
@pressed("person-delete", "person")
def erase_person(request: AgentRequest, person: int) -> HttpResponse:
    return _erase(request, load_person(person), Way.DELETE)


@allowed(Permission.PERSON_DELETE)
@pressed("person-delete", "person")
def redact(request: AgentRequest, person: int) -> HttpResponse:
    """Redact the rows that were named, one or all that were listed."""
    found = load_person(person)
    rows = [row.partition(":")[::2] for row in request.POST.getlist("row")[: 2 * mentions.SHOWN]]
    keys = [(source, read_id(pk)) for source, pk in rows if source in SOURCES]

    def deed() -> str:
        contacts.require_changeable(found)
        times = {CONTENT: 0, "": 0}
        for source, pk in keys:
            if pk is not None:
                done = actions.redact(person=found, source=source, pk=pk, by=request.principal, at=now())
                times[CONTENT if source == CONTENT else ""] += done
        files, places = times[CONTENT], times[""]
        if files and not places:
            return ngettext("%(count)s file removed", "%(count)s files removed", files) % {"count": files}
        return ngettext("%(count)s place redacted", "%(count)s places redacted", places) % {"count": places}

    before = read_id(request.POST.get("before", ""))
    url = reverse("desk:person-delete", args=[found.pk])
    return press(request, f"{url}?before={before}" if before else url, deed)


def _erase(request: AgentRequest, found: User, way: Way, *, to: User | None = None) -> HttpResponse:
    name, at = found.display_name, now()
    try:
        erasure = actions.erase(person=found, way=way, by=request.principal, at=at, to=to)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return go(request, reverse("desk:person-delete", args=[found.pk]))
    if not actions.go_on_for_a_while(erasure, at=at):
        messages.info(request, _("This takes a while and goes on by itself."))
        return go(request, person_url(found))
    match way:
        case Way.HAND_OVER:
            messages.success(request, _("The tickets of %(name)s are now %(to)s's") % {"name": name, "to": to})
            return go(request, reverse("desk:person-delete", args=[found.pk]))
        case Way.ANONYMISE:
            messages.success(request, _("Anonymised"))
            return go(request, person_url(found))
    messages.success(request, _("Deleted"))
    return go(request, reverse("desk:people"))


def _page(request: AgentRequest, found: User, *, form: ReceiverForm | None = None, status: int = 200) -> HttpResponse:
    contacts.require_changeable(found)
    before = read_id(request.GET.get("before", ""))
    own = mentions.in_own_tickets(found)
    others, further = mentions.elsewhere(found, before)
    listed = [*own, *others]
    context: dict[str, Any] = {
        "person": found,
        "reach": reach(found),
        "form": form or ReceiverForm(auto_id="receiver-%s"),
        "mentions": _lines(request, [one for one in listed if one.source != CONTENT]),
        "files": _lines(request, [one for one in listed if one.source == CONTENT]),
        "before": before,
        "further": further,
        "running": Erasure.objects.filter(person=found).first(),
    }
    return show(request, "desk/person_delete.html", "people", context, status=status)


def _lines(request: AgentRequest, listed: list[Mention]) -> list[dict[str, Any]]:
    """Return what to show of each, and where it is looked at; of a ticket the agent does not see, that there is one."""
    keys = {mention.ticket_id for mention in listed if mention.ticket_id is not None}
    visible = dict(Ticket.objects.visible_to(request.principal).filter(pk__in=keys).values_list("pk", "number"))
    lines = []
    for mention in listed:
        number = visible.get(mention.ticket_id or 0, "")
        is_hidden = mention.ticket_id is not None and not number
        lines.append(
            {
                "key": mention.key,
                "excerpt": "" if is_hidden else mention.excerpt,
                "number": number,
                "url": ticket_url(number, Origin()) if number else "",
                "organization_url": reverse("desk:organization", args=[mention.pk])
                if mention.source == "organization"
                else "",
                "name": "" if is_hidden else mention.name,
                "file_url": reverse("desk:file", args=[mention.pk]) if number and mention.name else "",
            }
        )
    return lines
