"""The tickets of whoever is signed in: found by words, state and topic, in an order, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Lower, LPad
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.principal import Principal
from tickets.counting import COUNT_LIMIT, count_text
from tickets.models import HelpTopic, Participant, Status, Ticket, TicketQuerySet

PAGE_ROWS = 25
LONGEST_SEARCH = 100
MOST_WORDS = 5
MOST_TOPICS = 100


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


STATES: Mapping[State, "str | Promise"] = {State.OPEN: _("Open"), State.CLOSED: _("Closed"), State.ALL: _("All")}


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: the key of a row, and whether it rises. Where keys are equal, the newest ticket comes first."""

    label: "str | Promise"
    key: Any
    rises: bool


SORTS: Mapping[str, Sort] = {
    "activity": Sort(_("Latest activity"), F("last_activity_at"), False),
    "newest": Sort(_("Newest"), F("opened_at"), False),
    "oldest": Sort(_("Oldest"), F("opened_at"), True),
    # Filled up from the left: 99 comes before 100.
    "number": Sort(_("Number"), LPad(Cast("number", CharField()), 20, Value("0")), True),
    "subject": Sort(_("Summary"), Lower("subject"), True),
    "status": Sort(_("Status"), F("status"), True),
}
DEFAULT_SORT = "activity"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; what is unknown counts as not asked."""

    search: str = ""
    state: State = State.OPEN
    topic: int | None = None
    sort: str = DEFAULT_SORT
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, parameters: QueryDict) -> "Wanted":
        state, sort, topic = (parameters.get(name, "") for name in ("state", "sort", "topic"))
        return cls(
            search=" ".join(parameters.get("q", "").replace("\x00", "").split())[:LONGEST_SEARCH],
            state=State(state) if state in list(State) else State.OPEN,
            topic=int(topic) if topic.isascii() and topic.isdigit() and len(topic) < 10 else None,
            sort=sort if sort in SORTS else DEFAULT_SORT,
            after=parameters.get("after", "")[:20].replace("\x00", ""),
            before=parameters.get("before", "")[:20].replace("\x00", ""),
        )

    def query(self, **changes: str) -> str:
        """Return this as the end of an address, from the first page on, with `changes`."""
        asked = {
            "q": self.search,
            "state": "" if self.state == State.OPEN else self.state,
            "topic": str(self.topic or ""),
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        } | changes
        filled = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(filled)}" if filled else "?"


@dataclass(slots=True)
class Listing:
    """One page: its rows, the filters with their counts, and where the neighbouring pages are ("" where none is)."""

    wanted: Wanted
    tickets: list[Ticket] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    topics: list[HelpTopic] = field(default_factory=list)
    newer: str = ""
    older: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.wanted.search or self.wanted.topic)


def own(principal: Principal) -> TicketQuerySet:
    """Return the tickets that somebody takes part in."""
    # Named once more beside `visible_to`, so that the database starts from these few.
    parts = Participant.objects.filter(user=principal.user).values("ticket")
    return Ticket.objects.visible_to(principal).filter(pk__in=parts)


def shared(principal: Principal) -> TicketQuerySet:
    """Return the tickets that somebody sees without taking part: their organisation's."""
    parts = Participant.objects.filter(user=principal.user, ticket=OuterRef("pk"))
    return Ticket.objects.visible_to(principal).exclude(Exists(parts))


def newest(tickets: TicketQuerySet, count: int) -> list[Ticket]:
    """Return those with the latest activity, as rows."""
    rows = tickets.select_related("topic__parent__parent", "requester")
    return list(rows.order_by("-last_activity_at", "-pk")[:count])


def read(tickets: TicketQuerySet, wanted: Wanted) -> Listing:
    """Return the page that is asked for. Six queries at most, however many tickets there are."""
    listing = Listing(wanted)
    listing.topics = _topics(tickets)
    if wanted.topic and any(topic.pk == wanted.topic for topic in listing.topics):
        tickets = tickets.filter(topic=wanted.topic)
    if wanted.search:
        tickets = tickets.filter(_found_by(wanted.search))
    listing.states = _states(tickets, wanted)
    _read_page(listing, _in_state(tickets, wanted.state))
    return listing


def _topics(tickets: TicketQuerySet) -> list[HelpTopic]:
    """Return what the tickets are about; internal topics are told to agents alone."""
    about = HelpTopic.objects.filter(is_public=True, pk__in=tickets.order_by().values("topic"))
    return list(about.arranged()[:MOST_TOPICS])


def _found_by(search: str) -> Q:
    """Return the condition: the number, or every word somewhere in the subject."""
    words = Q()
    for word in search.split()[:MOST_WORDS]:
        words &= Q(subject__icontains=word)
    return words | Q(number__iexact=search.removeprefix("#"))


def _in_state(tickets: TicketQuerySet, state: State) -> TicketQuerySet:
    match state:
        case State.OPEN:
            return tickets.exclude(status=Status.CLOSED)
        case State.CLOSED:
            return tickets.closed()
    return tickets


def _states(tickets: TicketQuerySet, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the states to choose from, with how many each holds, counted up to COUNT_LIMIT."""
    counts = {
        state: _in_state(tickets, state).order_by().values("pk")[:COUNT_LIMIT].count()
        for state in (State.OPEN, State.CLOSED)
    }
    counts[State.ALL] = min(sum(counts.values()), COUNT_LIMIT)
    return [
        {
            "label": label,
            "count": count_text(counts[state]) or "0",
            "query": wanted.query(state="" if state == State.OPEN else state.value),
            "is_current": state == wanted.state,
        }
        for state, label in STATES.items()
    ]


def _read_page(listing: Listing, tickets: TicketQuerySet) -> None:
    """Fill in the rows behind the ticket `after`, or those just ahead of `before`, else the first ones."""
    sort, wanted = SORTS[listing.wanted.sort], listing.wanted
    keyed = tickets.annotate(sort_key=sort.key)
    forward = not wanted.before
    place = _place(keyed, wanted.after or wanted.before)
    if place is None:
        forward = True
    rows = keyed if place is None else keyed.filter(_beyond(place, rises=sort.rises == forward, forward=forward))
    sign, tie = ("" if sort.rises == forward else "-"), ("-" if forward else "")
    ordered = rows.select_related("topic__parent__parent", "requester").order_by(f"{sign}sort_key", f"{tie}pk")
    found = list(ordered[: PAGE_ROWS + 1])
    has_more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if not forward:
        found.reverse()
    listing.tickets = found
    if not found:
        return
    if (has_more and not forward) or (place is not None and forward):
        listing.newer = wanted.query(before=found[0].number)
    if (has_more and forward) or not forward:
        listing.older = wanted.query(after=found[-1].number)


def _place(keyed: "QuerySet[Any]", number: str) -> tuple[Any, int] | None:
    """Return key and pk of the ticket that a page begins or ends with; None where it is not among them any more."""
    found = keyed.filter(number=number).order_by().values("sort_key", "pk").first() if number else None
    return (found["sort_key"], found["pk"]) if found else None


def _beyond(place: tuple[Any, int], *, rises: bool, forward: bool) -> Q:
    key, pk = place
    beyond = Q(sort_key__gt=key) if rises else Q(sort_key__lt=key)
    tied = Q(pk__lt=pk) if forward else Q(pk__gt=pk)
    return beyond | (Q(sort_key=key) & tied)
