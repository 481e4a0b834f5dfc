"""What happened, as sentences: events name people and things by id, readers by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team, User
from accounts.principal import Face
from sla.models import Priority, SLAPlan, Target
from tickets.models import Cause, CloseReason, Department, HelpTopic, Kind, TicketEvent

# What an event's data may refer to: "user:1", "priority:2".
MODELS: Mapping[str, type[Any]] = {
    "user": User,
    "team": Team,
    "department": Department,
    "priority": Priority,
    "topic": HelpTopic,
    "plan": SLAPlan,
}
# Events that are told by the entry they left in the thread.
WRITTEN = frozenset({Kind.OPENED, Kind.MESSAGE_ADDED, Kind.REPLIED, Kind.NOTE_ADDED})
# More lines than these between two entries are folded.
UNFOLDED = 3

ICONS: Mapping[str, str] = {
    Kind.OPENED: "zap",
    Kind.MESSAGE_ADDED: "message-square",
    Kind.REPLIED: "reply",
    Kind.NOTE_ADDED: "lock",
    Kind.ASSIGNED: "user-plus",
    Kind.CLAIMED: "user",
    Kind.RELEASED: "circle-dashed",
    Kind.TRANSFERRED: "corner-up-right",
    Kind.REFERRAL_REMOVED: "eye-off",
    Kind.PRIORITY_CHANGED: "flag",
    Kind.TOPIC_CHANGED: "tag",
    Kind.PLAN_CHANGED: "clock",
    Kind.RESOLVED: "st-resolved",
    Kind.CLOSED: "st-closed",
    Kind.REOPENED: "st-reopened",
    Kind.CLOCK_WARNED: "clock",
    Kind.CLOCK_BREACHED: "clock-alert",
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


# --- Names ---------------------------------------------------------------------------------------


class Names:
    """The names of all that some events refer to, looked up at once; what is gone says so."""

    def __init__(self, events: Iterable[TicketEvent]) -> None:
        wanted: dict[str, set[int]] = {}
        for event in events:
            for ref in _refs(event):
                model, _colon, key = ref.partition(":")
                if model in MODELS and key.isascii() and key.isdecimal():
                    wanted.setdefault(model, set()).add(int(key))
        self._names = _look_up(wanted)

    def __call__(self, ref: object) -> SafeString:
        """Return the name behind "user:1" in bold."""
        name = self._names.get(str(ref)) or _("somebody or something that is gone")
        return format_html("<b><bdi>{}</bdi></b>", name)

    def by(self, event: TicketEvent) -> SafeString:
        """Return who did it."""
        return format_html("<b><bdi>{}</bdi></b>", event.by.display_name if event.by else _("The help desk"))


def _look_up(wanted: Mapping[str, set[int]]) -> dict[str, str]:
    """Return ref → name. One query, or none."""
    parts: list[QuerySet[Any, Any]] = []
    for model, keys in sorted(wanted.items()):
        mail = Cast("email", CharField()) if model == "user" else Value("", CharField())
        rows = MODELS[model].objects.filter(pk__in=keys).order_by()
        parts.append(rows.values_list(Value(model), "pk", Cast("name", CharField()), mail))
    if not parts:
        return {}
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return {f"{model}:{pk}": User(name=name, email=mail).display_name for model, pk, name, mail in found}


def _refs(event: TicketEvent) -> list[str]:
    """Return all that an event's data refers to, each as "model:key"."""
    data = event.data
    match event.kind:
        case Kind.OPENED:
            return [ref for decision in _decisions(event) for ref in (decision.to, decision.by) if ref]
        case Kind.ASSIGNED | Kind.CLAIMED | Kind.RELEASED:
            return [str(data[name]) for name in ("to", "from") if name in data]
        case Kind.TRANSFERRED:
            return [f"department:{data.get('to')}", f"department:{data.get('from')}"]
        case Kind.REFERRAL_REMOVED:
            return [str(data.get("holder"))]
        case Kind.PRIORITY_CHANGED | Kind.TOPIC_CHANGED | Kind.PLAN_CHANGED:
            model = CHANGED[event.kind]
            return [f"{model}:{data[name]}" for name in ("to", "from") if data.get(name)]
    return []


CHANGED: Mapping[str, str] = {
    Kind.PRIORITY_CHANGED: "priority",
    Kind.TOPIC_CHANGED: "topic",
    Kind.PLAN_CHANGED: "plan",
}


# --- Routing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that routing set, and what set it: `why` is topic, department or default."""

    field: str
    to: str
    why: str
    by: str


ROUTED: Mapping[str, str] = {"sla_plan": "plan", "priority": "priority", "department": "department"}


def _decisions(event: TicketEvent) -> list[Decision]:
    """Return what routing decided, in the order to tell it."""
    routing = event.data.get("routing") or {}
    return [
        Decision(
            field,
            f"{model}:{routing[field].get('to')}",
            str(routing[field].get("why")),
            f"{routing[field].get('why')}:{routing[field]['by']}" if routing[field].get("by") else "",
        )
        for field, model in ROUTED.items()
        if field in routing
    ]


def routing_line(event: TicketEvent, names: Names) -> Line | None:
    """Return what routing set and why, in one sentence; None where it set nothing."""
    decisions = _decisions(event)
    if not decisions:
        return None
    reasons = list(dict.fromkeys((decision.why, decision.by) for decision in decisions))
    clauses = [
        _because(
            _listed([_set(d, names, is_first=position == 0 and not told) for position, d in enumerate(group)]),
            why,
            by,
            names,
        )
        for told, (why, by) in enumerate(reasons)
        for group in [[d for d in decisions if (d.why, d.by) == (why, by)]]
    ]
    return Line(ICONS[Kind.OPENED], _joined(clauses, "; "), event.at)


def _set(decision: Decision, names: Names, *, is_first: bool) -> SafeString:
    name = names(decision.to)
    match decision.field:
        case "sla_plan":
            return format_html(_("{plan} applied"), plan=name)
        case "priority":
            words = _("Priority set to {priority}") if is_first else _("priority set to {priority}")
            return format_html(words, priority=name)
    return format_html(_("Department {name}") if is_first else _("department {name}"), name=name)


def _because(what: SafeString, why: str, by: str, names: Names) -> SafeString:
    match why:
        case "topic":
            return format_html(_("{what} by “{topic}”"), what=what, topic=names(by))
        case "department":
            return format_html(_("{what} by the department"), what=what)
    return format_html(_("{what} by default"), what=what)


def _listed(parts: Sequence[SafeString]) -> SafeString:
    """Return “a, b and c”."""
    if len(parts) < 2:
        return _joined(parts, "")
    return format_html(_("{most} and {last}"), most=_joined(parts[:-1], ", "), last=parts[-1])


def _joined(parts: Sequence[SafeString], separator: str) -> SafeString:
    return SafeString(separator.join(parts))


# --- Sentences -------------------------------------------------------------------------------------


def sentence(event: TicketEvent, names: Names) -> SafeString:
    """Return one event as a sentence naming who did what."""
    teller = TELLERS.get(event.kind)
    return teller(event, names) if teller else format_html("{}", event.get_kind_display())


def _opened(event: TicketEvent, names: Names) -> SafeString:
    routing = routing_line(event, names)
    opened = format_html(_("{who} opened the ticket"), who=names.by(event))
    return format_html("{}. {}", opened, routing.sentence) if routing else opened


def _replied(event: TicketEvent, names: Names) -> SafeString:
    words = _("{who} replied and keeps working on it") if event.data.get("keeps") else _("{who} replied")
    return format_html(words, who=names.by(event))


def _assigned(event: TicketEvent, names: Names) -> SafeString:
    data, who = event.data, names.by(event)
    takes_over = event.by_id is not None and data.get("to") == f"user:{event.by_id}"
    if takes_over and "from" in data:
        return format_html(_("{who} took over from {before}"), who=who, before=names(data["from"]))
    if takes_over:
        return format_html(_("{who} took the ticket"), who=who)
    if "from" in data:
        return format_html(
            _("{who} reassigned the ticket from {before} to {to}"),
            who=who,
            before=names(data["from"]),
            to=names(data.get("to")),
        )
    return format_html(_("{who} assigned the ticket to {to}"), who=who, to=names(data.get("to")))


def _claimed(event: TicketEvent, names: Names) -> SafeString:
    if "from" in event.data:
        return format_html(
            _("{who} claimed the ticket of {before}"), who=names.by(event), before=names(event.data["from"])
        )
    return format_html(_("{who} claimed the ticket"), who=names.by(event))


def _released(event: TicketEvent, names: Names) -> SafeString:
    before = event.data.get("from")
    if before and before != f"user:{event.by_id}":
        return format_html(
            _("{who} took the ticket from {before}; nobody has it"), who=names.by(event), before=names(before)
        )
    return format_html(_("{who} gave the ticket back"), who=names.by(event))


def _transferred(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} transferred the ticket from {before} to {to} and kept access")
        if event.data.get("kept_access")
        else _("{who} transferred the ticket from {before} to {to}")
    )
    return format_html(
        words,
        who=names.by(event),
        before=names(f"department:{event.data.get('from')}"),
        to=names(f"department:{event.data.get('to')}"),
    )


def _referral_removed(event: TicketEvent, names: Names) -> SafeString:
    return format_html(
        _("{who} removed the access of {holder}"), who=names.by(event), holder=names(event.data.get("holder"))
    )


def _changed(event: TicketEvent, names: Names) -> SafeString:
    model, data = CHANGED[event.kind], event.data
    patterns = {
        "priority": (
            _("{who} changed the priority from {before} to {to}"),
            _("{who} set the priority to {to}"),
        ),
        "topic": (
            _("{who} changed the help topic from {before} to {to}"),
            _("{who} set the help topic to {to}"),
        ),
        "plan": (
            _("{who} changed the SLA plan from {before} to {to}"),
            _("{who} set the SLA plan to {to}"),
        ),
    }
    from_one, from_none = patterns[model]
    return format_html(
        from_one if data.get("from") else from_none,
        who=names.by(event),
        before=names(f"{model}:{data.get('from')}"),
        to=names(f"{model}:{data.get('to')}"),
    )


def _closed(event: TicketEvent, names: Names) -> SafeString:
    reason, who = event.data.get("reason"), names.by(event)
    if reason == CloseReason.CONFIRMED:
        return format_html(_("{who} confirmed that it is solved, so the ticket is closed"), who=who)
    if reason == CloseReason.SILENCE or event.cause == Cause.CLOSE_AFTER:
        return escape(_("The ticket closed by itself: nobody objected after it was resolved"))
    if reason == CloseReason.AGENT:
        return format_html(_("{who} closed the ticket"), who=who)
    label = dict(CloseReason.choices).get(str(reason), _("no reason told"))
    return format_html(_("{who} closed the ticket without an answer: {reason}"), who=who, reason=label)


def _warned(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} is due at {moment}"), target=_target(event), moment=_deadline(event))


def _breached(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} was due at {moment} and is overdue"), target=_target(event), moment=_deadline(event))


def _target(event: TicketEvent) -> str:
    return str(dict(Target.choices).get(str(event.data.get("target")), _("A promise")))


def _deadline(event: TicketEvent) -> str:
    moment = parse_datetime(str(event.data.get("deadline") or ""))
    if moment is None:
        return "?"
    local = timezone.localtime(moment)
    is_near = abs(moment - event.at) < timedelta(hours=12)
    return date_format(local, "H:i" if is_near else "j M Y, H:i")


def _plainly(pattern: Callable[[], str]) -> Callable[[TicketEvent, Names], SafeString]:
    """Return a teller of a sentence that names nobody but who did it."""
    return lambda event, names: format_html(pattern(), who=names.by(event))


TELLERS: Mapping[str, Callable[[TicketEvent, Names], SafeString]] = {
    Kind.OPENED: _opened,
    Kind.MESSAGE_ADDED: _plainly(lambda: _("{who} wrote a message")),
    Kind.REPLIED: _replied,
    Kind.NOTE_ADDED: _plainly(lambda: _("{who} wrote an internal note")),
    Kind.ASSIGNED: _assigned,
    Kind.CLAIMED: _claimed,
    Kind.RELEASED: _released,
    Kind.TRANSFERRED: _transferred,
    Kind.REFERRAL_REMOVED: _referral_removed,
    Kind.PRIORITY_CHANGED: _changed,
    Kind.TOPIC_CHANGED: _changed,
    Kind.PLAN_CHANGED: _changed,
    Kind.RESOLVED: _plainly(lambda: _("{who} resolved the ticket")),
    Kind.CLOSED: _closed,
    Kind.REOPENED: _plainly(lambda: _("{who} reopened the ticket")),
    Kind.CLOCK_WARNED: _warned,
    Kind.CLOCK_BREACHED: _breached,
}


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
        return routing_line(opened, names)
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
        if moment := parse_datetime(str(clock.get("deadline"))):
            label = targets.get(str(clock.get("target")), _("A promise"))
            told.append(_("%(target)s due %(moment)s") % {"target": label, "moment": _full(moment)})
    if moment := parse_datetime(str(event.data.get("closes_at") or "")):
        told.append(_("closes by itself %(moment)s") % {"moment": _full(moment)})
    return told


def _full(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")
