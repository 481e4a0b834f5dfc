"""What the pages of people and organisations share: who may open them, their forms, their buttons, their notes."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import contacts, directory
from accounts.addresses import AddressStays
from accounts.contacts import NotPossible
from accounts.invitations import CannotInvite
from accounts.models import Note, Organization, Permission, User
from accounts.people import AddressTaken
from desk.access import AgentRequest, AgentView, View, agent_required
from desk.answers import Dialog, go, is_looking, show_dialog
from desk.sidebar import Origin, read_id, shell
from tickets import policy
from tickets.errors import DeedRefused

P = ParamSpec("P")

# Why something is not done, each with a sentence.
REFUSALS = (NotPossible, AddressTaken, AddressStays, CannotInvite, DeedRefused)
# Tickets, members and notes on the page of a person or an organisation.
ROWS_SHOWN = 10


def allowed(permission: Permission) -> Callable[[AgentView[P]], View[P]]:
    """Let agents in of whose roles one has the permission; others are told."""

    def decorate(view: AgentView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: AgentRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            policy.require_anywhere(request.principal, permission)
            try:
                return view(request, *args, **kwargs)
            except NotPossible as refused:
                raise DeedRefused(str(refused)) from refused

        return agent_required(cast("AgentView[P]", guarded))

    return decorate


def pressed(page: str, *keys: str) -> Callable[[AgentView[P]], AgentView[P]]:
    """Answer POST alone; whoever comes by the address, such as after signing in, is led to that page."""

    def decorate(view: AgentView[P]) -> AgentView[P]:
        @wraps(view)
        def guarded(request: AgentRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            if request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(reverse(f"desk:{page}", args=[kwargs[key] for key in keys]))
            return HttpResponseNotAllowed(["POST"])

        return cast("AgentView[P]", guarded)

    return decorate


def show(
    request: AgentRequest, template: str, section: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Return a page within the desk's shell."""
    at = now()
    around, _counts = shell(request.principal, at, Origin())
    return render(request, template, {**around, "section": section, "now": at, **context}, status=status)


def run(
    request: AgentRequest,
    dialog: Dialog,
    deed: Callable[[Mapping[str, Any]], tuple[str, str]],
    *,
    field: str | None = None,
) -> HttpResponse:
    """Show the form; once it was sent and is valid, do the deed, say what it returns first and go where it says then.

    A refusal stands at `field`, else above the form.
    """
    if request.method != "POST" or is_looking(request):
        return show_dialog(request, dialog)
    form = dialog.form
    if not form.is_valid():
        return show_dialog(request, dialog, status=422)
    try:
        message, url = deed(form.cleaned_data)
    except REFUSALS as refused:
        form.add_error(field, str(refused))
        return show_dialog(request, dialog, status=422)
    messages.success(request, message)
    return go(request, url)


def press(request: AgentRequest, url: str, deed: Callable[[], str]) -> HttpResponse:
    """Do what a button says, and go to `url` with a toast that says what was done, or why not."""
    try:
        message = deed()
    except REFUSALS as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, message)
    return go(request, url)


def place(request: AgentRequest, name: str = "") -> dict[str, Any]:
    """Return where in a list the address says to be; `name` sets several lists of a page apart."""
    return {side: read_id(request.GET.get(f"{name}{side}", "")) for side in ("after", "before")}


def turning(page: "directory.Page[Any]", url: str, name: str = "", query: str = "") -> dict[str, str]:
    """Return the addresses of the pages before and after this one, "" where there is none."""
    joint = f"?{query}&" if query else "?"
    return {
        "newer_url": f"{url}{joint}{name}before={page.before}" if page.before else "",
        "older_url": f"{url}{joint}{name}after={page.after}" if page.after else "",
    }


def notes_of(request: AgentRequest, notes: "QuerySet[Note]", url: str, delete_name: str, pk: int) -> dict[str, Any]:
    """Return a page of notes, the newest first; who wrote one may delete it."""
    some = directory.read_page(
        notes.select_related("author"), directory.Sort.NEWEST, **place(request, "note_"), size=ROWS_SHOWN
    )
    rows = [
        {
            "note": note,
            "delete_url": reverse(f"desk:{delete_name}", args=[pk, note.pk])
            if note.author_id == request.user.pk
            else "",
        }
        for note in some.rows
    ]
    return {"rows": rows, **turning(some, url, "note_")}


def add_note(request: AgentRequest, about: User | Organization, text: str, url: str) -> HttpResponse:
    """Keep what an agent noted, and go to `url`."""

    def deed() -> str:
        contacts.add_note(about, text, by=request.user, at=now())
        return _("Note added")

    return press(request, url, deed)


def delete_note(request: AgentRequest, about: User | Organization, pk: int, url: str) -> HttpResponse:
    """Delete one of the notes about somebody, and go to `url`. Raises Http404."""
    note = about.notes.select_related("author").filter(pk=pk).first()
    if note is None:
        raise Http404

    def deed() -> str:
        contacts.delete_note(note, by=request.user)
        return _("Note deleted")

    return press(request, url, deed)
