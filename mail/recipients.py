"""Who was written to: by which of our addresses a mail is routed, which departments read along, who takes part."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from accounts.models import Address
from accounts.people import address_of, normalise
from core.prepared import Prepared, Question
from mail import addresses
from mail.addresses import OwnAddresses, can_be_answered
from mail.matching import Found
from mail.models import Mailbox
from mail.parsing import ParsedMail
from mail.words import one_line
from tickets import actions, policy
from tickets.models import Department, Ticket
from tickets.policy import Deed

# Whom one mail can make take part; who writes to more writes a circular.
MOST_PEOPLE = 20
# Ours are looked for among so many.
MOST_READ = 1_000

# With all that routing may ask about (tickets.routing).
_ROUTING = Prepared(
    lambda pk: Mailbox.objects.filter(pk=pk).select_related(
        "priority",
        "department__sla_plan",
        "topic__department__sla_plan",
        "topic__priority",
        "topic__sla_plan",
        "topic__assignee",
        "topic__team",
    )
)


def mailbox_of(parsed: ParsedMail, own: OwnAddresses) -> Mailbox | None:
    """Return the first of our mailboxes that was written to (PARITY I14)."""
    return next(iter(_mailboxes(parsed, own)), None)


def with_routing(mailbox: Mailbox | None) -> Mailbox | None:
    """Return the mailbox as it is now, with what decides where its mail goes; None if it is gone."""
    return None if mailbox is None else _ROUTING.first(pk=mailbox.pk)


def question(mailbox: Mailbox) -> Question:
    """Return what `with_routing` asks."""
    return _ROUTING, {"pk": mailbox.pk}


def other_departments(parsed: ParsedMail, own: OwnAddresses, routed_by: Mailbox | None) -> list[Department]:
    """Return the departments of our other addresses that were written to."""
    others = [box for box in _mailboxes(parsed, own) if routed_by is None or box.pk != routed_by.pk]
    return list({box.department.pk: box.department for box in others if box.department is not None}.values())


def people(parsed: ParsedMail, sender: Address, own: OwnAddresses) -> tuple[list[Address], bool]:
    """Return the people in To and Cc who are neither us nor the sender, and whether these are all.

    Agents are passed over: they have the desk.
    """
    names = _names(parsed, sender, own)
    found = []
    for email in list(names)[:MOST_PEOPLE]:
        if not addresses.is_banned(email):
            found.append(address_of(email, name=one_line(names[email], 120)))
    taking_part = [one for one in found if one.user_id != sender.user_id and not one.user.is_agent]
    return taking_part, len(names) <= MOST_PEOPLE and len(parsed.to) + len(parsed.cc) < MOST_READ


def are_named(parsed: ParsedMail, sender: Address, own: OwnAddresses) -> bool:
    """Say whether the mail was written to anybody besides us and the sender."""
    return bool(_names(parsed, sender, own))


def are_new(parsed: ParsedMail, sender: Address, own: OwnAddresses, ticket: Ticket) -> bool:
    """Say whether somebody was written to who is neither us nor an agent, and takes no part in it."""
    emails = list(_names(parsed, sender, own))[:MOST_PEOPLE]
    known = Address.objects.filter(email__in=emails)
    known = known.filter(Q(user__is_agent=True) | Q(user__in=ticket.participants.values("user")))
    return known.count() < len(emails)


def may_add(found: Found) -> bool:
    """Say whether the sender may let others take part in the ticket that the mail goes into: a collaborator may not."""
    return found.ticket is not None and policy.may(found.by, Deed.ADD_COLLABORATOR, found.ticket).ok


def let_take_part(found: Found, people: Sequence[Address], *, at: datetime) -> None:
    """Add people to the ticket that the mail went into. Raises NotAllowed."""
    if people and found.ticket is not None:
        actions.add_received(ticket=found.ticket, addresses=people, by=found.by, at=at)


def _names(parsed: ParsedMail, sender: Address, own: OwnAddresses) -> dict[str, str]:
    """Return the names of those in To and Cc who are neither us nor the sender, by address."""
    names: dict[str, str] = {}
    for one in (*parsed.to, *parsed.cc)[:MOST_READ]:
        email = normalise(one.address)
        if can_be_answered(email) and email not in own and email != sender.email:
            names.setdefault(email, one.name)
    return names


def _mailboxes(parsed: ParsedMail, own: OwnAddresses) -> list[Mailbox]:
    written = (own.mailbox(one.address) for one in (*parsed.to, *parsed.cc)[:MOST_READ])
    return list({box.pk: box for box in written if box is not None}.values())
