"""From a parsed mail to what is done: the screening, the match, and the one action that both lead to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.joining import shown_to_read
from accounts.models import Address
from accounts.people import address_of
from accounts.principal import Principal
from core.models import SiteSettings
from mail import bounces, contents, matching, proof, recipients, screening
from mail.addresses import OwnAddresses
from mail.contents import Contents
from mail.matching import Found
from mail.models import Door, IncomingMail, IncomingState, Mailbox, Protocol, Reason, Remark
from mail.outcome import Outcome, Remarks
from mail.parsing import ParsedMail
from mail.proof import Proof
from mail.words import one_line
from sla.models import Priority
from tickets import actions
from tickets.errors import DeedRefused
from tickets.models import Source, ThreadEntry, Ticket
from tickets.policy import Deed

STATE_OF_DEED = {
    Deed.MESSAGE: IncomingState.MESSAGE,
    Deed.REPLY: IncomingState.REPLY,
    Deed.NOTE: IncomingState.NOTE,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that a person wrote, with all that is needed to decide on it. `mailbox` is by which it is routed."""

    mail: IncomingMail
    parsed: ParsedMail
    address: Address
    mailbox: Mailbox | None
    own: OwnAddresses
    site: SiteSettings
    at: datetime

    @property
    def is_of_a_program(self) -> bool:
        return self.parsed.bulk or self.parsed.auto_reply

    @property
    def key(self) -> str:
        """What the entry of this mail carries, so that there is never a second one."""
        return key_of(self.mail)


def key_of(mail: IncomingMail) -> str:
    return f"mail:{mail.pk}"


def deliver(mail: IncomingMail, parsed: ParsedMail, sender: str, own: OwnAddresses, *, at: datetime) -> Outcome:
    """Do with the mail what is to be done, and say what that was. Run again, it says the same."""
    mailbox = recipients.mailbox_of(parsed, own) or mail.mailbox
    takes_generated = mailbox is not None and mailbox.takes_generated
    reason = screening.nobody_wrote_this(parsed, sender, own, takes_generated=takes_generated)
    if reason and not mail.is_let_through:
        return _ignored(reason, parsed, at)
    if not sender:
        return _waits(Reason.NO_SENDER)
    site = SiteSettings.load()
    if not mail.is_let_through and (waits := _why_it_waits(sender, site, at)):
        return _waits(waits)
    address = address_of(sender, name=_name(parsed))
    if not address.user.is_active:
        return _waits(Reason.SWITCHED_OFF)
    if mail.attempts > 1 and (outcome := _done_before(mail, parsed, address)):
        return outcome
    # Checked by the server that it came to, whomever it was written to.
    server = mail.mailbox or mailbox
    # The sender chooses whom it is written to: what was handed over never passed the server of a mailbox that we fetch.
    # So with a web hook's envelope; the pipe of a mailbox, and what was fetched from one, did.
    is_handed_over = mail.mailbox is None or mail.door == Door.WEBHOOK
    came_there = server is not None and not (is_handed_over and server.protocol != Protocol.PUSHED)
    found = proof.believed(parsed, sender, server.authserv_id if server and came_there else "")
    proven = proof.proof_of(found, is_checked=bool(server and server.authserv_id))
    if proven == Proof.PASSED and not address.is_verified:
        # Who had only claimed it loses it.
        address = shown_to_read(address.email, at=at)
    outcome = _into_ticket(Arrival(mail, parsed, address, mailbox, own, site, at), proven)
    outcome.authentication = found
    return outcome


def _why_it_waits(sender: str, site: SiteSettings, at: datetime) -> Reason | None:
    if screening.writes_too_much(sender, site=site, at=at):
        return Reason.TOO_MANY
    if not site.mail_from_strangers and screening.is_stranger(sender):
        return Reason.STRANGER
    return None


def force(mail: IncomingMail, parsed: ParsedMail, ticket: Ticket, *, at: datetime) -> Outcome:
    """Put the mail into a ticket as a message of its sender, who takes no part by that. Raises DeedRefused."""
    sender = matching.address_of_sender(parsed)
    if not sender:
        raise DeedRefused(_("The mail does not say who sent it, so nobody can have written the message."))
    address = address_of(sender, name=_name(parsed))
    written = contents.of(mail, parsed, is_answer=SiteSettings.load().mail_strips_quotes)
    entry = actions.add_message(
        ticket=ticket,
        address=address,
        text=written.text,
        html=written.html,
        source=Source.MAIL,
        by=Principal.system(key_of(mail)),
        at=at,
        files=written.files,
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


def _ignored(reason: Reason, parsed: ParsedMail, at: datetime) -> Outcome:
    """Let nothing become of it; where only words speak for that, an administrator decides."""
    outcome = Outcome(IncomingState.IGNORED, reason)
    if reason == Reason.BOUNCE:
        assert parsed.bounce is not None
        outcome.bounced = bounces.note(parsed, at=at)
        outcome.ticket = outcome.bounced.ticket if outcome.bounced else None
        is_guess = parsed.bounce.is_guess and outcome.bounced is None
    else:
        outcome.ticket = matching.named(parsed, at) if reason == Reason.AUTO_REPLY else None
        is_guess = reason == Reason.AUTO_REPLY and parsed.auto_reply_is_guess
    if is_guess:
        outcome.state = IncomingState.QUARANTINED
    return outcome


def _waits(reason: Reason, ticket: Ticket | None = None, error: str = "") -> Outcome:
    return Outcome(IncomingState.QUARANTINED, reason, ticket=ticket, error=error)


def _done_before(mail: IncomingMail, parsed: ParsedMail, address: Address) -> Outcome | None:
    """Return what an earlier try did that did not live to write it down."""
    rows = ThreadEntry.objects.select_related("ticket").filter(author=address.user_id, request_key=key_of(mail))
    entry = rows.first()
    if entry is None:
        return None
    state, reason = IncomingState.TICKET, Reason.NEW
    if entry.number > 1:
        state, reason = IncomingState(str(entry.kind)), Reason.REFERENCES
    return Outcome(state, reason, ticket=entry.ticket, entry=entry, remote_images=parsed.remote_images)


def _into_ticket(arrival: Arrival, proven: Proof) -> Outcome:
    parsed, address, at = arrival.parsed, arrival.address, arrival.at
    found = matching.find(parsed, address.user, proof=proven, cause=arrival.key, at=at)
    if not arrival.mail.is_let_through:
        if found.ticket is None and screening.has_too_many_open(address, arrival.site):
            return _waits(Reason.TOO_MANY_OPEN)
        if found.ticket is not None and screening.writes_too_much_into(found.ticket, address.email, at):
            return _waits(Reason.TOO_MANY, found.ticket)
    # An answer is shown without what it quotes; what opens a ticket is shown whole.
    is_answer = found.ticket is not None and arrival.site.mail_strips_quotes
    written = contents.of(arrival.mail, parsed, is_answer=is_answer)
    remarks: Remarks = [*found.remarks, *written.remarks]
    if len(parsed.senders) > 1:
        remarks.append((Remark.TWO_SENDERS, {}))
    try:
        entry, state = (
            _add(arrival, found, written, remarks) if found.ticket else _open(arrival, found, written, remarks)
        )
    except DeedRefused as refusal:
        return _waits(Reason.REFUSED, found.ticket, error=str(refusal))
    return Outcome(
        state, found.reason, ticket=entry.ticket, entry=entry, remarks=remarks, remote_images=parsed.remote_images
    )


def _open(arrival: Arrival, found: Found, written: Contents, remarks: Remarks) -> tuple[ThreadEntry, IncomingState]:
    mailbox = arrival.mailbox
    ticket = actions.open_received(
        address=arrival.address,
        topic=mailbox.topic if mailbox and mailbox.topic and mailbox.topic.is_enabled else None,
        subject=written.subject,
        text=written.text,
        html=written.html,
        source=Source.MAIL,
        by=found.by,
        at=arrival.at,
        files=written.files,
        priority=_priority(arrival),
        department=mailbox.department if mailbox else None,
        collaborators=_collaborators(arrival, remarks),
        also_told=recipients.other_departments(arrival.parsed, arrival.own, mailbox),
        # What nobody wrote by hand is not answered.
        acknowledges=(mailbox is None or mailbox.acknowledges) and not arrival.is_of_a_program,
        request_key=arrival.key,
    )
    entry = ThreadEntry.objects.get(author=arrival.address.user_id, request_key=arrival.key)
    if entry.ticket_id != ticket.pk:
        return entry, IncomingState.MESSAGE
    entry.ticket = ticket
    return entry, IncomingState.TICKET


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
        "request_key": arrival.key,
    }
    match found.deed:
        case Deed.REPLY:
            entry = actions.reply(**given)
        case Deed.NOTE:
            entry = actions.add_note(**given)
        case _:
            entry = actions.add_message(address=arrival.address, **given)
            if entry.ticket_id == found.ticket.pk:
                _let_take_part(arrival, found, remarks)
    if entry.ticket_id != found.ticket.pk:
        remarks.append((Remark.TICKET_TOO_OLD, {"ticket": found.ticket.number}))
        return entry, IncomingState.TICKET
    return entry, STATE_OF_DEED[found.deed]


def _let_take_part(arrival: Arrival, found: Found, remarks: Remarks) -> None:
    """Add who was written to besides us, who then read all that was ever written there.

    A number and a From, which anybody can write, are not enough for that.
    """
    assert found.ticket is not None
    if not recipients.may_add(found) or not _adds_collaborators(arrival):
        return
    if found.is_vouched:
        recipients.let_take_part(found, _collaborators(arrival, remarks), at=arrival.at)
    elif recipients.are_new(arrival.parsed, arrival.address, arrival.own, found.ticket):
        remarks.append((Remark.RECIPIENTS_LEFT_OUT, {}))


def _priority(arrival: Arrival) -> Priority | None:
    """Return the priority that the mail asks for, if that counts, else the mailbox's (PARITY I13, I18)."""
    if arrival.site.mail_sets_priority and arrival.parsed.priority == "high":
        return Priority.objects.filter(archived_at=None).order_by("level").first()
    return arrival.mailbox.priority if arrival.mailbox else None


def _adds_collaborators(arrival: Arrival) -> bool:
    """Say whether recipients take part (PARITY I16); of a list, or a robot, nobody does."""
    return arrival.site.mail_adds_collaborators and not arrival.is_of_a_program


def _collaborators(arrival: Arrival, remarks: Remarks) -> list[Address]:
    """Return who was written to besides us and takes part."""
    if not _adds_collaborators(arrival):
        return []
    people, are_all = recipients.people(arrival.parsed, arrival.address, arrival.own)
    if not are_all:
        remarks.append((Remark.MORE_RECIPIENTS, {}))
    return people
