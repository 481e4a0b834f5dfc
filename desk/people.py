"""Who a ticket can be given to: agents of its department, and teams, as choices of a form."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets import policy
from tickets.events import ref
from tickets.models import Department

Group = tuple[str, list[tuple[str, str]]]


def agents_of(department: Department, find: str = "") -> Any:
    """Return the agents who can take a ticket of `department`, by name."""
    return _found(policy.assignable(department), find)


def away_from(department: Department, find: str = "") -> Any:
    """Return the agents of `department` who are on vacation: seen, and not to be chosen."""
    return _found(department.circle().filter(on_vacation=True), find)


def all_agents(find: str = "") -> Any:
    """Return all agents who can sign in, by name."""
    return _found(User.objects.agents(), find)


def _found(agents: Any, find: str) -> Any:
    if find:
        agents = agents.filter(Q(name__icontains=find) | Q(email__icontains=find))
    return agents.order_by("name", "id")


def teams(find: str = "") -> Any:
    found = Team.objects.filter(archived_at=None)
    if find:
        found = found.filter(name__icontains=find)
    return found.order_by("name", "id")


def departments(find: str = "") -> Any:
    found = Department.objects.enabled()
    if find:
        found = found.found_by(find)
    return found.with_path().in_order()


def group_of(label: str, holders: Iterable[User | Team | Department], me: User | None = None) -> list[Group]:
    """Return an optgroup; the agent who chooses stands first. None where there is nobody."""
    choices = [(ref(holder), _label(holder, me)) for holder in holders]
    if me is not None:
        choices.sort(key=lambda choice: choice[0] != ref(me))
    return [(label, choices)] if choices else []


def _label(holder: User | Team | Department, me: User | None) -> str:
    name = str(holder)
    return _("%(name)s (you)") % {"name": name} if holder == me else name


def chosen_among(groups: Sequence[Group], holder: User | Team | Department | None) -> list[Group]:
    """Return the groups with `holder` in them, who may have been found under another name."""
    if holder is None or any(value == ref(holder) for _label, choices in groups for value, _name in choices):
        return list(groups)
    return [(_("Chosen"), [(ref(holder), _label(holder, None))]), *groups]
