"""The composer's form: a reply to the requester, or an internal note."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import AfterReply, Preferences
from core.mailing import has_mail
from desk.access import AgentRequest, agent_required
from desk.answers import Done, finish, newer_lines, see_again
from desk.buttons import button
from desk.deeds import ticket_url
from desk.forms import ReplyForm, new_key
from desk.sidebar import Origin
from desk.undo import Undo
from desk.views.ticket import load_for_page, show_ticket
from tickets import actions
from tickets.errors import ChangedMeanwhile, DeedRefused
from tickets.models import EntryKind, ThreadEntry, Ticket
from tickets.thread import clean_text


@agent_required
@button
def reply(request: AgentRequest, number: str) -> HttpResponse:
    return write(request, number, request.POST)


def write(request: AgentRequest, number: str, data: QueryDict) -> HttpResponse:
    """Add what was written, and what the button said; if that cannot be done, show the ticket with the text kept."""
    ticket = load_for_page(request, number)
    form = ReplyForm(data, request.FILES, ticket=ticket)
    if not form.is_valid():
        return show_ticket(request, ticket, form=form, status=422)
    try:
        entry = _write(request, ticket, form.cleaned_data)
    except ChangedMeanwhile as changed:
        newer = newer_lines(changed)
        see_again(form, changed)
        form.add_error(None, str(changed))
        # The thread shows what is new; the ticket that was loaded does not.
        return show_ticket(request, load_for_page(request, number), form=form, newer=newer, status=422)
    except DeedRefused as refused:
        form.add_error("body", str(refused))
        return show_ticket(request, ticket, form=form, status=422)
    if not _is_what_was_sent(entry, form.cleaned_data):
        form.add_error("body", _("This form was sent before with other words or files. Send again to add these too."))
        fresh = data.copy()
        fresh["request_key"] = new_key()
        form.data = fresh
        return show_ticket(request, load_for_page(request, number), form=form, status=422)
    done = _done(ticket, form.cleaned_data["then"])
    draft = f"{request.user.pk}:{number}:{entry.kind}"
    return finish(request, ticket, done, fragment=f"e{entry.number}", sent=draft, to=_next(request, ticket, entry))


def _next(request: AgentRequest, ticket: Ticket, entry: ThreadEntry) -> str:
    """Return where the agent goes on after a reply, as they chose; "" for the ticket. After a note they stay.

    The next ticket is the one that stood behind this one as the reply was sent; behind the last comes the queue.
    """
    origin, wanted = Origin.read(request.GET), Preferences.of(request.user).after_reply
    if entry.kind == EntryKind.NOTE or wanted == AfterReply.TICKET:
        return ""
    following = getattr(ticket, "next_number", None)
    if wanted == AfterReply.NEXT and following:
        return ticket_url(following, origin)
    return origin.url


def _write(request: AgentRequest, ticket: Ticket, cleaned: dict[str, Any]) -> ThreadEntry:
    written = {
        "ticket": ticket,
        "text": cleaned["body"],
        "files": cleaned["attachments"],
        "by": request.principal,
        "at": now(),
        "seen": cleaned["seen"],
        "request_key": cleaned["request_key"],
    }
    if cleaned["kind"] == EntryKind.NOTE:
        return actions.add_note(**written)
    if cleaned["then"] == "resolve":
        return actions.reply_and_resolve(**written)
    return actions.reply(**written, keeps=cleaned["then"] == "keep")


def _is_what_was_sent(entry: ThreadEntry, cleaned: dict[str, Any]) -> bool:
    """Say whether the entry holds these words and files: sent twice, a form becomes what it was the first time."""
    kept = set(entry.attachments.values_list("blob", flat=True))
    return entry.text == clean_text(cleaned["body"]) and kept == {file.blob.pk for file in cleaned["attachments"]}


def _done(ticket: Ticket, then: str) -> Done:
    """Say what was done with the reply; that it is mailed only where there is somebody to mail it."""
    number = {"number": ticket.number}
    is_mailed = has_mail()
    match then:
        case "resolve" if Ticket.objects.resolved().filter(pk=ticket.pk).exists():
            words = (
                _("#%(number)s resolved and reply sent")
                if is_mailed
                else _("#%(number)s resolved and reply saved. Not mailed: no mail server is set")
            )
            # What was sent is sent: taking it back reopens the ticket.
            return Done(words % number, Undo("reopen"))
        case "resolve":
            return Done(_("This reply to #%(number)s was sent before, and the ticket is not resolved") % number)
        case "await":
            words = (
                _("Reply to #%(number)s sent, awaiting requester")
                if is_mailed
                else _("Reply to #%(number)s saved, awaiting requester. Not mailed: no mail server is set")
            )
            return Done(words % number)
        case "keep":
            words = (
                _("Reply to #%(number)s sent, we keep working on it")
                if is_mailed
                else _("Reply to #%(number)s saved, we keep working on it. Not mailed: no mail server is set")
            )
            return Done(words % number)
    return Done(_("Note added to #%(number)s") % number)
