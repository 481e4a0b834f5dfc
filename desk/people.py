"""Choosing an agent or a team among many: the first few, and a name to find the others by."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.events import ref
from tickets.models import Department

# How many are shown at once, of agents and of teams.
SHOWN = 50

Group = tuple[str, list[tuple[str, str]]]


def agents_of(department: Department, find: str = "") -> Any:
    """Return the agents who can take a ticket of `department`, by name."""
    agents = User.objects.agents().filter(department_access__department=department)
    if find:
        agents = agents.filter(Q(name__icontains=find) | Q(email__icontains=find))
    return agents.order_by("name", "id")


def teams(find: str = "") -> Any:
    found = Team.objects.filter(archived_at=None)
    if find:
        found = found.filter(name__icontains=find)
    return found.order_by("name", "id")


def first(found: Any) -> tuple[list[Any], bool]:
    """Return the first SHOWN rows, and whether there are more."""
    rows = list(found[: SHOWN + 1])
    return rows[:SHOWN], len(rows) > SHOWN


def group_of(label: str, holders: Iterable[User | Team], me: User | None = None) -> list[Group]:
    """Return an optgroup; the agent who chooses stands first. None where there is nobody."""
    choices = [(ref(holder), _label(holder, me)) for holder in holders]
    if me is not None:
        choices.sort(key=lambda choice: choice[0] != ref(me))
    return [(label, choices)] if choices else []


def _label(holder: User | Team, me: User | None) -> str:
    name = holder.name if isinstance(holder, Team) else holder.display_name
    return _("%(name)s (you)") % {"name": name} if holder == me else name


def chosen_among(groups: Sequence[Group], holder: User | Team | None) -> list[Group]:
    """Return the groups with `holder` in them, who may have been found under another name."""
    if holder is None or any(value == ref(holder) for _label, choices in groups for value, _name in choices):
        return list(groups)
    return [(_("Chosen"), [(ref(holder), _label(holder, None))]), *groups]


class FindInput(forms.TextInput):
    """A name to look for. With script the list beside it follows the typing; without, the button asks for it.

    `target` is the id of the select that changes.
    """

    def __init__(self, *, action: str, target: str) -> None:
        super().__init__(
            attrs={
                "autocomplete": "off",
                "hx-post": action,
                "hx-trigger": "input changed delay:250ms",
                "hx-vals": '{"refresh": "1"}',
                "hx-target": f"#{target}",
                "hx-select": f"#{target}",
                "hx-swap": "outerHTML",
                "hx-sync": "this:replace",
            }
        )

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        field = super().render(*args, **kwargs)
        return format_html(
            '<div class="find">{}<button class="btn" name="refresh" value="1">{}</button></div>', field, _("Find")
        )
