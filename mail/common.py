"""What mails that one worker sends one after another have in common: read once for all of them.

A burst is many mails about few deeds. What they say is read here by all their keys at once, and what equal readers
are told is written once. It lives for as long as the worker's bundle, some seconds, and no longer.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import CharField, Value
from django.db.models.functions import Concat

from accounts.models import Team
from core.prepared import Prepared
from mail import addresses, senders
from mail.addresses import OwnAddresses
from mail.models import IncomingMail, IncomingState, Mailbox, MailState, OutgoingMail, OwnAddress, Template
from tickets import explaining
from tickets.models import DepartmentAccess, Kind, Participant, Ticket, TicketEvent

# So many Message-IDs of what somebody wrote or got about a ticket are named in a mail.
MOST_REFERENCES = 10
# So many rows are read for each recipient; some may have come after the mail was written.
ROOM = 2 * MOST_REFERENCES

Made = TypeVar("Made")

_CAME_BY = Prepared(
    lambda ticket: (
        IncomingMail.objects.filter(ticket=ticket, state=IncomingState.TICKET)
        .order_by("id")
        .values_list("mailbox", flat=True)[:1]
    )
)


class Common:
    """Answers about these mails, which have their ticket and address loaded."""

    def __init__(self, mails: Sequence[OutgoingMail]) -> None:
        self._mails = mails
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` made when it was first asked for under this key."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    @property
    def addresses(self) -> set[int]:
        """The keys of all addresses that these mails go to."""
        return {mail.address_id for mail in self._mails if mail.address_id is not None}

    @cached_property
    def own(self) -> OwnAddresses:
        return addresses.own_addresses()

    def sender(self, mail: OutgoingMail) -> OwnAddress | None:
        """Return the address that the mail comes from; None for MAIL_FROM, by MAIL_URL."""
        ticket, account = mail.ticket, mail.account_id
        if (chosen := self.chosen_sender(mail)) is not None:
            return self.once(("chosen", chosen), lambda: senders.chosen(chosen))
        if ticket is not None:
            # Nothing else of the ticket says it (mail.senders).
            return self.once(("sender", ticket.department_id, ticket.topic_id), lambda: senders.of_ticket(ticket))
        if account is not None:
            return self.once(("address", account), lambda: senders.of_account(account))
        return self.once("of MAIL_URL", senders.of_mail_url)

    def chosen_sender(self, mail: OutgoingMail) -> int | None:
        """Return the key of the address that an agent chose for the reply which this mail carries, if one was."""
        if mail.template != Template.TICKET_REPLY:
            return None
        told = (one for one in self.story(mail) if one.kind in {Kind.REPLIED, Kind.RESENT})
        return next((one.data["sender"] for one in told if one.data.get("sender")), None)

    def mailbox_for_answers(self, mail: OutgoingMail) -> Mailbox | None:
        """Return where an answer to a ticket's mail is asked for; None where no mailbox of ours takes it.

        That of the address that the mail comes from, else the one that the ticket came by.
        """
        assert mail.ticket is not None
        own = self.sender(mail)
        mailbox = senders.mailbox_for_answers(own, self.own.mailboxes) if own is not None else None
        return mailbox or self.own.for_answers(self.came_by(mail.ticket))

    def story(self, mail: OutgoingMail) -> list[TicketEvent]:
        """Return the events of the mail's deed, in their order."""
        return self._stories[mail.ticket_id, mail.deed]

    def participant(self, mail: OutgoingMail) -> Participant | None:
        """Return the part that the recipient has in the ticket; None for who has none any more."""
        return self._participants.get((mail.ticket_id, mail.address_id))

    def is_seen_by_agent(self, mail: OutgoingMail) -> bool:
        """Say whether the recipient sees the ticket as an agent."""
        ticket, user = mail.ticket, mail.address.user if mail.address else None
        if ticket is None or user is None:
            return False
        return user.pk in self.once(("seen", ticket.pk), lambda: explaining.who_sees(ticket, self._people(ticket)))

    def working_there(self, ticket: Ticket) -> set[int]:
        """Return which of the recipients work in the ticket's department."""

        def ask() -> set[int]:
            access = DepartmentAccess.objects.filter(department=ticket.department_id, agent__in=self._people(ticket))
            return set(access.values_list("agent", flat=True))

        return self.once(("working there", ticket.pk), ask)

    def in_team(self, ticket: Ticket) -> set[int]:
        """Return which of the recipients are in the team that has the ticket."""

        def ask() -> set[int]:
            members = Team.members.through.objects.filter(team=ticket.team_id, user__in=self._people(ticket))
            return set(members.values_list("user", flat=True))

        return self.once(("in team", ticket.pk), ask) if ticket.team_id is not None else set()

    def came_by(self, ticket: Ticket) -> int | None:
        """Return the key of the mailbox by which the ticket came in, if it came by mail."""
        return self.once(("came by", ticket.pk), lambda: _CAME_BY.first(ticket=ticket.pk))

    def earlier(self, mail: OutgoingMail) -> list[str]:
        """Return Message-IDs of what the recipient wrote and got about the ticket before, oldest first."""
        assert mail.ticket is not None
        ticket = mail.ticket
        got = self.once(("got", ticket.pk), lambda: self._got(ticket))[mail.recipient]
        wrote = self.once(("wrote", ticket.pk), lambda: self._wrote(ticket))[mail.recipient]
        both = [(at, pk, text) for pk, at, text in got if pk < mail.pk]
        both += [(at, 0, text) for at, text in wrote if at <= mail.created_at]
        return [text for _at, _pk, text in sorted(both)][-MOST_REFERENCES:]

    def _got(self, ticket: Ticket) -> Mapping[str, list[tuple[int, datetime, str]]]:
        to = self._recipients(ticket)
        found: dict[str, list[tuple[int, datetime, str]]] = defaultdict(list)
        for recipient, *row in _got(len(to) * ROOM).all(ticket=ticket.pk, to=to):
            found[recipient].append((*row,))
        return found

    def _wrote(self, ticket: Ticket) -> Mapping[str, list[tuple[datetime, str]]]:
        to = self._recipients(ticket)
        found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for sender, taken_in_at, message_id in _wrote(len(to) * ROOM).all(ticket=ticket.pk, senders=to):
            # RFC 5322 section 3.6.4 knows no others: encoded, the header would name none of them any more.
            if taken_in_at is not None and message_id.isascii():
                found[sender].append((taken_in_at, message_id))
        return found

    @cached_property
    def _stories(self) -> Mapping[tuple[int | None, UUID], list[TicketEvent]]:
        deeds, tickets = {one.deed for one in self._mails}, {one.ticket_id for one in self._mails}
        events = TicketEvent.objects.filter(deed__in=deeds, ticket__in=tickets).select_related("by")
        found: dict[tuple[int | None, UUID], list[TicketEvent]] = defaultdict(list)
        for event in events.order_by("ticket", "number"):
            found[event.ticket_id, event.deed].append(event)
        return found

    @cached_property
    def _participants(self) -> Mapping[tuple[int | None, int | None], Participant]:
        pairs = {(one.ticket_id, one.address_id) for one in self._mails if one.ticket_id and one.address_id}
        rows = Participant.objects.by_own_address().select_related("address", "user", "ticket")
        rows = rows.filter(
            ticket__in=Ticket.objects.live().filter(pk__in={ticket for ticket, _address in pairs}),
            address__in={address for _ticket, address in pairs},
        )
        return {(row.ticket_id, row.address_id): row for row in rows}

    def _people(self, ticket: Ticket) -> list[int]:
        return [one.address.user_id for one in self._about(ticket) if one.address is not None]

    def _about(self, ticket: Ticket) -> Iterable[OutgoingMail]:
        return (one for one in self._mails if one.ticket_id == ticket.pk)

    def _recipients(self, ticket: Ticket) -> list[str]:
        return sorted({one.recipient for one in self._about(ticket)})


@lru_cache(maxsize=64)
def _got(most: int) -> "Prepared[tuple[Any, ...]]":
    states = [MailState.SENT, MailState.PERHAPS_SENT]
    # As an expression no index has it: kept, the query is planned for any recipient, and would read all mails that an
    # agent ever got beside the few of the ticket.
    recipient = Concat("recipient", Value(""), output_field=CharField())
    return Prepared(
        lambda ticket, to: (
            OutgoingMail.objects.filter(ticket=ticket, state__in=states)
            .alias(reader=recipient)
            .filter(reader__in=to)
            .order_by("-pk")
            .values_list("recipient", "pk", "created_at", "message_id")[:most]
        )
    )


@lru_cache(maxsize=64)
def _wrote(most: int) -> "Prepared[tuple[Any, ...]]":
    return Prepared(
        lambda ticket, senders: (
            IncomingMail.objects.filter(ticket=ticket, sender__in=senders)
            .exclude(entry=None)
            .exclude(message_id="")
            .order_by("-pk")
            .values_list("sender", "taken_in_at", "message_id")[:most]
        )
    )
