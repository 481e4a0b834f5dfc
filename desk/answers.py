"""How the desk answers a deed: the form again with the reason, or the ticket with a toast and its undo."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from desk.access import AgentRequest
from desk.deeds import ticket_url
from desk.forms import TOO_OLD
from desk.history import ICONS, Line
from desk.names import Names
from desk.sentences import sentence
from desk.sidebar import Origin, read_id, shell
from desk.undo import Undo, undo_url
from tickets.errors import ChangedMeanwhile, DeedRefused
from tickets.models import Ticket


@dataclass(slots=True)
class Dialog:
    """A deed's form, drawn in a dialog or as a page of its own (desk/_dialog_form.html)."""

    id: str
    title: str
    form: BaseForm
    action: str
    submit: str
    cancel_url: str
    intro: str = ""
    is_danger: bool = False
    is_page: bool = False
    # Lines of its texts.
    rows: int = 3
    # What happened since the form was shown.
    newer: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What to say after a deed, and what would take it back."""

    message: str
    undo: Undo | None = None
    # For what has not happened yet: where it is taken back, and for how many seconds it can be.
    undo_url: str = ""
    undo_seconds: int = 0


def is_looking(request: AgentRequest) -> bool:
    """Say whether the form came back for its lists alone: a name to find, another department (desk/finding.py)."""
    return "refresh" in request.POST


def filled_in(request: AgentRequest, initial: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a dialog's form is made of: what was sent, else what it starts from or is filled with so far."""
    if is_looking(request):
        return {"initial": request.POST.dict()}
    return {"data": request.POST} if request.method == "POST" else {"initial": dict(initial or {})}


def run_dialog(
    request: AgentRequest,
    ticket: Ticket,
    dialog: Dialog,
    deed: Callable[[Mapping[str, Any]], Done],
    *,
    field: str | None = None,
) -> HttpResponse:
    """Show the form; once it was sent and is valid, do the deed. A refusal stands at `field`, else above the form."""
    if request.method != "POST" or is_looking(request):
        return show_dialog(request, dialog)
    form = dialog.form
    if not form.is_valid():
        return show_dialog(request, dialog, status=422)
    try:
        done = deed(form.cleaned_data)
    except ChangedMeanwhile as changed:
        dialog.newer = newer_lines(changed)
        see_again(form, changed)
        form.add_error(None, str(changed))
        return show_dialog(request, dialog, status=422)
    except DeedRefused as refused:
        form.add_error(field, str(refused))
        return show_dialog(request, dialog, status=422)
    return finish(request, ticket, done)


def press(request: AgentRequest, ticket: Ticket, deed: Callable[[int], Done]) -> HttpResponse:
    """Do what a button without a form does; `deed` gets the number of the last event that the agent saw."""
    seen = read_id(request.POST.get("seen", ""))
    if seen is None:
        messages.error(request, str(TOO_OLD))
        return go(request, home_of(request, ticket))
    return attempt(request, ticket, lambda: deed(seen))


def attempt(request: AgentRequest, ticket: Ticket, deed: Callable[[], Done]) -> HttpResponse:
    """Do the deed, or say in a toast why not; back to the ticket either way."""
    try:
        done = deed()
    except ChangedMeanwhile:
        messages.warning(
            request,
            _("#%(number)s changed since this page was shown. Nothing was done: look at what is new, then try again.")
            % {"number": ticket.number},
        )
    except DeedRefused as refused:
        messages.error(request, str(refused))
    else:
        return finish(request, ticket, done)
    return go(request, home_of(request, ticket))


def finish(
    request: AgentRequest, ticket: Ticket, done: Done, *, fragment: str = "", sent: str = "", to: str = ""
) -> HttpResponse:
    """Say what was done and go `to` that address, else back to the ticket, or to its queue when the agent may not see
    it any more.

    `sent` names the draft whose text has arrived (static/js/composer.js).
    """
    tags = [f"sent:{sent}"] if sent else []
    if done.undo_url:
        tags.append(f"undo:{done.undo_url}")
        tags += [f"count:{done.undo_seconds}"] if done.undo_seconds else []
    elif done.undo:
        tags.append(f"undo:{undo_url(request, ticket, done.undo)}")
    messages.success(request, done.message, extra_tags=" ".join(tags))
    return go(request, to or home_of(request, ticket, fragment))


def home_of(request: AgentRequest, ticket: Ticket, fragment: str = "") -> str:
    """Return where to go after a deed: the ticket, else the queue it was opened from."""
    origin = Origin.read(request.GET)
    is_visible = Ticket.objects.visible_to(request.principal).filter(pk=ticket.pk).exists()
    return ticket_url(ticket.number, origin, fragment) if is_visible else origin.url


def go(request: AgentRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def show_dialog(request: AgentRequest, dialog: Dialog, *, status: int = 200) -> HttpResponse:
    """Return the form: a whole dialog for a script that asks, its inside for one that is open, else a page."""
    if request.htmx:
        name = "desk/_dialog_form.html" if request.method == "POST" else "desk/_dialog.html"
        return render(request, name, {"dialog": dialog, "now": timezone.now()}, status=status)
    now = timezone.now()
    context, _all = shell(request.principal, now, Origin.read(request.GET))
    dialog.is_page = True
    return render(request, "desk/dialog_page.html", {**context, "dialog": dialog, "now": now}, status=status)


def newer_lines(changed: ChangedMeanwhile) -> list[Line]:
    """Return what happened meanwhile, a line per event."""
    names = Names(changed.events)
    return [Line(ICONS.get(event.kind, "history"), sentence(event, names), event.at) for event in changed.events]


def see_again(form: BaseForm, changed: ChangedMeanwhile) -> None:
    """Let the form, shown once more, know what is told beside it: it asks once, and again for what comes after that."""
    form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict
    form.data[form.add_prefix("seen")] = str(changed.events[-1].number)  # type: ignore[index]
