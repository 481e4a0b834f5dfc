"""The composer's form: a reply to the requester, or an internal note."""

from contextlib import suppress
from datetime import timedelta
from math import ceil
from typing import Any

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import AfterReply, Preferences, Signs
from core.moments import full_moment
from desk.access import AgentRequest, agent_required
from desk.answers import Done, finish, newer_lines, see_again
from desk.buttons import button
from desk.composer import ReplyForm
from desk.deeds import ticket_url
from desk.forms import new_key
from desk.held import to_edit
from desk.senders import senders_of
from desk.sidebar import Origin
from desk.undo import Undo
from desk.views.ticket import load_for_page, show_ticket
from mail import senders
from tickets import actions
from tickets.errors import ChangedMeanwhile, DeedRefused, SenderNotOffered
from tickets.models import EntryKind, HeldReply, Then, ThreadEntry, Ticket
from tickets.quoting import Leak, quoted_notes
from tickets.thread import clean_text


@agent_required
@button
def reply(request: AgentRequest, number: str) -> HttpResponse:
    return write(request, number, request.POST)


def write(request: AgentRequest, number: str, data: QueryDict) -> HttpResponse:
    """Add what was written, and what the button said; if that cannot be done, show the ticket with the text kept."""
    ticket = load_for_page(request, number)
    form = ReplyForm(data, request.FILES, ticket=ticket, by=request.user, senders=senders_of(request.principal, ticket))
    if not form.is_valid():
        return show_ticket(request, ticket, form=form, status=422)
    if leaks := _leaks(ticket, form):
        again = data.copy()
        again["leaks"] = " ".join([*form.known_leaks(), *(leak.key for leak in leaks)])
        form.data = again
        return show_ticket(request, ticket, form=form, leaks=leaks, status=422)
    try:
        done = _hold_or_write(request, ticket, form)
    except ChangedMeanwhile as changed:
        newer = newer_lines(changed)
        see_again(form, changed)
        form.add_error(None, str(changed))
        # The thread shows what is new; the ticket that was loaded does not.
        return show_ticket(request, load_for_page(request, number), form=form, newer=newer, status=422)
    except DeedRefused as refused:
        form.add_error("sender" if isinstance(refused, SenderNotOffered) else "body", str(refused))
        return show_ticket(request, ticket, form=form, status=422)
    if not _is_what_was_sent(done, form.cleaned_data):
        form.add_error("body", _sent_before(done))
        fresh = data.copy()
        fresh["request_key"] = new_key()
        form.data = fresh
        return show_ticket(request, load_for_page(request, number), form=form, status=422)
    if form.cleaned_data["kind"] == EntryKind.REPLY:
        _let_go_of_held(request, ticket, form.cleaned_data["held"], done)
    draft = f"{request.user.pk}:{number}:{form.cleaned_data['kind']}"
    if isinstance(done, HeldReply):
        told, fragment = _waits(request, ticket, done), f"held-{done.pk}"
    else:
        told = _done(ticket, form.cleaned_data["then"], why_not=_why_not_mailed(ticket, form))
        fragment = f"e{done.number}"
    to = _next(request, ticket, form.cleaned_data["kind"])
    return finish(request, ticket, told, fragment=fragment, sent=draft, to=to)


def _next(request: AgentRequest, ticket: Ticket, kind: str) -> str:
    """Return where the agent goes on after a reply, as they chose; "" for the ticket. After a note they stay.

    The next ticket is the one that stood behind this one as the reply was sent; behind the last comes the queue.
    """
    origin, wanted = Origin.read(request.GET), Preferences.of(request.user).after_reply
    if kind == EntryKind.NOTE or wanted == AfterReply.TICKET:
        return ""
    following = getattr(ticket, "next_number", None)
    if wanted == AfterReply.NEXT and following:
        return ticket_url(following, origin)
    return origin.url


def _leaks(ticket: Ticket, form: ReplyForm) -> list[Leak]:
    """Return what a reply quotes of internal notes, without what the agent was told and sends all the same."""
    if form.cleaned_data["kind"] == EntryKind.NOTE:
        return []
    return quoted_notes(ticket, form.cleaned_data["text"], told=form.known_leaks())


def _hold_or_write(request: AgentRequest, ticket: Ticket, form: ReplyForm) -> ThreadEntry | HeldReply:
    """Add a note at once; hold a reply until the time that was chosen, or for as long as it may be taken back."""
    cleaned, at = form.cleaned_data, now()
    written: dict[str, Any] = {
        "ticket": ticket,
        "text": cleaned["text"],
        "html": cleaned["html"],
        "files": cleaned["attachments"],
        "by": request.principal,
        "at": at,
        "seen": cleaned["seen"],
        "request_key": cleaned["request_key"],
    }
    if cleaned["kind"] == EntryKind.NOTE:
        return actions.add_note(**written)
    written["to"] = _chosen(ticket, form)
    written["signs"] = Signs(cleaned["signs"]) if cleaned["signs"] else None
    written["sender"] = cleaned["sender"]
    undo = timedelta(seconds=Preferences.of(request.user).undo_seconds)
    if cleaned["send_at"] or undo:
        send_at, is_scheduled = cleaned["send_at"] or at + undo, cleaned["send_at"] is not None
        written["told"] = form.known_leaks()
        return actions.hold(**written, then=Then(cleaned["then"]), send_at=send_at, is_scheduled=is_scheduled)
    if cleaned["then"] == "resolve":
        return actions.reply_and_resolve(**written)
    return actions.reply(**written, keeps=cleaned["then"] == "keep")


def _chosen(ticket: Ticket, form: ReplyForm) -> list[int] | None:
    """Return the addresses that the reply is mailed to, None for all: those who came to take part since as well."""
    left_out = form.left_out()
    if not left_out:
        return None
    return list(ticket.participants.exclude(pk__in=left_out).values_list("address", flat=True))


def _is_what_was_sent(done: ThreadEntry | HeldReply, cleaned: dict[str, Any]) -> bool:
    """Say whether it holds these words and files: sent twice, a form becomes what it was the first time.

    What was taken back in the meantime is not sent by that.
    """
    if isinstance(done, HeldReply) and not done.waits:
        return False
    files = done.files if isinstance(done, HeldReply) else done.attachments
    kept = set(files.values_list("blob", flat=True))
    said = (clean_text(cleaned["text"]), clean_text(cleaned["html"]))
    return (done.text, done.html) == said and kept == {file.blob.pk for file in cleaned["attachments"]}


def _sent_before(done: ThreadEntry | HeldReply) -> str:
    if isinstance(done, HeldReply) and not done.waits:
        return _("This form was sent before, and the reply did not go. Send again to send it now.")
    return _("This form was sent before with other words or files. Send again to add these too.")


def _let_go_of_held(request: AgentRequest, ticket: Ticket, pk: int | None, done: ThreadEntry | HeldReply) -> None:
    """Throw away the reply that was taken up in the composer: its words are sent, or wait, by now."""
    taken_up = to_edit(ticket, pk)
    if taken_up is not None and taken_up != done:
        # Whoever sent or discarded it meanwhile did what is left to do.
        with suppress(DeedRefused):
            actions.discard(held=taken_up, by=request.principal, at=now())


def _waits(request: AgentRequest, ticket: Ticket, held: HeldReply) -> Done:
    """Say when the reply goes, with the way to take it back."""
    url = reverse("desk:held-undo", args=[ticket.number, held.pk]) + Origin.read(request.GET).query
    told: dict[str, object] = {"number": ticket.number}
    if held.is_scheduled:
        told["moment"] = full_moment(held.send_at)
        return Done(_("Reply to #%(number)s goes on %(moment)s") % told, undo_url=url)
    seconds = max(1, ceil((held.send_at - now()).total_seconds()))
    return Done(_("Reply to #%(number)s is about to go") % told, undo_url=url, undo_seconds=seconds)


def _why_not_mailed(ticket: Ticket, form: ReplyForm) -> str:
    """Return why nobody is mailed the reply, "" if somebody is."""
    if not senders.has_any_way():
        return _("Not mailed: no mail server is set")
    return _("Mailed to nobody, as you chose") if _chosen(ticket, form) == [] else ""


def _done(ticket: Ticket, then: str, *, why_not: str) -> Done:
    """Say what was done with the reply; that it is sent only where somebody is mailed."""
    match then:
        case "resolve" if Ticket.objects.resolved().filter(pk=ticket.pk).exists():
            sent, saved = _("#%(number)s resolved and reply sent"), _("#%(number)s resolved and reply saved")
        case "resolve":
            return Done(
                _("This reply to #%(number)s was sent before, and the ticket is not resolved")
                % {"number": ticket.number}
            )
        case "await":
            sent = _("Reply to #%(number)s sent, awaiting requester")
            saved = _("Reply to #%(number)s saved, awaiting requester")
        case "keep":
            sent = _("Reply to #%(number)s sent, we keep working on it")
            saved = _("Reply to #%(number)s saved, we keep working on it")
        case _:
            return Done(_("Note added to #%(number)s") % {"number": ticket.number})
    said = (saved if why_not else sent) % {"number": ticket.number}
    # What was sent is sent: taking it back reopens the ticket.
    return Done(f"{said}. {why_not}" if why_not else said, Undo("reopen") if then == "resolve" else None)
