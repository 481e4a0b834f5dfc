"""Organisations: the directory, the page of each, and what may be done about them."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import contacts, directory, organizations
from accounts.directory import Sort
from accounts.models import Organization, Permission
from accounts.organizations import DomainTaken
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in, go
from desk.organization_forms import OrganizationForm
from desk.person_forms import NoteForm
from desk.records import (
    ROWS_SHOWN,
    add_note,
    allowed,
    delete_note,
    notes_of,
    place,
    press,
    pressed,
    run,
    show,
    turning,
)
from desk.views.people import LONGEST_SEARCH, address_of
from desk.views.person import tickets_of
from tickets import actions, policy
from tickets.counting import count_text
from tickets.models import Ticket


def load_organization(pk: int) -> Organization:
    """Return the organisation with who looks after it. Raises Http404."""
    found = Organization.objects.select_related("manager", "manager_team").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def organization_url(organization: Organization) -> str:
    return reverse("desk:organization", args=[organization.pk])


@allowed(Permission.PERSON_VIEW)
@require_safe
def organization_list(request: AgentRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    is_archive = request.GET.get("archived") == "yes"
    among = Organization.objects.filter(archived_at__isnull=not is_archive).select_related("manager", "manager_team")
    found, how_many = directory.counted(directory.find_organizations(text, among), among, text)
    page = directory.read_page(found, Sort.NAME, **place(request))
    given = {"q": text, "archived": "yes" if is_archive else ""}
    query = urlencode({name: value for name, value in given.items() if value})
    url = reverse("desk:organizations")
    context = {
        "rows": page.rows,
        "text": text,
        "is_archive": is_archive,
        "count_text": count_text(how_many),
        "may_add": Permission.ORGANIZATION_EDIT in policy.permissions_anywhere(request.principal),
        **turning(page, url, query=query),
    }
    return show(request, "desk/organizations.html", "organizations", context)


@allowed(Permission.PERSON_VIEW)
@require_safe
def organization(request: AgentRequest, organization: int) -> HttpResponse:
    return show_organization(request, load_organization(organization))


def show_organization(
    request: AgentRequest, organization: Organization, *, form: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    rights = policy.permissions_anywhere(request.principal)
    url = organization_url(organization)
    people = directory.people().filter(organization=organization)
    page = directory.read_page(people, Sort.NAME, **place(request, "member_"), size=ROWS_SHOWN)
    context = {
        "organization": organization,
        "domains": list(organization.domains.order_by("domain").values_list("domain", flat=True)),
        "members": {
            "rows": [{"person": person, "address": address_of(person)} for person in page.rows],
            "count_text": count_text(directory.count(people)),
            **turning(page, url, "member_"),
        },
        "notes": notes_of(request, organization.notes.all(), url, "organization-note-delete", organization.pk),
        "note_form": form or NoteForm(auto_id="note-%s"),
        "note_action": reverse("desk:organization-note", args=[organization.pk]),
        "tickets": tickets_of(request, Ticket.objects.filter(organization=organization), url),
        "shows_requester": True,
        "may_edit": Permission.ORGANIZATION_EDIT in rights,
        "may_note": Permission.ORGANIZATION_EDIT in rights,
        "may_delete": Permission.ORGANIZATION_DELETE in rights,
        # Of a ticket that this agent does not see it is told that there is one: why else could it not be deleted?
        "is_named": Ticket.objects.filter(organization=organization).exists(),
    }
    return show(request, "desk/organization.html", "organizations", context, status=status)


@allowed(Permission.ORGANIZATION_EDIT)
def add_organization(request: AgentRequest) -> HttpResponse:
    return _edit(request, None)


@allowed(Permission.ORGANIZATION_EDIT)
def edit_organization(request: AgentRequest, organization: int) -> HttpResponse:
    return _edit(request, load_organization(organization))


def _edit(request: AgentRequest, found: Organization | None) -> HttpResponse:
    action = reverse("desk:organization-edit", args=[found.pk]) if found else reverse("desk:organization-add")
    form = OrganizationForm(**filled_in(request), auto_id="organization-%s", action=action, organization=found)
    dialog = Dialog(
        id="organization",
        title=_("Change %(name)s") % {"name": found} if found else _("Add an organisation"),
        form=form,
        action=action,
        submit=_("Save") if found else _("Add"),
        cancel_url=organization_url(found) if found else reverse("desk:organizations"),
    )

    def deed(cleaned: Mapping[str, Any]) -> tuple[str, str]:
        try:
            saved = organizations.save(found, form.fields_of(), cleaned["domains"], by=request.user, at=now())
        except DomainTaken as taken:
            raise contacts.NotPossible(str(taken)) from taken
        return _("%(name)s saved") % {"name": saved}, organization_url(saved)

    return run(request, dialog, deed)


# --- Notes ---------------------------------------------------------------------------------------


@allowed(Permission.ORGANIZATION_EDIT)
@pressed("organization", "organization")
def note_organization(request: AgentRequest, organization: int) -> HttpResponse:
    found = load_organization(organization)
    form = NoteForm(request.POST, auto_id="note-%s")
    if not form.is_valid():
        return show_organization(request, found, form=form, status=422)
    return add_note(request, found, form.cleaned_data["text"], organization_url(found))


@allowed(Permission.ORGANIZATION_EDIT)
@pressed("organization", "organization")
def delete_organization_note(request: AgentRequest, organization: int, note: int) -> HttpResponse:
    found = load_organization(organization)
    return delete_note(request, found, note, organization_url(found))


# --- Taking it away ------------------------------------------------------------------------------


@allowed(Permission.ORGANIZATION_DELETE)
@pressed("organization", "organization")
def archive_organization(request: AgentRequest, organization: int) -> HttpResponse:
    found = load_organization(organization)
    return press(request, organization_url(found), _archiving(request, found, True, _("%(name)s archived")))


@allowed(Permission.ORGANIZATION_DELETE)
@pressed("organization", "organization")
def restore_organization(request: AgentRequest, organization: int) -> HttpResponse:
    found = load_organization(organization)
    return press(request, organization_url(found), _archiving(request, found, False, _("%(name)s brought back")))


@allowed(Permission.ORGANIZATION_DELETE)
@pressed("organization", "organization")
def delete_organization(request: AgentRequest, organization: int) -> HttpResponse:
    found = load_organization(organization)

    def deed() -> str:
        actions.delete_organization(organization=found, by=request.principal, at=now())
        return _("%(name)s deleted") % {"name": found}

    press(request, organization_url(found), deed)
    is_there = Organization.objects.filter(pk=organization).exists()
    return go(request, organization_url(found) if is_there else reverse("desk:organizations"))


def _archiving(request: AgentRequest, found: Organization, is_archived: bool, words: str) -> Callable[[], str]:
    def deed() -> str:
        actions.archive_organization(organization=found, is_archived=is_archived, by=request.principal, at=now())
        return words % {"name": found}

    return deed
