"""What happened, as lines between the entries of a thread and as the steps of a whole history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.principal import Face
from core.moments import full_moment
from desk.clock_sentences import why_escalated
from desk.names import Names
from desk.routing_sentences import routing_sentence
from desk.sentences import sentence
from sla.models import Target
from tickets.models import Kind, TicketEvent
from tickets.models.clock import ClockChange

# Events that are told by the entry they left in the thread.
WRITTEN = frozenset({Kind.OPENED, Kind.AUTOMATIC_ANSWER, Kind.MESSAGE_ADDED, Kind.REPLIED, Kind.NOTE_ADDED})
# More lines than these between two entries are folded.
UNFOLDED = 3

ICONS: Mapping[str, str] = {
    Kind.OPENED: "zap",
    Kind.MESSAGE_ADDED: "message-square",
    Kind.REPLIED: "reply",
    Kind.AUTOMATIC_ANSWER: "reply",
    Kind.REPLY_STOPPED: "triangle-alert",
    Kind.RESENT: "mail",
    Kind.NOTE_ADDED: "lock",
    Kind.ASSIGNED: "user-plus",
    Kind.CLAIMED: "user",
    Kind.RELEASED: "circle-dashed",
    Kind.TRANSFERRED: "corner-up-right",
    Kind.REFERRED: "eye",
    Kind.REFERRAL_REMOVED: "eye-off",
    Kind.COLLABORATOR_ADDED: "users",
    Kind.COLLABORATOR_REMOVED: "user-minus",
    Kind.REQUESTER_CHANGED: "users",
    Kind.PRIORITY_CHANGED: "flag",
    Kind.TOPIC_CHANGED: "tag",
    Kind.PLAN_CHANGED: "clock",
    Kind.RECKONED: "clock",
    Kind.DUE_DATE_SET: "calendar-clock",
    Kind.DUE_DATE_REMOVED: "calendar-x",
    Kind.SOURCE_CHANGED: "inbox",
    Kind.ENTRY_MOVED_AWAY: "corner-up-right",
    Kind.ENTRY_MOVED_HERE: "corner-down-right",
    Kind.SNOOZED: "alarm-clock",
    Kind.WOKEN: "alarm-clock-off",
    Kind.WAIT_BEGUN: "hourglass",
    Kind.WAIT_ENDED: "play",
    Kind.RESOLVED: "st-resolved",
    Kind.CLOSED: "st-closed",
    Kind.REOPENED: "st-reopened",
    Kind.CLOCK_WARNED: "clock",
    Kind.CLOCK_BREACHED: "clock-alert",
    Kind.ESCALATED: "clock-alert",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: `sentence` is HTML whose names are escaped."""

    icon: str
    sentence: SafeString
    at: datetime


@dataclass(frozen=True, slots=True)
class Fold:
    icon: str
    summary: SafeString
    events: Sequence[Line]


# --- Deeds ---------------------------------------------------------------------------------------


def lines(events: Sequence[TicketEvent], names: Names) -> list[Line]:
    """Return what the events add to the entries beside them: one line per deed, oldest first.

    What an entry tells itself is left out.
    """
    deeds: dict[object, list[TicketEvent]] = {}
    for event in events:
        deeds.setdefault(event.deed, []).append(event)
    told = (_deed_line(deed, names) for deed in deeds.values())
    return [line for line in told if line]


def _deed_line(deed: Sequence[TicketEvent], names: Names) -> Line | None:
    if opened := next((event for event in deed if event.kind == Kind.OPENED), None):
        routing = routing_sentence(opened, names)
        return Line(ICONS[Kind.OPENED], routing, opened.at) if routing else None
    rest = [event for event in deed if event.kind not in WRITTEN]
    if not rest:
        return None
    first = rest[0]
    told = sentence(first, names)
    for event in rest[1:]:
        told = format_html(_("{first}, {second}"), first=told, second=_going_on(first, event, names))
    return Line(ICONS.get(first.kind, "history"), told, first.at)


def _going_on(first: TicketEvent, event: TicketEvent, names: Names) -> SafeString:
    """Return what else was done by the same deed, as the sentence goes on."""
    if first.kind == Kind.TRANSFERRED and event.kind == Kind.ASSIGNED and event.by_id == first.by_id:
        return format_html(_("and assigned it to {to}"), to=names(event.data.get("to")))
    if event.kind == Kind.ESCALATED:
        return why_escalated(event, names)
    return sentence(event, names)


def fold(found: Sequence[Line]) -> Fold | None:
    """Return many lines as one that opens; None for few."""
    if len(found) <= UNFOLDED:
        return None
    last, others = found[-1], len(found) - 1
    more = ngettext("{sentence}, and {n} step before", "{sentence}, and {n} steps before", others)
    return Fold("history", format_html(more, sentence=last.sentence, n=others), found)


# --- The whole history -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One event in full: what, when, through which door, and what followed from it."""

    number: int
    icon: str
    sentence: SafeString
    at: datetime
    details: Sequence[str]
    # The entry it left in the thread, if any.
    entry: int | None


def step(event: TicketEvent, names: Names) -> Step:
    return Step(
        number=event.number,
        icon=ICONS.get(event.kind, "history"),
        sentence=sentence(event, names),
        at=event.at,
        details=[*_door(event), *_followed(event)],
        entry=event.data.get("entry") if event.kind in WRITTEN else None,
    )


def _door(event: TicketEvent) -> list[str]:
    match event.face:
        case Face.PORTAL:
            return [_("in the portal")]
        case Face.LINK:
            return [_("by a link from a mail")]
        case Face.MAIL:
            return [_("by mail")]
        case Face.API:
            return [_("by the API")]
        case Face.ADMIN:
            return [_("in the administration")]
    return []


def _followed(event: TicketEvent) -> list[str]:
    """Return the promises that the event started, and when the ticket closes because of it."""
    told = []
    targets = dict(Target.choices)
    for clock in event.data.get("clocks") or []:
        label = targets.get(str(clock.get("target")), _("A promise"))
        moment = parse_datetime(str(clock.get("deadline") or ""))
        match clock.get("did"):
            case ClockChange.MET | ClockChange.CANCELLED:
                continue
            case ClockChange.PAUSED:
                told.append(_("%(target)s paused") % {"target": label})
            case ClockChange.RESUMED if moment:
                words = _("%(target)s runs again, due %(moment)s")
                told.append(words % {"target": label, "moment": full_moment(moment)})
            case _ if moment:
                told.append(_("%(target)s due %(moment)s") % {"target": label, "moment": full_moment(moment)})
    if moment := parse_datetime(str(event.data.get("closes_at") or "")):
        told.append(_("closes by itself %(moment)s") % {"moment": full_moment(moment)})
    return told
