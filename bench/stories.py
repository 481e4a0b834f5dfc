"""Stories of tickets, told by the actions and the mail intake: what each slot of a block goes through.

A block is a number of tickets; the next block has the same stories, later, of other people (bench.multiply). Every
story leaves three entries. Three of twenty end open: one each that is open, assigned and reopened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch
from uuid import uuid4

from django.db.models import F

from accounts.models import Address, User
from accounts.principal import Principal
from bench.mails import SENTENCES, mail_bytes
from bench.world import DAY, HOUR, MAILBOX, PROJECTS, World
from mail import intake, ledger, signing
from mail.models import Door, IncomingMail, IncomingState, MailState, OutgoingMail
from tickets import actions
from tickets.models import CloseReason, Source, Ticket, TicketClock, TicketTimer

MINUTE = timedelta(minutes=1)
# Every story is over, with all its deadlines but those of the plan "Long", after so much time.
LASTS = 10 * DAY
# Over so much time the tickets of a load were opened.
SPAN = 500 * DAY
KINDS = ("open", "assigned", "reopened", "resolved", "spam") + ("silence",) * 5 + ("confirmed",) * 4 + ("closed",) * 6


@dataclass(frozen=True)
class Slot:
    """The `number`th ticket of a load, which counts from 0; `at` is when it is opened."""

    number: int
    at: datetime
    kind: str
    source: Source
    address: Address
    told: str


class Teller:
    """Tells stories in a help desk that `world` describes. The same seed tells the same."""

    def __init__(self, world: World, *, start: datetime, step: timedelta, block: int, seed: int) -> None:
        self.world, self.start, self.step, self.block, self.seed = world, start, step, block, seed

    def slot(self, number: int) -> Slot:
        """Return what the ticket is like. Its place within its block decides everything but whose it is, and when."""
        round_, place = divmod(number, self.block)
        random = Random(f"{self.seed}:{place}")
        offset = int(place / self.block * self.step.total_seconds() + random.randrange(60))
        sources = (Source.MAIL,) * 5 + (Source.WEB,) * 4 + (Source.PHONE,)
        kind = KINDS[place % len(KINDS)]
        source = sources[(place + place // len(KINDS)) % len(sources)]
        if kind == "resolved" and source == Source.MAIL:
            source = Source.WEB  # by mail nothing gets into Projects, where resolved tickets stay
        return Slot(
            number=number,
            at=self.start + round_ * self.step + timedelta(seconds=offset),
            kind=kind,
            source=source,
            address=self.world.people[number % len(self.world.people)],
            told="\n".join(random.sample(SENTENCES, 4)),
        )

    def tell(self, number: int) -> Ticket:
        """Open the ticket and lead it to where its story ends."""
        return _Story(self.world, self.slot(number), Random(f"{self.seed}:{number % self.block}:way")).tell()


class _Story:
    def __init__(self, world: World, slot: Slot, random: Random) -> None:
        self.world, self.slot, self.random = world, slot, random
        self.at = slot.at
        self.label = f"NR-{slot.number + 1:08}"
        self.place = random.randrange(10_000)
        self.wrote = 0

    def tell(self) -> Ticket:
        self.ticket = self._open()
        if self.slot.source == Source.MAIL and self.place % 2 and self.slot.kind != "spam":
            self._transfer()
        ways: dict[str, Callable[[], None]] = {
            "open": self._stays_open,
            "assigned": self._stays_assigned,
            "reopened": self._comes_back,
            "resolved": self._is_resolved,
            "spam": self._is_spam,
            "silence": self._closes_by_silence,
            "confirmed": self._is_confirmed,
            "closed": self._is_closed,
        }
        ways[self.slot.kind]()
        self._wait_until(self.slot.at + LASTS)
        _as_sent(self.ticket)
        _as_after_retention(self.ticket)
        self.ticket.refresh_from_db()
        return self.ticket

    # --- Ways ------------------------------------------------------------------------------------

    def _stays_open(self) -> None:
        self._note(20 * MINUTE)
        self._message(3 * HOUR)

    def _stays_assigned(self) -> None:
        self._claim(30 * MINUTE)
        self._reply(HOUR)
        self._message(5 * HOUR)

    def _comes_back(self) -> None:
        self._claim(10 * MINUTE)
        self._wait(2 * HOUR)
        actions.reply_and_resolve(ticket=self.ticket, text=self._words(), by=self._desk(), at=self.at)
        self._message(DAY)

    def _is_resolved(self) -> None:
        self._claim(10 * MINUTE)
        self._reply(HOUR)
        self._resolve(2 * HOUR, resolution=self._words())

    def _is_spam(self) -> None:
        self._note(HOUR)
        self._wait(HOUR)
        actions.close_unresolved(
            ticket=self.ticket, reason=CloseReason.SPAM, note=self._words(), by=self._desk(), at=self.at
        )

    def _closes_by_silence(self) -> None:
        self._assign(15 * MINUTE)
        self._reply(3 * HOUR)
        self._message(4 * HOUR)
        self._resolve(HOUR)
        # The timer closes it.

    def _is_confirmed(self) -> None:
        self._claim(5 * MINUTE)
        self._note(20 * MINUTE)
        self._wait(HOUR)
        actions.reply_and_resolve(ticket=self.ticket, text=self._words(), by=self._desk(), at=self.at)
        self._wait(DAY)
        actions.close(ticket=self.ticket, by=self._link(), at=self.at)

    def _is_closed(self) -> None:
        self._assign(40 * MINUTE)
        self._reply(2 * HOUR)
        self._resolve(20 * HOUR, resolution=self._words())
        self._wait(HOUR)
        actions.close(ticket=self.ticket, by=self._desk(), at=self.at)

    # --- Deeds -----------------------------------------------------------------------------------

    def _open(self) -> Ticket:
        if self.slot.source == Source.MAIL:
            mail = self._mail(f"Receipts are missing, {self.label}", IncomingState.TICKET)
            assert mail.ticket is not None
            return mail.ticket
        topics = self.world.topics[-2:] if self.slot.kind == "resolved" else self.world.topics[:-2]
        topic = topics[self.place % len(topics)]
        about = {
            "address": self.slot.address,
            "topic": topic,
            "subject": f"A question about {self.label}",
            "text": self._words(),
            "source": self.slot.source,
            "at": self.at,
            "request_key": f"form-{self.label}",
        }
        if self.slot.source == Source.PHONE:
            assert topic.department is not None
            return actions.open_for(by=Principal.agent(self._agent(topic.department.pk)), **about)  # type: ignore[arg-type]
        return actions.open_ticket(by=Principal.requester(self.slot.address.user), **about)  # type: ignore[arg-type]

    def _transfer(self) -> None:
        self._wait(5 * MINUTE)
        to = self.world.departments[1 + self.place % (PROJECTS - 1)]
        self.ticket = actions.transfer(ticket=self.ticket, to=to, by=self._desk(), at=self.at)

    def _message(self, later: timedelta) -> None:
        self._wait(later)
        if self.slot.source == Source.MAIL:
            self._mail(f"Re: Receipts are missing, {self.label}", IncomingState.MESSAGE)
            return
        actions.add_message(
            ticket=self.ticket,
            address=self.slot.address,
            text=self._words(),
            source=Source.WEB,
            by=self._link(),
            at=self.at,
            request_key=f"again-{self.label}",
        )

    def _reply(self, later: timedelta) -> None:
        self._wait(later)
        actions.reply(ticket=self.ticket, text=self._words(), by=self._desk(), at=self.at)

    def _note(self, later: timedelta) -> None:
        self._wait(later)
        actions.add_note(ticket=self.ticket, text=self._words(), by=self._desk(), at=self.at)

    def _claim(self, later: timedelta) -> None:
        self._wait(later)
        self.ticket = actions.claim(ticket=self.ticket, by=self._desk(), at=self.at)

    def _assign(self, later: timedelta) -> None:
        self._wait(later)
        to, by = self._agent(self.ticket.department_id, further=1), self._desk()
        self.ticket = actions.assign(ticket=self.ticket, to=to, by=by, at=self.at)

    def _resolve(self, later: timedelta, *, resolution: str = "") -> None:
        self._wait(later)
        self.ticket = actions.resolve(ticket=self.ticket, by=self._desk(), at=self.at, resolution=resolution)

    def _mail(self, subject: str, becomes: IncomingState) -> IncomingMail:
        """Let a mail of the requester come in at this time."""
        self.wrote += 1
        address = self.slot.address
        answers = "" if becomes == IncomingState.TICKET else signing.message_id(self.ticket.pk, address)
        raw = mail_bytes(
            sender=address.email,
            name=address.user.name,
            to=MAILBOX,
            subject=subject,
            message_id=f"<{self.label}.{self.wrote}@customer.example>",
            at=self.at,
            in_reply_to=answers,
            size=2_000,
        )
        with patch.object(intake, "now", lambda: self.at):
            mail = intake.take_in_held(intake.store_held([raw], door=Door.PIPE, at=self.at, mailbox=self.world.mailbox))
        assert mail.state == becomes, f"a mail of the load became {mail.state}: {mail.reason} {mail.last_error}"
        return mail

    # --- Time and people -------------------------------------------------------------------------

    def _wait(self, time: timedelta) -> None:
        self._wait_until(self.at + time)

    def _wait_until(self, at: datetime) -> None:
        """Let time pass, with what clocks and timers do in it."""
        while due := _next_due(self.ticket, at):
            row, when = due
            claim = uuid4()
            type(row).objects.filter(pk=row.pk).update(claim=claim)
            if isinstance(row, TicketClock):
                actions.breach_or_warn(clock=row, claim=claim, at=when)
            else:
                actions.let_time_act(timer=row, claim=claim, at=when)
        self.at = at
        self.ticket.refresh_from_db()

    def _words(self) -> str:
        return f"{self.slot.told}\n{self.label}"

    def _desk(self) -> Principal:
        return Principal.agent(self.ticket.assignee or self._agent(self.ticket.department_id))

    def _link(self) -> Principal:
        return Principal.link(self.slot.address.user, self.ticket.pk)

    def _agent(self, department_id: int, further: int = 0) -> User:
        number = next(n for n, one in enumerate(self.world.departments) if one.pk == department_id)
        agents = self.world.agents[number]
        return agents[(self.place + further) % len(agents)]


def _next_due(ticket: Ticket, at: datetime) -> tuple[TicketClock | TicketTimer, datetime] | None:
    """Return what is due next for the ticket, no later than `at`, and when."""
    waiting: list[TicketClock | TicketTimer] = [
        *ticket.clocks.filter(due_at__lte=at).order_by("due_at", "pk")[:1],
        *ticket.timers.filter(due_at__lte=at).order_by("due_at", "pk")[:1],
    ]
    moments = [(row, row.due_at) for row in waiting if row.due_at is not None]
    return min(moments, key=lambda one: one[1]) if moments else None


def _as_sent(ticket: Ticket) -> None:
    """Leave the ticket's mails as mail.outbound leaves what a server took at the first try."""
    OutgoingMail.objects.filter(ticket=ticket, state=MailState.QUEUED).update(
        state=MailState.SENT,
        attempts=1,
        first_tried_at=F("created_at"),
        handed_over_at=F("created_at"),
        sent_at=F("created_at"),
        due_at=None,
        claim=None,
    )


def _as_after_retention(ticket: Ticket) -> None:
    """Let go of the ticket's raw mails, as happens once they had their time: files for all would fill the disk."""
    last = ticket.incoming_mail.order_by("stored_at").last()
    while last is not None and ledger.let_go_of_raw(last.stored_at + 1000 * DAY):
        pass


def start_of(until: datetime) -> datetime:
    """Return when the first ticket of a load is opened of which every story is over at `until`."""
    return (until - LASTS - SPAN).astimezone(UTC).replace(microsecond=0)
