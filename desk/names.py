"""The names of what events refer to, and lists of names: events keep numbers, readers want names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Address, Organization, Team, User
from mail.models import OwnAddress
from sla.models import Priority, SLAPlan
from tickets.models import Department, HelpTopic, Kind, Ticket, TicketEvent
from tickets.models.tree import path_of

# What an event's data may refer to: "user:1", "priority:2".
MODELS: Mapping[str, type[Any]] = {
    "user": User,
    "address": Address,
    "team": Team,
    "department": Department,
    "priority": Priority,
    "topic": HelpTopic,
    "plan": SLAPlan,
    "organization": Organization,
    "ticket": Ticket,
    "sender": OwnAddress,
}
# What is told by another column than its name.
TOLD_BY = {"address": "email", "sender": "email", "ticket": "number"}
# Told with what they are below.
NESTED = frozenset({"department", "topic"})


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
        return format_html("<b><bdi>{}</bdi></b>", self.plain(ref))

    def plain(self, ref: object) -> str:
        """Return the name behind "user:1"."""
        return self._names.get(str(ref)) or _("somebody or something that is gone")

    def by(self, event: TicketEvent) -> SafeString:
        """Return who did it."""
        return format_html("<b><bdi>{}</bdi></b>", doer(event))


def doer(event: TicketEvent) -> str:
    """Return who did it: somebody, a program that showed a key, or the help desk by itself."""
    if event.by is not None:
        return event.by.display_name
    return _("A program") if event.cause.startswith("api:") else _("The help desk")


def _look_up(wanted: Mapping[str, set[int]]) -> dict[str, str]:
    """Return ref → name. One query, or none."""
    parts: list[QuerySet[Any, Any]] = []
    for model, keys in sorted(wanted.items()):
        mail = Cast("email", CharField()) if model == "user" else Value("", CharField())
        told = path_of() if model in NESTED else F(TOLD_BY.get(model, "name"))
        rows = MODELS[model].objects.filter(pk__in=keys).order_by()
        parts.append(rows.values_list(Value(model), "pk", Cast(told, CharField()), mail))
    if not parts:
        return {}
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return {f"{model}:{pk}": User(name=name, email=mail).display_name for model, pk, name, mail in found}


def _refs(event: TicketEvent) -> list[str]:
    """Return all that an event's data refers to, each as "model:key"."""
    data = event.data
    match event.kind:
        case Kind.OPENED:
            return [ref for decision in decisions(event) for ref in (decision.to, decision.by) if ref]
        case Kind.ASSIGNED | Kind.CLAIMED | Kind.RELEASED:
            return [str(data[name]) for name in ("to", "from") if name in data]
        case Kind.TRANSFERRED:
            return [f"department:{data.get('to')}", f"department:{data.get('from')}"]
        case Kind.REFERRED:
            return [str(data.get("to"))]
        case Kind.REFERRAL_REMOVED:
            return [str(data.get("holder"))]
        case Kind.REPLY_STOPPED:
            return [str(data.get("of"))]
        case Kind.ESCALATED:
            return [str(data["to"])] if "to" in data else []
        case Kind.REPLIED:
            to = [f"address:{pk}" for pk in data.get("to", ())]
            return [*to, f"sender:{data['sender']}"] if data.get("sender") else to
        case Kind.COLLABORATOR_ADDED | Kind.COLLABORATOR_REMOVED | Kind.RESENT:
            return [f"address:{pk}" for pk in data.get("addresses", ())]
        case Kind.ENTRY_MOVED_AWAY | Kind.ENTRY_MOVED_HERE:
            return [f"ticket:{data[name]}" for name in ("to", "from") if name in data]
        case Kind.PRIORITY_CHANGED | Kind.TOPIC_CHANGED | Kind.PLAN_CHANGED:
            model = CHANGED[event.kind]
            return [f"{model}:{data[name]}" for name in ("to", "from") if data.get(name)]
    return []


CHANGED: Mapping[str, str] = {
    Kind.PRIORITY_CHANGED: "priority",
    Kind.TOPIC_CHANGED: "topic",
    Kind.PLAN_CHANGED: "plan",
}


# --- What routing decided ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that routing set, and what set it.

    `why` is topic, department, organization, agent, mailbox, api or default.

    `skipped` is a code where routing did not set it after all.
    """

    field: str
    to: str
    why: str
    by: str
    skipped: str


ROUTED: Mapping[str, str] = {
    "sla_plan": "plan",
    "priority": "priority",
    "topic": "topic",
    "department": "department",
    "assignee": "user",
    "team": "team",
}


def decisions(event: TicketEvent) -> list[Decision]:
    """Return what routing decided, in the order to tell it."""
    routing = event.data.get("routing") or {}
    return [
        Decision(
            field,
            f"{model}:{routing[field].get('to')}",
            str(routing[field].get("why")),
            f"{routing[field].get('why')}:{routing[field]['by']}" if routing[field].get("by") else "",
            str(routing[field].get("skipped", "")),
        )
        for field, model in ROUTED.items()
        if field in routing
    ]


# --- Lists in words ---------------------------------------------------------------------------------


def listed(parts: Sequence[SafeString]) -> SafeString:
    """Return “a, b and c”."""
    if len(parts) < 2:
        return joined(parts, "")
    return format_html(_("{most} and {last}"), most=joined(parts[:-1], ", "), last=parts[-1])


def joined(parts: Sequence[SafeString], separator: str) -> SafeString:
    return SafeString(separator.join(parts))
