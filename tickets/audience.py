"""Who at the desk is told of an event: decided here once, for every channel (mail.notifications, notices).

The rule of the site says who (models.alerts), the department who of its own, and each agent in which way. Two queries
for an event, whoever is told. Nobody is told of their own deeds, on vacation, or of what they may not see.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Value

from accounts.models import Address, Organization, Team
from accounts.principal import Face
from core.prepared import Prepared
from tickets import explaining, wishes
from tickets.callouts import called
from tickets.models import Department, DepartmentAccess, EntryKind, Kind, LeftOut, ThreadEntry, Ticket, TicketEvent
from tickets.models.alerts import Alert, AlertRule
from tickets.models.department import AlertsTo

ALERT_OF: Mapping[Kind, Alert] = {
    Kind.OPENED: Alert.NEW,
    Kind.MESSAGE_ADDED: Alert.MESSAGE,
    Kind.REOPENED: Alert.MESSAGE,
    Kind.NOTE_ADDED: Alert.NOTE,
    Kind.ASSIGNED: Alert.ASSIGNED,
    Kind.TRANSFERRED: Alert.TRANSFERRED,
    Kind.CLOCK_WARNED: Alert.WARNED,
    Kind.CLOCK_BREACHED: Alert.BREACHED,
    Kind.ESCALATED: Alert.BREACHED,
}


class Why(StrEnum):
    """As what somebody is told."""

    HOLDER = "holder"
    NAMED = "named"
    DEPARTMENT = "department"
    ADMINISTRATOR = "administrator"


ABOUT: Mapping[Why, wishes.About] = {
    Why.HOLDER: wishes.About.MINE,
    Why.NAMED: wishes.About.MINE,
    Why.DEPARTMENT: wishes.About.DEPARTMENT,
    Why.ADMINISTRATOR: wishes.About.DEPARTMENT,
}


@dataclass(slots=True)
class Listener:
    """One person who is told, at their primary address, and all that they are told as."""

    address: Address
    why: set[Why] = field(default_factory=set)

    @property
    def is_agent(self) -> bool:
        return bool(self.address.of_agent)  # type: ignore[attr-defined]  # annotated below

    def wants(self, channel: wishes.Channel, alert: Alert) -> bool:
        return wishes.wants(self.address, channel, alert, {ABOUT[why] for why in self.why})

    def waits_until(self, alert: Alert, at: datetime) -> datetime | None:
        """Return when the quiet hours of who is told are over; None outside of them."""
        return wishes.waits_until(self.address, alert, at)


@dataclass(slots=True)
class _Stand:
    """What a ticket was right after the event, as far as the audience goes by it."""

    ticket: Ticket
    department: Department
    agent: int | None
    team: int | None
    # Told of another event of the same deed.
    is_given: bool = False


def of(event: TicketEvent) -> list[Listener]:
    """Return who is told of the event, by key. Asked twice of the same event, it answers without the database."""
    known: list[Listener] | None = getattr(event, "known_audience", None)
    if known is None:
        known = _find(event)
        event.known_audience = known  # type: ignore[attr-defined]
    return known


def _find(event: TicketEvent) -> list[Listener]:
    alert = ALERT_OF.get(Kind(event.kind))
    if alert is None or event.data.get("unalerted") or _is_for_others(event):
        return []
    stand = _stand(event)
    if event.kind == Kind.ESCALATED:
        return [Listener(one, {Why(one.told_as)}) for one in _ask(list(_escalated_to(stand, event)))]
    rule = AlertRule.of(alert)
    found: dict[int, Listener] = {}
    _add(found, _ask([*_holding(rule, stand), *_besides(rule, stand, event)]))
    for step in _instead(rule, stand, found):
        _add(found, _ask([step]))
        if any(Why.HOLDER in one.why or Why.DEPARTMENT in one.why for one in found.values()):
            break
    return [one for pk, one in sorted(found.items()) if pk != event.by_id]


def _is_for_others(event: TicketEvent) -> bool:
    """Say whether an agent brought the ticket back at the desk; a message never comes from there."""
    return event.kind == Kind.REOPENED and event.face == Face.DESK


def _stand(event: TicketEvent) -> _Stand:
    ticket = event.ticket
    stand = _Stand(ticket, ticket.department, ticket.assignee_id, ticket.team_id)
    match event.kind:
        case Kind.OPENED:
            routing = event.data.get("routing") or {}
            stand.is_given = any("skipped" not in routing[name] for name in ("assignee", "team") if name in routing)
            stand.agent = stand.team = None
        case Kind.ASSIGNED:
            stand.agent, stand.team = _keys_of(event.data["to"])
        case Kind.TRANSFERRED:
            if ticket.department_id != event.data["to"]:
                stand.department = Department.objects.get(pk=event.data["to"])
            stand.agent, stand.team = _keys_of(event.data.get("assignee", ""))
    return stand


def _keys_of(holder: str) -> tuple[int | None, int | None]:
    """Return the keys of the agent and the team behind "user:1" or "team:1"."""
    kind, _, pk = holder.partition(":")
    return (int(pk) if kind == "user" else None), (int(pk) if kind == "team" else None)


# --- Whom the rule names ----------------------------------------------------------------------------


class Kept(NamedTuple):
    """People who are told of nearly every event: built once, and with which values."""

    query: "Prepared[Address]"
    values: dict[str, Any]
    people: Callable[..., QuerySet[Address]]


People = QuerySet[Address] | Kept


def _holding(rule: AlertRule, stand: _Stand) -> Iterable[People]:
    """Yield who has the ticket: its agent, else its team, else the department."""
    if stand.is_given:
        return
    if stand.agent is not None:
        if rule.agent:
            yield Kept(_AGENT, {"agent": stand.agent}, _agent)
    elif stand.team is not None:
        if rule.team:
            yield _team(stand.team, rule)
    elif rule.members_if_nobody and not rule.members:
        yield from _members(stand.department)


def _instead(rule: AlertRule, stand: _Stand, found: Mapping[int, Listener]) -> Iterable[People]:
    """Yield who is told in the place of a holder who is not there: the team, then the department."""
    if stand.is_given or (stand.agent is None and stand.team is None):
        return
    if (stand.agent is not None and not rule.agent) or (stand.agent is None and not rule.team):
        return
    if stand.agent in found or any(Why.HOLDER in one.why for one in found.values()):
        return
    if stand.agent is not None and stand.team is not None and rule.team:
        yield _team(stand.team, rule)
    if rule.members_if_nobody and not rule.members:
        yield from _members(stand.department)


def _besides(rule: AlertRule, stand: _Stand, event: TicketEvent) -> Iterable[People]:
    """Yield who is told whoever has the ticket."""
    if rule.members:
        yield from _members(stand.department)
    if rule.lead and stand.team is not None:
        yield Kept(_LEAD, {"team": stand.team}, _lead)
    if rule.manager and stand.department.manager_id is not None:
        yield Kept(_MANAGER, {"manager": stand.department.manager_id}, _manager)
    if rule.account_manager and stand.ticket.organization_id is not None:
        yield _agents(Why.NAMED).filter(_sees(stand), _manages_account_of(stand.ticket.organization_id))
    if rule.referred:
        yield _agents(Why.NAMED).filter(user__in=explaining.seers("referral", stand.ticket))
    if rule.respondent:
        replies = ThreadEntry.objects.filter(ticket=stand.ticket, kind=EntryKind.REPLY).order_by("-number")
        yield _agents(Why.NAMED).filter(_sees(stand), user=replies.values("author")[:1])
    if rule.mentioned and event.entry is not None and (keys := called(event.entry.text)):
        yield _agents(Why.NAMED).filter(_sees(stand), user__in=keys)
    if rule.administrators:
        yield _administrators()


def _escalated_to(stand: _Stand, event: TicketEvent) -> Iterable[People]:
    """Yield whom a step of escalation names; of one that could not be done, the administrators are told."""
    if why := event.data.get("left_out"):
        if why not in {LeftOut.ALREADY, LeftOut.REFUSED}:
            yield _administrators()
        return
    agent, team = _keys_of(event.data.get("to", ""))
    if agent is not None:
        yield _agents(Why.NAMED).filter(_sees(stand), user=agent)
    if team is not None:
        members = Team.members.through.objects.filter(team=team)
        yield _agents(Why.NAMED).filter(_sees(stand), user__in=members.values("user"))


def _members(department: Department) -> Iterable[People]:
    """Yield whom the department wants told as its own (PARITY D08); everybody may decline for it (D09)."""
    match department.alerts_to:
        case AlertsTo.NOBODY:
            return
        case AlertsTo.ADMINISTRATORS:
            yield _administrators()
            return
        case AlertsTo.PRIMARY:
            yield Kept(_PRIMARY_MEMBERS, {"department": department}, _primary_members)
            return
    yield Kept(_ALL_MEMBERS, {"department": department}, _all_members)


def _all_members(department: Any, **only: bool) -> QuerySet[Address]:
    access: QuerySet[DepartmentAccess] = DepartmentAccess.objects.filter(department=department, alerts=True, **only)
    return _agents(Why.DEPARTMENT).filter(user__in=access.values("agent"), user__sees_only_assigned=False)


def _primary_members(department: Any) -> QuerySet[Address]:
    return _all_members(department, is_primary=True)


def _team(team: int, rule: AlertRule) -> People:
    # A team may want no mail when something is assigned to it (PARITY T01).
    if rule.event == Alert.ASSIGNED:
        return Kept(_TOLD_TEAM, {"team": team}, _told_team)
    return Kept(_WHOLE_TEAM, {"team": team}, _whole_team)


def _whole_team(team: Any, **only: bool) -> QuerySet[Address]:
    members = Team.members.through.objects.filter(team=team, **only)
    return _agents(Why.HOLDER).filter(user__in=members.values("user"))


def _told_team(team: Any) -> QuerySet[Address]:
    return _whole_team(team, team__alerts=True)


def _agent(agent: Any) -> QuerySet[Address]:
    return _agents(Why.HOLDER).filter(user=agent)


def _lead(team: Any) -> QuerySet[Address]:
    return _agents(Why.HOLDER).filter(user__leads=team)


def _manager(manager: Any) -> QuerySet[Address]:
    return _agents(Why.DEPARTMENT).filter(user=manager)


def _manages_account_of(organization: int) -> Q:
    """Return who is account manager of an organisation, alone or in a team (PARITY U09)."""
    managed = Organization.objects.filter(pk=organization)
    members = Team.members.through.objects.filter(team__in=managed.values("manager_team"))
    return Q(user__in=managed.values("manager")) | Q(user__in=members.values("user"))


def _sees(stand: _Stand) -> Q:
    """Return who may see the ticket: the grants of the desk, asked of the people."""
    may_see = Q()
    for name in explaining.OF_FACE[Face.DESK]:
        may_see |= Q(user__in=explaining.seers(name, stand.ticket).values("pk"))
    return may_see


def _agents(why: Why) -> QuerySet[Address]:
    return _people(why).filter(user__is_agent=True)


def _administrators() -> QuerySet[Address]:
    return _people(Why.ADMINISTRATOR).filter(user__is_administrator=True, verified_at__isnull=False)


def _people(why: Why) -> QuerySet[Address]:
    """Return primary addresses of people who are there, with how each of them wants to be told."""
    there = Address.objects.filter(is_primary=True, user__is_active=True, user__on_vacation=False)
    wanted = {name: F(f"user__{path}") for name, path in wishes.PATHS.items()}
    return there.annotate(told_as=Value(why.value), of_agent=F("user__is_agent"), **wanted)


def _ask(parts: list[People]) -> list[Any]:
    """Return all of them by one query."""
    if not parts:
        return []
    kept = [part for part in parts if isinstance(part, Kept)]
    if len(parts) == 1 and kept:
        return kept[0].query.all(**kept[0].values)
    if len(kept) == len(parts):
        values = {f"{name}_{number}": one for number, part in enumerate(kept) for name, one in part.values.items()}
        return _together(tuple((part.people, tuple(part.values)) for part in kept)).all(**values)
    first, *others = (part.people(**part.values) if isinstance(part, Kept) else part for part in parts)
    return list(first.union(*others, all=True) if others else first)


@lru_cache(maxsize=64)
def _together(parts: "tuple[tuple[Callable[..., QuerySet[Address]], tuple[str, ...]], ...]") -> "Prepared[Any]":
    """Return the query for all of these; its values are called as theirs, with the number of the part behind."""

    def build(**values: Any) -> "QuerySet[Any, Any]":
        asked = [
            people(**{name: values[f"{name}_{number}"] for name in names})
            for number, (people, names) in enumerate(parts)
        ]
        return asked[0].union(*asked[1:], all=True)

    return Prepared(build)


_AGENT, _LEAD, _MANAGER = Prepared(_agent), Prepared(_lead), Prepared(_manager)
_WHOLE_TEAM, _TOLD_TEAM = Prepared(_whole_team), Prepared(_told_team)
_ALL_MEMBERS = Prepared(lambda department: _all_members(department))
_PRIMARY_MEMBERS = Prepared(lambda department: _primary_members(department))


def _add(found: dict[int, Listener], people: Iterable[Any]) -> None:
    for address in people:
        listener = found.setdefault(address.user_id, Listener(address))
        listener.why.add(Why(address.told_as))
