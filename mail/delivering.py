"""From a parsed mail to what is done: the screening, the match, and the one action that both lead to."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import bouncing
from accounts.joining import shown_to_read
from accounts.models import Address
from accounts.people import address_of
from accounts.principal import Principal
from core.models import SiteSettings
from core.prepared import Question
from mail import commands, contents, matching, over_limit, proof, recipients, screening, waiting_forms
from mail.addresses import OwnAddresses
from mail.contents import Contents
from mail.ignoring import Ignored, ignored
from mail.keeping import Held, OneTooMany
from mail.matching import Found
from mail.models import Door, IncomingMail, IncomingState, Mailbox, Reason, Remark
from mail.outcome import Outcome, Remarks
from mail.parsing import ParsedMail
from mail.proof import Proof
from mail.words import one_line
from sla.models import Priority
from tickets import actions
from tickets.actions.locking import lock_address
from tickets.errors import DeedRefused, TooManyOpen
from tickets.models import Source, ThreadEntry, Ticket
from tickets.thread import sent_before


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that a person wrote, with all that is needed to decide on it.

    `mailbox` is by which it is routed, `authentication` what is believed of its sender (mail.proof).
    """

    held: Held
    parsed: ParsedMail
    address: Address
    mailbox: Mailbox | None
    own: OwnAddresses
    site: SiteSettings
    at: datetime
    authentication: dict[str, str]

    @property
    def mail(self) -> IncomingMail:
        return self.held.mail

    @property
    def is_of_a_program(self) -> bool:
        return _is_of_a_program(self.parsed)

    @property
    def key(self) -> str:
        """What the entry of this mail carries, so that there is never a second one."""
        return key_of(self.mail)


def _is_of_a_program(parsed: ParsedMail) -> bool:
    """Say whether no person wrote it; bounces and automatic answers come this far when they are let through."""
    return parsed.bulk or parsed.auto_reply or parsed.bounce is not None


def key_of(mail: IncomingMail) -> str:
    return f"mail:{mail.pk}"


def deliver(held: Held, parsed: ParsedMail, sender: str, own: OwnAddresses, *, at: datetime) -> Outcome:
    """Do with the mail what is to be done, and say what that was. Run again, it says the same.

    It may be written down already then: in the transaction that made its entry. Raises ClaimLost, IntegrityError if the
    mail came before (mail.keeping).
    """
    mail = held.mail
    if mail.entry is not None:
        return _done_before(mail.entry, parsed)
    mailbox = recipients.mailbox_of(parsed, own) or mail.mailbox
    takes_generated = mailbox is not None and mailbox.takes_generated
    reason = screening.nobody_wrote_this(parsed, sender, own, takes_generated=takes_generated)
    if reason and not mail.is_let_through:
        return ignored(Ignored(held, parsed, sender, mailbox, at), reason)
    if not sender:
        return _waits(Reason.NO_SENDER)
    site = SiteSettings.load()
    if not mail.is_let_through and (waits := _why_it_waits(mail, sender, site, at)):
        return _waits(waits)
    address = address_of(sender, name=_name(parsed))
    if not address.user.is_active:
        return _waits(Reason.SWITCHED_OFF)
    found, proven = proof.checked(mail, parsed, sender, mailbox)
    if proven == Proof.PASSED and not address.is_verified:
        # Who had only claimed it loses it.
        address = shown_to_read(address.email, at=at)
    elif proven == Proof.PASSED:
        bouncing.proved(address)
    outcome = _into_ticket(Arrival(held, parsed, address, mailbox, own, site, at, found), proven)
    outcome.authentication = found
    return outcome


def _why_it_waits(mail: IncomingMail, sender: str, site: SiteSettings, at: datetime) -> Reason | None:
    if screening.writes_too_much(mail, sender, site=site, at=at):
        return Reason.TOO_MANY
    if not site.mail_from_strangers and screening.is_stranger(sender):
        return Reason.STRANGER
    return None


def force(mail: IncomingMail, parsed: ParsedMail, ticket: Ticket, *, at: datetime) -> Outcome:
    """Put the mail into a ticket as a message of its sender, who takes no part by that. Raises DeedRefused."""
    parsed, sender = waiting_forms.read(mail, parsed)
    if not sender:
        raise DeedRefused(_("The mail does not say who sent it, so nobody can have written the message."))
    address = address_of(sender, name=_name(parsed))
    is_form = mail.door == Door.PORTAL
    written = contents.of(mail, parsed, is_answer=not is_form and SiteSettings.load().mail_strips_quotes)
    entry = actions.add_message(
        ticket=ticket,
        address=address,
        text=written.text,
        html=written.html,
        source=Source.WEB if is_form else Source.MAIL,
        by=Principal.system(key_of(mail)),
        at=at,
        files=written.files,
        acknowledges=not _is_of_a_program(parsed),
        request_key=key_of(mail),
    )
    state = IncomingState.MESSAGE if entry.ticket_id == ticket.pk else IncomingState.TICKET
    return Outcome(
        state,
        Reason.FORCED,
        ticket=entry.ticket,
        entry=entry,
        remarks=[*written.remarks],
        remote_images=parsed.remote_images,
    )


def _name(parsed: ParsedMail) -> str:
    return one_line(parsed.from_.name, 120) if parsed.from_ else ""


def _waits(reason: Reason, ticket: Ticket | None = None, error: str = "") -> Outcome:
    return Outcome(IncomingState.QUARANTINED, reason, ticket=ticket, error=error)


def _done_before(entry: ThreadEntry, parsed: ParsedMail) -> Outcome:
    """Return what an earlier try did that did not live to write all of it down."""
    state, reason = IncomingState.TICKET, Reason.NEW
    if entry.number > 1:
        state, reason = IncomingState(str(entry.kind)), Reason.REFERENCES
    return Outcome(state, reason, ticket=entry.ticket, entry=entry, remote_images=parsed.remote_images)


def _into_ticket(arrival: Arrival, proven: Proof) -> Outcome:
    parsed, address, at = arrival.parsed, arrival.address, arrival.at
    if arrival.mail.door == Door.PORTAL:
        # It was filled in to open a ticket, whatever its subject names.
        found = Found(Reason.NEW, Principal.mail(address.user, None, arrival.key))
    else:
        found = matching.find(parsed, address.user, proof=proven, cause=arrival.key, at=at)
    into = None if arrival.mail.is_let_through else found.ticket
    if into is not None and screening.writes_too_much_into(into, address.email, at):
        return _waits(Reason.TOO_MANY, into)
    # An answer is shown without what it quotes; what opens a ticket is shown whole.
    is_answer = found.ticket is not None and arrival.site.mail_strips_quotes
    written = contents.of(arrival.mail, parsed, is_answer=is_answer)
    remarks: Remarks = [*found.remarks, *written.remarks]
    if len(parsed.senders) > 1:
        remarks.append((Remark.TWO_SENDERS, {}))
    if found.ticket is not None and found.deed in commands.OF_AGENTS:
        return _obey(arrival, found, found.ticket, written, remarks)
    try:
        outcome = _write(arrival, found, written, remarks)
    except TooManyOpen:
        if not arrival.is_of_a_program:
            arrival.held.claim_identity()
            over_limit.tell(address, about=arrival.key, site=arrival.site, at=at)
        return _waits(Reason.TOO_MANY_OPEN)
    except DeedRefused as refusal:
        return _waits(Reason.REFUSED, found.ticket, error=str(refusal))
    except OneTooMany:
        return _waits(Reason.TOO_MANY, found.ticket)
    if not arrival.held.is_finished:
        _let_take_part(arrival, found, remarks)
    return outcome


@transaction.atomic
def _write(arrival: Arrival, found: Found, written: Contents, remarks: Remarks) -> Outcome:
    """Make the entry, and let the ledger know of it: both or neither.

    So it is found again by its mail alone: meanwhile the address may have become somebody else's, or the entry.
    """
    entry, state = _add(arrival, found, written, remarks) if found.ticket else _open(arrival, found, written, remarks)
    outcome = Outcome(
        state,
        found.reason,
        ticket=entry.ticket,
        entry=entry,
        remarks=remarks,
        authentication=arrival.authentication,
        remote_images=arrival.parsed.remote_images,
    )
    limits = _limits(arrival, into=found.ticket)
    if found.ticket is not None and state == IncomingState.MESSAGE and _names_others(arrival):
        arrival.held.put_into(entry, limits)
    else:
        arrival.held.finish(outcome, arrival.at, limits)
    return outcome


def _limits(arrival: Arrival, *, into: Ticket | None = None) -> Question | None:
    """Return what is asked once more when the mail is taken in: by then the sender's address is locked."""
    if arrival.mail.is_let_through:
        return None
    held = (arrival.mail, arrival.held.claim)
    return screening.within_limits(held, arrival.mail.sender, site=arrival.site, at=arrival.at, ticket=into)


def _open(arrival: Arrival, found: Found, written: Contents, remarks: Remarks) -> tuple[ThreadEntry, IncomingState]:
    mailbox = recipients.with_routing(arrival.mailbox)
    form = waiting_forms.asked(arrival.mail)
    topic = mailbox.topic if mailbox and mailbox.topic and mailbox.topic.is_enabled else None
    ticket = actions.open_received(
        address=arrival.address,
        topic=form.topic if form else topic,
        subject=written.subject,
        text=written.text,
        html=written.html,
        source=Source.WEB if form else Source.MAIL,
        by=found.by,
        at=arrival.at,
        files=written.files,
        priority=_priority(arrival, mailbox),
        department=mailbox.department if mailbox else None,
        collaborators=_collaborators(arrival, remarks),
        also_told=recipients.other_departments(arrival.parsed, arrival.own, mailbox),
        acknowledges=_is_acknowledged(arrival),
        request_key=arrival.key,
        number=form.number if form else "",
        is_limited=not arrival.mail.is_let_through,
    )
    entry = ticket.first_entry
    if entry.request_key != arrival.key and (before := sent_before(arrival.address.user, arrival.key)):
        # An earlier try made a message of it.
        return before, IncomingState.MESSAGE
    entry.ticket = ticket
    return entry, IncomingState.TICKET


def _is_acknowledged(arrival: Arrival) -> bool:
    """Say whether a mail may confirm it: what nobody wrote by hand is not answered."""
    return (arrival.mailbox is None or arrival.mailbox.acknowledges) and not arrival.is_of_a_program


def _add(arrival: Arrival, found: Found, written: Contents, remarks: Remarks) -> tuple[ThreadEntry, IncomingState]:
    assert found.ticket is not None
    given: dict[str, Any] = {
        "ticket": found.ticket,
        "text": written.text,
        "html": written.html,
        "source": Source.MAIL,
        "by": found.by,
        "at": arrival.at,
        "files": written.files,
        "acknowledges": _is_acknowledged(arrival),
        "request_key": arrival.key,
        "is_limited": not arrival.mail.is_let_through,
    }
    # Before the ticket, as everywhere: one that is too old is followed by a new one.
    lock_address(arrival.address)
    entry = actions.add_message(address=arrival.address, **given)
    if entry.ticket_id != found.ticket.pk:
        remarks.append((Remark.TICKET_TOO_OLD, {"ticket": found.ticket.number}))
        return entry, IncomingState.TICKET
    return entry, IncomingState.MESSAGE


def _obey(arrival: Arrival, found: Found, ticket: Ticket, written: Contents, remarks: Remarks) -> Outcome:
    """Do what an agent's mail says: its words are theirs, and it may command."""
    arrival.held.claim_identity()
    given = (arrival.held, arrival.address, ticket, found.by, found.deed, written, arrival.at, arrival.key)
    try:
        done = commands.obey(commands.Order(*given, limits=_limits(arrival)))
    except DeedRefused as refusal:
        return _waits(Reason.REFUSED, ticket, error=str(refusal))
    except OneTooMany:
        return _waits(Reason.TOO_MANY, ticket)
    return Outcome(
        done.state,
        found.reason,
        ticket=ticket,
        entry=done.entry,
        remarks=[*done.remarks, *remarks],
        remote_images=arrival.parsed.remote_images,
    )


def _let_take_part(arrival: Arrival, found: Found, remarks: Remarks) -> None:
    """Add who was written to besides us, who then read all that was ever written there.

    A number and a From, which anybody can write, are not enough for that.
    """
    assert found.ticket is not None
    if not recipients.may_add(found):
        return
    if found.is_vouched:
        # Since they were asked whether they may, somebody can have taken them off the ticket.
        with suppress(DeedRefused):
            recipients.let_take_part(found, _collaborators(arrival, remarks), at=arrival.at)
    elif recipients.are_new(arrival.parsed, arrival.address, arrival.own, found.ticket):
        remarks.append((Remark.RECIPIENTS_LEFT_OUT, {}))


def _priority(arrival: Arrival, mailbox: Mailbox | None) -> Priority | None:
    """Return the priority that the mail asks for, if that counts, else the mailbox's (PARITY I13, I18)."""
    if arrival.site.mail_sets_priority and arrival.parsed.priority == "high":
        return Priority.objects.filter(archived_at=None).order_by("level").first()
    return mailbox.priority if mailbox else None


def _adds_collaborators(arrival: Arrival) -> bool:
    """Say whether recipients take part (PARITY I16); of a list, or a robot, nobody does."""
    return arrival.site.mail_adds_collaborators and not arrival.is_of_a_program


def _names_others(arrival: Arrival) -> bool:
    """Say whether somebody was written to besides us who may take part by that."""
    return _adds_collaborators(arrival) and recipients.are_named(arrival.parsed, arrival.address, arrival.own)


def _collaborators(arrival: Arrival, remarks: Remarks) -> list[Address]:
    """Return who was written to besides us and takes part."""
    if not _adds_collaborators(arrival):
        return []
    people, are_all = recipients.people(arrival.parsed, arrival.address, arrival.own)
    if not are_all:
        remarks.append((Remark.MORE_RECIPIENTS, {}))
    return people
