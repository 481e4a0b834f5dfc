"""A person: how they are reached, what they asked, what agents noted, and what may be done about them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit, bouncing, contacts, directory, invitations
from accounts.directory import Sort
from accounts.models import Address, AuditKind, Permission, User
from accounts.passwords import mail_link
from core import throttle
from core.mailing import if_mailed
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in
from desk.bounce import Bounce, bounce_of
from desk.deeds import ticket_url
from desk.person_forms import EditPersonForm, NoteForm
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
from desk.sidebar import Origin
from desk.views.people import HOUR
from tickets import policy
from tickets.counting import count_text
from tickets.models import Ticket, TicketQuerySet

LINKS_PER_PERSON = 3


def load_person(pk: int) -> User:
    """Return the person. Raises Http404."""
    found = User.objects.select_related("organization").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def person_url(person: User) -> str:
    return reverse("desk:person", args=[person.pk])


@allowed(Permission.PERSON_VIEW)
@require_safe
def person(request: AgentRequest, person: int) -> HttpResponse:
    return show_person(request, load_person(person))


def show_person(
    request: AgentRequest, person: User, *, form: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    rights = policy.permissions_anywhere(request.principal)
    url = person_url(person)
    is_kept = not (person.is_agent or person.is_administrator or person.anonymised_at)
    may_edit = Permission.PERSON_EDIT in rights
    context = {
        "person": person,
        "state": _state(person),
        "addresses": _addresses(person, may_clear=may_edit and is_kept),
        "has_confirmed": person.addresses.filter(verified_at__isnull=False).exists(),
        "notes": notes_of(request, person.notes.all(), url, "person-note-delete", person.pk),
        "note_form": form or NoteForm(auto_id="note-%s"),
        "note_action": reverse("desk:person-note", args=[person.pk]),
        "tickets": tickets_of(request, Ticket.objects.filter(requester=person), url),
        "may_edit": may_edit and is_kept,
        "may_note": may_edit and person.anonymised_at is None,
        "may_delete": Permission.PERSON_DELETE in rights and is_kept,
        "may_account": Permission.PERSON_ACCOUNT in rights and is_kept,
        "may_invite": Permission.PERSON_ACCOUNT in rights and is_kept and person.is_active and not person.may_sign_in,
        "may_mail_password": Permission.PERSON_ACCOUNT in rights and is_kept and person.may_sign_in and person.email,
    }
    return show(request, "desk/person.html", "people", context, status=status)


def _addresses(person: User, *, may_clear: bool) -> list[tuple[Address, Bounce | None]]:
    """Return the person's addresses, each with what is wrong with it."""

    def bounce(one: Address) -> Bounce | None:
        clear = reverse("desk:person-address-clear", args=[person.pk, one.pk]) if may_clear else ""
        rests_until = bouncing.rests_until(one.resting_until, one.soft_bounces, now())
        return bounce_of(one.bouncing_at, rests_until, one.bounce_said, clear)

    return [(one, bounce(one)) for one in person.addresses.order_by("-is_primary", "email")]


def tickets_of(request: AgentRequest, tickets: TicketQuerySet, url: str) -> dict[str, Any]:
    """Return a page of those tickets that this agent may see, the newest first."""
    visible = Ticket.objects.visible_to(request.principal) & tickets
    page = directory.read_page(
        visible.select_related("department__parent__parent", "requester"),
        Sort.NEWEST,
        **place(request, "ticket_"),
        size=ROWS_SHOWN,
    )
    rows = [{"ticket": ticket, "url": ticket_url(ticket.number, Origin())} for ticket in page.rows]
    return {"rows": rows, "count_text": count_text(directory.count(visible)), **turning(page, url, "ticket_")}


@allowed(Permission.PERSON_EDIT)
def edit_person(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)
    contacts.require_changeable(found)
    action = reverse("desk:person-edit", args=[found.pk])
    initial = {name: getattr(found, name) for name in contacts.FIELDS if name != "organization"}
    initial["organization"] = found.organization_id
    form = EditPersonForm(**filled_in(request, initial), auto_id="person-%s", action=action, person=found)
    dialog = Dialog(
        id="edit",
        title=_("Change %(name)s") % {"name": found},
        form=form,
        action=action,
        submit=_("Save"),
        cancel_url=person_url(found),
    )

    def deed(cleaned: Mapping[str, Any]) -> tuple[str, str]:
        contacts.change_person(found, cleaned, by=request.user, at=now())
        return _("%(name)s saved") % {"name": load_person(found.pk)}, person_url(found)

    return run(request, dialog, deed)


# --- The account ---------------------------------------------------------------------------------


@allowed(Permission.PERSON_ACCOUNT)
@pressed("person", "person")
def lock_person(request: AgentRequest, person: int) -> HttpResponse:
    return _set_active(request, load_person(person), False)


@allowed(Permission.PERSON_ACCOUNT)
@pressed("person", "person")
def unlock_person(request: AgentRequest, person: int) -> HttpResponse:
    return _set_active(request, load_person(person), True)


@allowed(Permission.PERSON_ACCOUNT)
@pressed("person", "person")
def invite_person(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)

    def deed() -> str:
        contacts.require_changeable(found)
        address = contacts.primary_address(found)
        if address is None:
            raise contacts.NotPossible(_("%(name)s has no address.") % {"name": found})
        if not throttle.allow(request, "invitation:person", LINKS_PER_PERSON, HOUR, key=str(found.pk)):
            raise contacts.NotPossible(_("Some links are on their way already. Wait an hour for another one."))
        invitations.invite(address, by=request.user, at=now())
        return if_mailed(_("An invitation goes to %(email)s") % {"email": address})

    return press(request, person_url(found), deed)


@allowed(Permission.PERSON_ACCOUNT)
@pressed("person", "person")
def mail_password_link(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)

    def deed() -> str:
        contacts.require_changeable(found)
        if not (found.email and found.may_sign_in):
            raise contacts.NotPossible(_("%(name)s has no account to sign in with.") % {"name": found})
        if not throttle.allow(request, "password-link:person", LINKS_PER_PERSON, HOUR, key=str(found.pk)):
            raise contacts.NotPossible(_("Some links are on their way already. Wait an hour for another one."))
        mail_link(found)
        audit.record(AuditKind.PASSWORD, by=request.user, at=now(), target=found)
        return if_mailed(_("A link to set the password goes to %(name)s") % {"name": found})

    return press(request, person_url(found), deed)


@allowed(Permission.PERSON_ACCOUNT)
@pressed("person", "person")
def revoke_ticket_links(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)

    def deed() -> str:
        contacts.require_changeable(found)
        with transaction.atomic():
            Address.objects.filter(user=found).update(link_epoch=F("link_epoch") + 1)
            changes = {"ticket_links": (None, "revoked")}
            audit.record(AuditKind.CHANGED, by=request.user, at=now(), target=found, changes=changes)
        return _("Every ticket link mailed to %(name)s until now is invalid") % {"name": found}

    return press(request, person_url(found), deed)


# --- Notes ---------------------------------------------------------------------------------------


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def note_person(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)
    form = NoteForm(request.POST, auto_id="note-%s")
    if found.anonymised_at is not None or not form.is_valid():
        return show_person(request, found, form=form, status=422)
    return add_note(request, found, form.cleaned_data["text"], person_url(found))


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def delete_person_note(request: AgentRequest, person: int, note: int) -> HttpResponse:
    found = load_person(person)
    return delete_note(request, found, note, person_url(found))


def _set_active(request: AgentRequest, found: User, is_active: bool) -> HttpResponse:
    def deed() -> str:
        contacts.set_active(found, is_active, by=request.user, at=now())
        return (_("%(name)s unlocked") if is_active else _("%(name)s locked")) % {"name": found}

    return press(request, person_url(found), deed)


def _state(person: User) -> dict[str, str]:
    """Return in a word what kind of account there is, with a glyph."""
    if person.anonymised_at is not None:
        return {"label": _("Anonymised"), "icon": "eye-off"}
    if not person.is_active:
        return {"label": _("Locked"), "icon": "lock"}
    if person.is_agent or person.is_administrator:
        return {"label": _("Works here"), "icon": "users"}
    if person.has_usable_password():
        return {"label": _("Has an account"), "icon": "key-round"}
    return {"label": _("Guest, without an account"), "icon": "user"}
