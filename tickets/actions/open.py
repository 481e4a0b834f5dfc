"""Open a ticket."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Address, Permission, Signs
from accounts.principal import Face, Principal
from core.models import NewFile
from core.prepared import insert, insert_unless_taken, known
from sla.models import Priority, Target
from tickets import automatic, clocks, events, limit, numbers, policy
from tickets.actions import organization_rules
from tickets.actions.answer import answer_automatically
from tickets.actions.assign import give
from tickets.actions.locking import lock_address
from tickets.errors import DeedRefused, NotAllowed, NotOffered, TooManyOpen
from tickets.models import Cause, Department, EntryKind, HelpTopic, Kind, Participant, Source, Ticket, TicketClock
from tickets.routing import Route, route
from tickets.thread import add_entry, clean_text, sent_before, written

NUMBER_COLLISIONS = 5


def open_ticket(
    *,
    address: Address,
    topic: HelpTopic | None,
    subject: str,
    text: str,
    source: Source,
    by: Principal,
    at: datetime,
    html: str = "",
    files: Sequence[NewFile] = (),
    priority: Priority | None = None,
    department: Department | None = None,
    acknowledges: bool = True,
    alerts: bool = True,
    request_key: str = "",
    follows: Ticket | None = None,
    signs: Signs | None = None,
    number: str = "",
    is_limited: bool = True,
    deed: UUID | None = None,
) -> Ticket:
    """Open a ticket for the person behind `address`; department, priority, plan and who gets it come from the topic.

    Sent twice with the same `request_key`, by the same person, it is one ticket, returned both times.
    `priority` replaces the topic's, and so does `department`, which a mailbox names. Unless `acknowledges`, no
    mail confirms it; unless `alerts`, no mail tells agents. `signs` is how an agent's mail ends; None: as they always
    sign. `number` was drawn before, for a ticket that had to wait. Unless `is_limited`, an administrator let it in,
    however many the person has. Raises TooManyOpen (tickets.limit); NotOffered for a topic that is archived or
    disabled, or internal while a requester acts; NothingWritten without text and files; NotAllowed for an agent of
    whose roles none includes it; DeedRefused for a person who is switched off. Not to be called with a ticket
    locked: numbers are reserved first.
    """
    _check(address, topic, by)
    text = written(text, files)
    # An agent writes down what somebody told them: the words are the agent's.
    author = by.user if by.acts_as_agent else address.user
    chosen = route(topic, priority, _who_chose(by))
    if department is not None:
        chosen = chosen.with_department(department)
    # Within a transaction a sequence stays locked to its end: after the addresses then, as everywhere.
    number = number or ("" if connection.in_atomic_block else numbers.draw(chosen.topic))
    # Of the person whose address is locked nothing comes twice at once. An agent may write for two.
    may_meet = author != address.user
    try:
        with transaction.atomic(savepoint=may_meet):
            if (held := lock_address(address)).user_id != address.user_id:
                # Meanwhile somebody showed that they read it.
                author = held.user if author == address.user else author
                by = replace(by, user=held.user) if by.user == address.user else by
                address = held
            if before := sent_before(author, request_key):
                return before.ticket
            if not is_limited or limit.has_room(address.user, by):
                chosen = chosen.with_organization(address.user.organization)
                number = number or numbers.draw(chosen.topic)
                ticket, wound = _made(number, address, chosen, subject, source, at, follows)
                _write(ticket)
                ticket.first_entry = add_entry(
                    ticket,
                    EntryKind.MESSAGE,
                    author=author,
                    text=text,
                    source=source,
                    at=at,
                    html=html,
                    files=files,
                    request_key=request_key,
                    is_counted=True,
                )
                _record(
                    ticket, wound, address, chosen, by, at, deed, acknowledges=acknowledges, alerts=alerts, signs=signs
                )
                return ticket
    except IntegrityError:
        if may_meet and (before := sent_before(author, request_key)):
            return before.ticket
        raise
    raise TooManyOpen(number)


def _check(address: Address, topic: HelpTopic | None, by: Principal) -> None:
    """Raise NotOffered, NotAllowed or DeedRefused where the ticket cannot be opened."""
    # Who writes a mail chose no topic: the mailbox did, which may name an internal one.
    is_their_choice = by.acts_as_requester and by.face != Face.MAIL
    if topic is not None and not (topic.is_offered if is_their_choice else topic.is_enabled):
        raise NotOffered(_("This help topic is no longer offered. Choose another."))
    if by.acts_as_agent and not (verdict := policy.allows(by, Permission.CREATE)):
        raise NotAllowed(verdict)
    if not address.user.is_active:
        raise DeedRefused(_("Tickets cannot be opened with this e-mail address."))


def _who_chose(by: Principal) -> str:
    if by.acts_as_agent:
        return "agent"
    return "api" if by.face == Face.API else "mailbox"


def foresee(
    address: Address, topic: HelpTopic | None, *, number: str, at: datetime
) -> tuple[Ticket, list[TicketClock]]:
    """Return the ticket that this person would open now by the portal, with its clocks; nothing is written."""
    chosen = route(topic, None, "mailbox").with_organization(address.user.organization)
    return _made(number, address, chosen, "", Source.WEB, at)


def _made(
    number: str,
    address: Address,
    chosen: Route,
    subject: str,
    source: Source,
    at: datetime,
    follows: Ticket | None = None,
) -> tuple[Ticket, list[TicketClock]]:
    """Return the ticket as it will be once it is opened, with the clocks that are to start."""
    ticket = Ticket(
        number=number,
        subject=" ".join(clean_text(subject).split())[:1000],
        source=source,
        requester=address.user,
        organization=address.user.organization,
        topic=chosen.topic,
        department=chosen.department,
        priority=chosen.priority,
        sla_plan=chosen.sla_plan,
        follow_up_of=follows,
        opened_at=at,
        last_activity_at=at,
        entry_count=1,
        last_event_number=1,
    )
    return ticket, clocks.wind(ticket, [Target.FIRST_RESPONSE, Target.RESOLUTION], since=at)


def _write(ticket: Ticket) -> None:
    """Write the ticket, with another number if somebody has its own."""
    for _attempt in range(NUMBER_COLLISIONS):
        if insert_unless_taken(ticket, "number"):
            return
        ticket.number = numbers.reserve(ticket.topic)
    raise RuntimeError("every ticket number was taken meanwhile")


def _record(
    ticket: Ticket,
    wound: Sequence[TicketClock],
    address: Address,
    chosen: Route,
    by: Principal,
    at: datetime,
    deed: UUID | None,
    *,
    acknowledges: bool,
    alerts: bool,
    signs: Signs | None,
) -> None:
    requester = insert(Participant(ticket=ticket, user=address.user, address=address, added_at=at))
    clocks.start_wound(ticket, wound, since=at, cause=Kind.OPENED)
    data: dict[str, Any] = {"entry": ticket.first_entry, "routing": chosen.reasons}
    if ticket.follow_up_of_id is not None:
        data["follows"] = ticket.follow_up_of_id
    if signs is not None:
        data["signs"] = signs.value
    if not acknowledges:
        data["quiet"] = True
    if answer := automatic.answer_to(ticket, by, acknowledges=acknowledges):
        data["answered"] = True
    quietly = {} if alerts else {"unalerted": True}
    deed = deed or events.new_deed()
    with known((Participant.question(ticket), [requester])):
        events.record_counted(Kind.OPENED, ticket, by=by, at=at, deed=deed, **data, **quietly)
    if chosen.holder is not None:
        # The requester had no say in it. A demo stays one.
        cause = by.cause or Cause.ROUTING
        give(ticket, chosen.holder, by=Principal.system(cause), at=at, deed=deed, **quietly)
    # After whom the help topic names.
    organization_rules.apply(ticket, at=at, deed=deed)
    if answer is not None:
        answer_automatically(ticket, answer, address, came_by=by.face, at=at, deed=deed)
