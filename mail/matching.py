"""From a mail to the ticket that it belongs to, and as what its sender writes there.

The strongest sign comes first: an address that we signed, a Message-ID that we signed, a Message-ID that we know, the
number in the subject. None of them lets anybody in: the sender must take part in the ticket, or be the agent whom the
address was signed for. Who quotes what they only saw opens a new ticket (PARITY 1.25, 3 and 4; section 4, rule 7).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from accounts.people import normalise
from accounts.principal import Principal
from core.prepared import Prepared, Question
from mail import signing
from mail.addresses import can_be_answered
from mail.models import IncomingMail, OutgoingMail, Reason, Remark
from mail.outcome import Remarks
from mail.parsing import ParsedMail
from mail.proof import Proof
from mail.signing import Role, Signed
from tickets import policy
from tickets.models import Participant, Ticket
from tickets.policy import Deed

# More than these no program that people write with makes.
MOST_IDS = 50
MOST_RECIPIENTS = 100
# So many mails that came with a Message-ID that this one answers are looked at.
MOST_KNOWN = 100
MOST_NUMBERS = 5
_LIVE = Prepared(lambda pk: Ticket.objects.live().filter(pk=pk))
_PART = Prepared(lambda ticket, user: Participant.objects.filter(ticket=ticket, user=user).values_list("pk", flat=True))
_CAME = Prepared(
    lambda ids: IncomingMail.objects.filter(message_id__in=ids, ticket__isnull=False, entry__isnull=False).values_list(
        "pk", "message_id", "ticket"
    )[:MOST_KNOWN]
)
_SENT = Prepared(
    lambda ids: OutgoingMail.objects.filter(message_id__in=ids, ticket__isnull=False).values_list(
        "message_id", "ticket"
    )[:MOST_IDS]
)
_NUMBER = re.compile(r"#\s?([0-9A-Za-z][0-9A-Za-z-]{1,31})")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a mail belongs. Without a ticket it opens one; `deed` is what its sender does there.

    `is_vouched`: its sender's server, or what we signed to the sender alone, speaks for it.
    """

    reason: Reason
    by: Principal
    ticket: Ticket | None = None
    deed: Deed = Deed.MESSAGE
    is_vouched: bool = False
    remarks: Remarks = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing in a mail that names a ticket."""

    ticket_id: int
    reason: Reason
    signed: Signed | None = None


def find(parsed: ParsedMail, sender: User, *, proof: Proof, cause: str, at: datetime) -> Found:
    """Return where the mail belongs, and why. `proof` is what is believed about its sender; reads only."""
    remarks: Remarks = []
    tickets: dict[int, Ticket | None] = {}
    for sign in _signs(parsed, at):
        if sign.ticket_id not in tickets:
            tickets[sign.ticket_id] = _LIVE.first(pk=sign.ticket_id)
        ticket = tickets[sign.ticket_id]
        if ticket is None:
            continue
        if found := _as_agent(sign, ticket, sender, proof, cause):
            return found
        if _is_forged(sign, sender, proof):
            _remark(remarks, Remark.UNPROVEN)
        elif _PART.all(ticket=ticket, user=sender):
            if proof == Proof.REFUTED:
                _remark(remarks, Remark.UNPROVEN)
            by = Principal.mail(sender, ticket.pk, cause)
            is_vouched = proof == Proof.PASSED or _is_signed_to(sign, sender)
            return Found(sign.reason, by, ticket, Deed.MESSAGE, is_vouched, remarks)
        elif sender.is_agent:
            _remark(remarks, Remark.UNSIGNED_AGENT)
        else:
            _remark(remarks, Remark.STRANGER_QUOTED, ticket=ticket.number)
    if proof == Proof.REFUTED:
        _remark(remarks, Remark.UNPROVEN)
    return Found(Reason.NEW, Principal.mail(sender, None, cause), remarks=remarks)


def named(parsed: ParsedMail, at: datetime) -> Ticket | None:
    """Return the ticket that a mail is about, whoever sent it: to show it beside what nobody is let in by."""
    for sign in _signs(parsed, at):
        if ticket := _LIVE.first(pk=sign.ticket_id):
            return ticket
    return None


def _as_agent(sign: Sign, ticket: Ticket, sender: User, proof: Proof, cause: str) -> Found | None:
    """Return what an agent does by this mail: a reply, else a note, as far as their role goes."""
    signed = sign.signed
    if signed is None or signed.role != Role.AGENT or signed.address.user_id != sender.pk:
        return None
    if not sender.is_agent or not proof.lets_agents_act:
        return None
    by = Principal(user=sender, face=Principal.agent(sender).face, cause=cause)
    for deed in (Deed.REPLY, Deed.NOTE):
        if policy.may(by, deed, ticket):
            return Found(sign.reason, by, ticket, deed, is_vouched=True)
    return None


def _is_forged(sign: Sign, sender: User, proof: Proof) -> bool:
    """Say whether the mail must not be taken for its sender's.

    What was signed to the sender's own address proves that they had our mail, even if a list on the way broke the
    signatures of their server.
    """
    return proof == Proof.REFUTED and not _is_signed_to(sign, sender)


def _is_signed_to(sign: Sign, sender: User) -> bool:
    return sign.signed is not None and sign.signed.address.user_id == sender.pk


def _signs(parsed: ParsedMail, at: datetime) -> Iterator[Sign]:
    """Yield what names a ticket, the strongest first, each with one query at most when it is asked for."""
    for email in _recipients(parsed):
        if signed := signing.read_reply_address(email, at=at):
            yield Sign(signed.ticket_id, Reason.REPLY_ADDRESS, signed)
    ids = _answered(parsed)
    for one in ids:
        if signed := signing.read_message_id(one):
            yield Sign(signed.ticket_id, Reason.SIGNED_ID, signed)
    yield from _known(ids)
    numbers = list(dict.fromkeys(_NUMBER.findall(parsed.subject)))[:MOST_NUMBERS]
    if numbers:
        for pk in Ticket.objects.live().filter(number__in=numbers).order_by("-pk").values_list("pk", flat=True):
            yield Sign(pk, Reason.SUBJECT)


def is_answer(parsed: ParsedMail) -> bool:
    """Say whether the mail names what it answers."""
    return bool(_answered(parsed)) or any(signing.said_by(email) for email in _recipients(parsed))


def questions(parsed: ParsedMail) -> list[Question]:
    """Return what is asked about the ticket that the mail names first, if it was signed for that."""
    for text in (*_recipients(parsed), *_answered(parsed)):
        if said := signing.said_by(text):
            ticket, about_address = said
            return [about_address, (_LIVE, {"pk": ticket})]
    return []


def _recipients(parsed: ParsedMail) -> list[str]:
    emails = [*(one.address for one in (*parsed.to, *parsed.cc)), *parsed.delivered_to]
    return list(dict.fromkeys(emails[:MOST_RECIPIENTS]))


def _answered(parsed: ParsedMail) -> list[str]:
    """Return the Message-IDs that the mail answers, the nearest first."""
    ids = [parsed.in_reply_to or "", *reversed(parsed.references)]
    return list(dict.fromkeys(one for one in ids if one))[:MOST_IDS]


def _known(ids: Sequence[str]) -> Iterator[Sign]:
    if not ids:
        return
    # Anybody can give a mail a Message-ID that is another's: each ticket that has it is asked, and whoever takes part
    # in one of them is at home there.
    of: dict[str, dict[int, None]] = defaultdict(dict)
    came = [(message_id, ticket) for _pk, message_id, ticket in sorted(_CAME.all(ids=list(ids)))]
    for message_id, ticket in (*_SENT.all(ids=list(ids)), *came):
        of[message_id][ticket] = None
    for one in ids:
        for ticket in of[one]:
            yield Sign(ticket, Reason.REFERENCES)


def _remark(remarks: Remarks, remark: Remark, **params: str) -> None:
    if all(known != remark for known, _params in remarks):
        remarks.append((remark, params))


def address_of_sender(parsed: ParsedMail) -> str:
    """Return who sent the mail, in small letters: the first of From, else Sender, else where it was sent from.

    "" if it does not say.
    """
    named_ones = [*parsed.senders, parsed.sender, *parsed.reply_to]
    emails = [one.address for one in named_ones if one is not None] + [parsed.return_path or ""]
    return next((normalise(email) for email in emails if can_be_answered(email)), "")
