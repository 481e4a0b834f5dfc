"""What an agent commands by mail (PARITY V17): all of it is done, or none, and then the words go to nobody outside.

Only a mail that counts as the agent's comes here: to the address signed for them, vouched for (mail.matching). A
command that is not understood or refused makes the whole mail an internal note: words below a mistyped "#note" must
never reach the requester.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.letters import in_the_words_of
from accounts.models import Address, Confirms, Preferences, Team, User
from accounts.principal import Principal
from core import durations
from core.models import NewFile
from core.prepared import Question
from mail import outbox
from mail.command_lines import Line, Name, split
from mail.contents import Contents
from mail.keeping import Held
from mail.models import IncomingMail, IncomingState, OutgoingMail, Remark, Template
from mail.outcome import Remarks, told
from sla.models import Priority
from tickets import actions, events, policy
from tickets.actions.locking import lock_address
from tickets.errors import DeedRefused
from tickets.models import Source, Status, ThreadEntry, Ticket, TicketEvent
from tickets.policy import Deed

# What a mail is by which an agent acts.
OF_AGENTS = frozenset({Deed.REPLY, Deed.NOTE})
# Two robots that answer each other get no further.
MOST_CONFIRMED = 60
CONFIRMED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Order:
    """An agent's mail into a ticket: who, where, what it says, and the key by which it is known again."""

    held: Held
    address: Address
    ticket: Ticket
    by: Principal
    # What the words become by themselves: a reply, or a note where the agent may only note.
    deed: Deed
    written: Contents
    at: datetime
    key: str
    # How much the agent may send (screening.within_limits).
    limits: Question | None = None

    @property
    def mail(self) -> IncomingMail:
        return self.held.mail


@dataclass(slots=True)
class Done:
    """What became of it; without an entry the mail was nothing but commands."""

    state: IncomingState
    entry: ThreadEntry | None
    remarks: Remarks


class _Refused(Exception):
    def __init__(self, line: Line, why: str) -> None:
        super().__init__(why)
        self.line = line


def obey(order: Order) -> Done:
    """Do what the mail says, and tell its author if they want to hear it.

    Raises DeedRefused where not even a note is open to them, OneTooMany where they sent too much meanwhile, ClaimLost
    where somebody else has the mail by now. Run again after a crash it does nothing twice: every event carries the
    mail's key as its cause.
    """
    lines, words = split(order.written.text)
    assert order.by.user is not None
    with in_the_words_of(order.by.user):
        if before := _done_before(order):
            return before
        try:
            with transaction.atomic():
                lock_address(order.address)
                done = _do(order, lines, words)
                _keep(order, done)
                _confirm(order, used_commands=bool(lines), went_wrong=False)
                return done
        except _Refused as refused:
            remark = Remark.COMMAND_REFUSED if refused.line.name else Remark.COMMAND_UNKNOWN
            trouble: Remarks = [(remark, {"line": refused.line.shown, "why": str(refused)})]
        with transaction.atomic():
            lock_address(order.address)
            done = Done(IncomingState.NOTE, _note(order, order.written.text), trouble)
            _keep(order, done)
            _confirm(order, used_commands=True, went_wrong=True)
        return done


def _keep(order: Order, done: Done) -> None:
    """Let the ledger know of it in the same transaction: the entry makes the mail known when it is taken in again.

    The confirmation reads the remarks, and may be written before the rest of the outcome is.
    """
    order.held.put(order.limits, entry=done.entry, ticket=order.ticket, remarks=told(done.remarks))


def _done_before(order: Order) -> Done | None:
    """Return what an earlier try did that was nothing but commands; of an entry the mail's row would know."""
    if order.mail.attempts <= 1:
        return None
    did = TicketEvent.objects.filter(ticket=order.ticket, cause=order.key).exists()
    return Done(IncomingState.COMMANDS, None, []) if did else None


# --- Doing it -------------------------------------------------------------------------------------


def _do(order: Order, lines: Sequence[Line], words: str) -> Done:
    for line in lines:
        if line.name is None:
            raise _Refused(line, "")
    deed = events.new_deed()
    named = {line.name: line for line in lines}
    for name in (Name.ASSIGN, Name.PRIORITY, Name.DUE):
        if change := named.get(name):
            _try(change, _CHANGES[name], order, change, deed)
    ends = named.get(Name.CLOSE) or named.get(Name.RESOLVE)
    state, entry = _write(order, named, words, deed)
    # After the words: a reply says whose turn it is, and this says it better.
    for name in (Name.WAIT, Name.SNOOZE):
        if wait := named.get(name):
            _try(wait, _WAITS[name], order, wait, deed)
    if ends is not None:
        _try(ends, _end, order, ends, deed, entry if state == IncomingState.NOTE else None)
    return Done(state, entry, [])


def _try(line: Line, do: Any, *given: Any) -> None:
    try:
        do(*given)
    except DeedRefused as refused:
        raise _Refused(line, str(refused)) from refused


def _write(
    order: Order, named: "dict[Name | None, Line]", words: str, deed: Any
) -> tuple[IncomingState, ThreadEntry | None]:
    """Write what stands below the commands. Files without words go to nobody outside: pictures of a signature do so."""
    files = order.written.files
    if not named:
        if order.deed == Deed.NOTE:
            return IncomingState.NOTE, _note(order, words, deed)
        return IncomingState.REPLY, _reply(order, words, order.written.html, deed)
    shown = [file for file in files if not file.content_id and not file.is_internal]
    if not words.strip() and not shown:
        if note := named.get(Name.NOTE):
            raise _Refused(note, _("There is nothing below it."))
        return IncomingState.COMMANDS, None
    if Name.NOTE in named or order.deed == Deed.NOTE or not words.strip():
        return IncomingState.NOTE, _note(order, words, deed, files)
    return IncomingState.REPLY, _reply(order, words, "", deed)


def _reply(order: Order, words: str, html: str, deed: Any) -> ThreadEntry:
    return actions.reply(text=words, html=html, files=order.written.files, deed=deed, **_as_written(order))


def _note(order: Order, words: str, deed: Any = None, files: Sequence[NewFile] | None = None) -> ThreadEntry:
    kept = order.written.files if files is None else files
    html = order.written.html if words == order.written.text else ""
    return actions.add_note(text=words, html=html, files=kept, deed=deed, **_as_written(order))


def _as_written(order: Order) -> dict[str, Any]:
    return {
        "ticket": order.ticket,
        "by": order.by,
        "at": order.at,
        "source": Source.MAIL,
        "request_key": order.key,
    }


def _end(order: Order, line: Line, deed: Any, note: ThreadEntry | None) -> None:
    """Resolve, and close if that is said; a note beside it says how it was solved."""
    given: dict[str, Any] = {"by": order.by, "at": order.at, "deed": deed}
    ticket = Ticket.objects.get(pk=order.ticket.pk)
    if line.name == Name.RESOLVE or ticket.status != Status.RESOLVED:
        actions.resolve(ticket=ticket, explained_by=note, **given)
    if line.name == Name.CLOSE:
        actions.close(ticket=ticket, **given)


def _assign(order: Order, line: Line, deed: Any) -> None:
    given: dict[str, Any] = {"ticket": order.ticket, "by": order.by, "at": order.at, "deed": deed}
    to = _holder(order, line.argument)
    if to == order.by.user and policy.may(order.by, Deed.CLAIM, order.ticket):
        actions.claim(**given)
    else:
        actions.assign(to=to, **given)


def _holder(order: Order, name: str) -> User | Team:
    """Return the agent or team of that name: the whole one, or an address before its @, else the one that begins so."""
    wanted = name.removeprefix("@").casefold()
    if wanted == "me":
        assert order.by.user is not None
        return order.by.user
    agents = [(one, [one.name, one.email.partition("@")[0]]) for one in policy.assignable(order.ticket.department)]
    teams = [(team, [team.name]) for team in Team.objects.filter(archived_at=None)]
    known: list[tuple[User | Team, list[str]]] = [*agents, *teams]
    exact = [one for one, names in known if wanted in (each.casefold() for each in names)]
    found = exact or [one for one, names in known if names[0].casefold().startswith(f"{wanted} ")]
    if not found:
        raise DeedRefused(_("Nobody of that name can have the ticket."))
    if len(found) > 1:
        raise DeedRefused(_("Several are called so. Write the whole name."))
    return found[0]


def _set_priority(order: Order, line: Line, deed: Any) -> None:
    active = Priority.objects.filter(archived_at=None).order_by("level")
    found = [one for one in active if one.name.casefold() == line.argument.casefold()]
    if len(found) != 1:
        names = ", ".join(one.name for one in active)
        raise DeedRefused(_("There is no such priority. There are: %(names)s.") % {"names": names})
    actions.change_priority(ticket=order.ticket, to=found[0], by=order.by, at=order.at, deed=deed)


def _set_due_date(order: Order, line: Line, deed: Any) -> None:
    to = _ahead(order, line)
    actions.set_due_date(ticket=order.ticket, to=to, by=order.by, at=order.at, deed=deed)


def _await_third_party(order: Order, line: Line, deed: Any) -> None:
    actions.await_third_party(ticket=order.ticket, by=order.by, at=order.at, deed=deed)


def _snooze(order: Order, line: Line, deed: Any) -> None:
    until = _ahead(order, line)
    actions.snooze(ticket=order.ticket, until=until, by=order.by, at=order.at, deed=deed)


def _ahead(order: Order, line: Line) -> datetime:
    """Return the moment that is so far ahead, such as 2d. Raises DeedRefused."""
    try:
        return order.at + durations.parse(line.argument)
    except (ValueError, OverflowError):
        raise DeedRefused(_("Say for how long, such as 4h or 2d.")) from None


_WAITS = {Name.WAIT: _await_third_party, Name.SNOOZE: _snooze}
_CHANGES = {Name.ASSIGN: _assign, Name.PRIORITY: _set_priority, Name.DUE: _set_due_date}


# --- Telling the author ---------------------------------------------------------------------------


def _confirm(order: Order, *, used_commands: bool, went_wrong: bool) -> None:
    """Mail the agent what was done, as often as they want to hear it. What it says is read from the events."""
    assert order.by.user is not None
    wish = Preferences.of(order.by.user).confirms_mail
    if not (went_wrong or wish == Confirms.ALWAYS or (wish == Confirms.COMMANDS and used_commands)):
        return
    event = TicketEvent.objects.filter(ticket=order.ticket, cause=order.key).order_by("-number").first()
    lately = OutgoingMail.objects.filter(recipient=order.address.email, template=Template.AGENT_COMMANDS)
    since = order.at - CONFIRMED_WITHIN
    times = lately.order_by("-pk").values_list("created_at", flat=True)[MOST_CONFIRMED - 1 : MOST_CONFIRMED]
    if event is None or any(time > since for time in times):
        return
    outbox.write([order.address], Template.AGENT_COMMANDS, deed=event.deed, at=order.at, event=event)
