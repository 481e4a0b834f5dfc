"""Mails of 5 KB in two parts, from bytes in memory to the committed ticket, with the rows of all handlers."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

from django.utils.timezone import now

from accounts.models import Address
from bench.mails import mail_bytes
from bench.scenario import Case, Scenario, Target
from bench.world import MAILBOX
from mail import intake, signing
from mail.models import Door, IncomingMail, IncomingState, Mailbox
from tickets.models import Participant, Source, Ticket
from tickets.models.people import Part

NEW, REPLY, KNOWN = "new mail", "reply to our mail", "reply to a mail of one's own"
# Tickets that are written into, each once per process.
MOST_TICKETS = 20_000


def cases() -> Sequence[Case]:
    mailbox = Mailbox.objects.get(address=MAILBOX)
    people = list(Address.objects.select_related("user").filter(email__endswith="@customer.example").order_by("pk"))
    Random(uuid4().int).shuffle(people)
    numbers = count()
    answered = _open_tickets()

    def write(becomes: IncomingState) -> Callable[[bytes], None]:
        def take_in(raw: bytes) -> None:
            mail = intake.take_in_held(intake.store_held([raw], door=Door.PIPE, at=now(), mailbox=mailbox))
            assert mail.state == becomes, f"{mail.state}: {mail.reason} {mail.last_error}"

        return take_in

    def new() -> bytes:
        return _raw(people[next(numbers) % len(people)], "Receipts are missing")

    def reply() -> bytes:
        participant = next(answered)
        ours = signing.message_id(participant.ticket_id, participant.address)
        return _raw(participant.address, "Re: Receipts are missing", in_reply_to=ours)

    def known() -> bytes:
        # Other scenarios open tickets without a mail that came in.
        for participant in answered:
            own = IncomingMail.objects.filter(ticket=participant.ticket_id).order_by("pk")
            if first := own.values_list("message_id", flat=True).first():
                return _raw(participant.address, "Re: Receipts are missing", in_reply_to=first)
        raise AssertionError("no ticket is left that a mail opened")

    return [
        Case(NEW, write(IncomingState.TICKET), new),
        Case(REPLY, write(IncomingState.MESSAGE), reply),
        Case(KNOWN, write(IncomingState.MESSAGE), known),
    ]


def _open_tickets() -> Iterator[Participant]:
    """Yield requesters of open tickets that came by mail, in a random order."""
    pks = list(Ticket.objects.working().filter(source=Source.MAIL).values_list("pk", flat=True))
    Random(uuid4().int).shuffle(pks)
    for pk in pks[:MOST_TICKETS]:
        yield Participant.objects.select_related("address").get(ticket=pk, role=Part.REQUESTER)


def _raw(address: Address, subject: str, **answers: Any) -> bytes:
    return mail_bytes(
        sender=address.email,
        name=address.user.name,
        to=MAILBOX,
        subject=subject,
        message_id=f"<{uuid4().hex}@customer.example>",
        at=now(),
        **answers,
    )


SCENARIO = Scenario(
    about="A 5 KB multipart mail, from bytes in memory to the committed ticket or message, with the rows of all "
    "handlers; sending is left out. Six agents are told of a new ticket.",
    cases=cases,
    targets=[
        Target(NEW, most_ms=12.0),
        Target(NEW, most_times=1.25),
        Target(REPLY, most_times=1.25, over=NEW),
        Target(KNOWN, most_times=1.25, over=NEW),
    ],
)
