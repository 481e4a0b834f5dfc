"""Rights made visible, for administrators: why somebody can or cannot, who sees a ticket, the desk as somebody else."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts import viewing
from accounts.models import Address, User
from accounts.principal import Face, Principal
from tickets import explaining
from tickets.models import Ticket
from tickets.policy import Deed

# As many people are offered for a name, and shown of those who see a ticket by one way.
FOUND = 20
ROWS = 50

LONGEST = 200


# --- Why, or why not -------------------------------------------------------------------------------


class WhyForm(forms.Form):
    who = forms.CharField(
        label=_("Who"), max_length=LONGEST, help_text=_("A part of a name or of an e-mail address, or # and a number.")
    )
    number = forms.CharField(label=_("Ticket"), max_length=20)
    face = forms.ChoiceField(
        label=_("Where"), choices=[(Face.DESK.value, _("At the desk")), (Face.PORTAL.value, _("In the portal"))]
    )
    deed = forms.ChoiceField(label=_("What"), choices=[(deed.value, label) for deed, label in explaining.DEEDS.items()])

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).strip().removeprefix("#")


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Say whether a person may do a deed to a ticket, by which grants, and why the others do not hold."""
    form = WhyForm(request.GET or None)
    context: dict[str, Any] = {"title": _now("Why can, or can't, somebody see or do this?"), "form": form}
    if form.is_bound and form.is_valid():
        context |= _answer(request, form)
    return _page(request, "admin/rights_why.html", context, form)


def _answer(request: HttpRequest, form: WhyForm) -> dict[str, Any]:
    given = form.cleaned_data
    people, has_more = _find_people(given["who"], User.objects.all())
    ticket = _find_ticket(given["number"])
    if ticket is None:
        form.add_error("number", _now("There is no ticket of that number."))
    if not people:
        form.add_error("who", _now("Nobody is found by that."))
    if ticket is None or not people:
        return {}
    if len(people) > 1:
        links = [{"person": one, "url": f"?{urlencode(given | {'who': f'#{one.pk}'})}"} for one in people]
        return {"choose": links, "has_more": has_more}
    person = people[0]
    principal = Principal(user=person, face=Face(given["face"]))
    deed = Deed(given["deed"])
    return {
        "person": person,
        "ticket": ticket,
        "deed": explaining.DEEDS[deed],
        "found": explaining.explain(principal, deed, ticket, at=now()),
    }


# --- Who sees a ticket -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Those who see a ticket in one way: a part of them, and where the rest is."""

    label: "str | Promise"
    people: list[dict[str, Any]]
    more_url: str


class WhoForm(forms.Form):
    number = forms.CharField(label=_("Ticket"), max_length=20)
    clean_number = WhyForm.clean_number


@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """List who sees a ticket, by each way to see one; `way` and `after` lead on in a long list."""
    form = WhoForm(request.GET or None)
    context: dict[str, Any] = {"title": _now("Who can see this ticket?"), "form": form}
    if form.is_bound and form.is_valid():
        ticket = _find_ticket(form.cleaned_data["number"])
        if ticket is None:
            form.add_error("number", _now("There is no ticket of that number."))
        else:
            way, after = request.GET.get("way", ""), _key(request.GET.get("after", ""))
            if way and way not in explaining.SEERS:
                raise Http404
            names = [way] if way else list(explaining.SEERS)
            context |= {
                "ticket": ticket,
                "is_part": bool(way),
                "whole_url": f"?{urlencode({'number': ticket.number})}",
                "groups": [_group(name, ticket, after) for name in names],
            }
    return _page(request, "admin/rights_who.html", context, form)


def _group(name: str, ticket: Ticket, after: int) -> Group:
    found = explaining.seers(name, ticket).filter(pk__gt=after).order_by("pk").distinct()
    people = list(found[: ROWS + 1])
    more = {"number": ticket.number, "way": name, "after": str(people[ROWS - 1].pk)} if len(people) > ROWS else None
    roles = explaining.roles_in(ticket, people[:ROWS]) if name in explaining.OF_FACE[Face.DESK] else {}
    shown = [{"person": one, "role": roles.get(one.pk, "")} for one in people[:ROWS]]
    return Group(explaining.LABELS[name], shown, f"?{urlencode(more)}" if more else "")


# --- The desk as somebody else -----------------------------------------------------------------------


@require_safe
def see_as(request: HttpRequest) -> HttpResponse:
    """Find an agent, and offer to see the desk with their rights."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    people, has_more = _find_people(text, _others(request))
    context = {"title": _now("See the desk as somebody else"), "q": text, "people": people, "has_more": has_more}
    return _page(request, "admin/rights_see_as.html", context)


@require_POST
def begin_viewing(request: HttpRequest, pk: int) -> HttpResponse:
    agent = get_object_or_404(_others(request), pk=pk)
    viewing.begin(request, agent, at=now())
    return redirect("desk:home")


@require_POST
def end_viewing(request: HttpRequest) -> HttpResponse:
    """End it; over already, there is nothing to do."""
    current = viewing.viewing_of(request)
    if current is not None:
        viewing.end(request, current, at=now())
        messages.success(request, _now("You see everything with your own eyes again."))
    return redirect("rights:see-as")


def _others(request: HttpRequest) -> QuerySet[User]:
    """Return all agents but who asks: they see the desk as themselves anyway, and can do more there."""
    assert isinstance(request.user, User)  # the administration lets nobody else in
    return User.objects.agents().exclude(pk=request.user.pk)


# --- Finding -------------------------------------------------------------------------------------------


def _page(request: HttpRequest, template: str, context: dict[str, Any], form: forms.Form | None = None) -> HttpResponse:
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, template, {**admin.site.each_context(request), **context}, status=status)


def _find_people(text: str, among: QuerySet[User]) -> tuple[list[User], bool]:
    """Return the first people whose name or address has this part, and whether there are more."""
    if text.startswith("#"):
        return list(among.filter(pk=_key(text[1:]))), False
    has_address = Address.objects.filter(user=OuterRef("pk"), email__icontains=text)
    found = among.filter(Q(name__icontains=text) | Exists(has_address)) if text else among
    people = list(found.order_by("name", "pk")[: FOUND + 1])
    return people[:FOUND], len(people) > FOUND


def _find_ticket(number: str) -> Ticket | None:
    related = ("department", "assignee", "team", "requester", "organization")
    return Ticket.objects.select_related(*related).filter(number=number).first()


def _key(text: str) -> int:
    """Return a key that a client sent, 0 if it cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


urlpatterns = [
    path("rights/why/", admin.site.admin_view(why), name="why"),
    path("rights/who/", admin.site.admin_view(who), name="who"),
    path("rights/see-as/", admin.site.admin_view(see_as), name="see-as"),
    path("rights/see-as/<int:pk>/", admin.site.admin_view(begin_viewing), name="begin-viewing"),
    path("rights/see-as/end/", admin.site.admin_view(end_viewing), name="end-viewing"),
]
