"""Forms of the desk. Each carries the number of the last event that its reader saw."""

import re
import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from desk.finding import Find, FindSelect, first, given, offer_rows
from desk.people import Group, agents_of, all_agents, away_from, chosen_among, departments, group_of, teams
from desk.sidebar import read_id
from sla.models import Priority, SLAPlan
from tickets import policy
from tickets.events import ref
from tickets.models import CloseReason, Department, HelpTopic, Source, Ticket
from tickets.prose import MAX_TEXT

TOO_OLD = _("This form is too old. Look at the ticket, then send it again.")
NOTE = _("Internal note")
CHOOSE_FROM_LIST = _("Choose from the list.")

_REF = re.compile(r"(user|team|department):([0-9]{1,18})", re.ASCII)


class SeenForm(forms.Form):
    """A form about one ticket. `seen` is the number of the last event on the page it was sent from."""

    seen = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), TOO_OLD),
    )

    def __init__(self, *args: Any, ticket: Ticket, name: str, **kwargs: Any) -> None:
        kwargs["initial"] = {"seen": ticket.last_event_number} | kwargs.get("initial", {})
        kwargs["auto_id"] = f"{name}-%s"
        super().__init__(*args, **kwargs)
        self.ticket = ticket


def note_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"class": "input-note", "rows": 3}),
        error_messages={"max_length": _("This is too long. Attach it as a file to a note instead.")},
    )


def show_away(field: Any, department: Department, find: str) -> list[Group]:
    """Return who of the department is on vacation, for the end of the field's list, and let nobody choose them."""
    away, _has_more = first(away_from(department, find))
    field.widget.closed = frozenset(ref(agent) for agent in away)
    return group_of(str(_("On vacation")), away)


class AssignForm(SeenForm):
    """To an agent of the ticket's department or to a team. `to` becomes a User or a Team."""

    to = forms.CharField(
        label=_("Assign to"),
        widget=FindSelect,
        error_messages={"required": _("Choose an agent or a team.")},
    )
    note = note_field(NOTE)

    def __init__(self, *args: Any, action: str, me: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        find = Find.of(self, action)
        agents, more_agents = first(agents_of(self.ticket.department, find.text).exclude(pk=self.ticket.assignee_id))
        some_teams, more_teams = first(teams(find.text))
        groups = group_of(str(_("Agents")), agents, me) + group_of(str(_("Teams")), some_teams)
        find.choose_sole(self, "to", groups)
        groups += show_away(self.fields["to"], self.ticket.department, find.text)
        chosen = self._holder(str(given(self).get("to") or ""))
        find.offer(
            self.fields["to"],
            [("", _("Choose an agent or a team")), *chosen_among(groups, chosen)],
            shown=max(len(agents), len(some_teams)),
            has_more=more_agents or more_teams,
        )

    def clean_to(self) -> User | Team:
        holder = self._holder(self.cleaned_data["to"])
        if holder is None:
            raise forms.ValidationError(CHOOSE_FROM_LIST)
        return holder

    def _holder(self, ref: str) -> User | Team | None:
        found = _REF.fullmatch(ref)
        if found is None or found[1] == "department":
            return None
        # Who is not in the list may have been a moment ago: the policy says why not.
        rows = all_agents() if found[1] == "user" else teams()
        holder: User | Team | None = rows.filter(pk=int(found[2])).first()
        return holder


class TransferForm(SeenForm):
    """To another department, and to one of its agents if wanted. `assignee` becomes a User or None."""

    department = forms.ModelChoiceField(
        label=_("Department"),
        queryset=Department.objects.none(),
        widget=FindSelect,
        empty_label=_("Choose a department"),
        error_messages={"required": _("Choose a department."), "invalid_choice": CHOOSE_FROM_LIST},
    )
    assignee = forms.CharField(label=_("Assign to"), required=False, widget=FindSelect)
    note = note_field(NOTE)
    keep_access = forms.BooleanField(
        label=_("Keep access"),
        required=False,
        initial=True,
        help_text=_("You and your department go on reading this ticket and may add notes."),
    )

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departments = Department.objects.enabled().exclude(pk=self.ticket.department_id).with_path().in_order()
        offer_rows(self, "department", departments, action=action, box="find_department")
        self.fields["department"].widget.attrs |= {
            "hx-post": action,
            "hx-trigger": "change",
            # A name that was looked for in another department says nothing about this one.
            "hx-vals": '{"refresh": "1", "find": ""}',
            "hx-target": "#transfer-assignee_field",
            "hx-select": "#transfer-assignee_field",
            "hx-swap": "outerHTML",
            "hx-sync": "this:replace",
        }
        self.chosen = self._chosen(departments)
        find = Find.of(self, action)
        agents: list[User] = []
        groups: list[Group] = []
        has_more = False
        if self.chosen:
            agents, has_more = first(agents_of(self.chosen, find.text))
            groups = group_of(self.chosen.path, agents)
            find.choose_sole(self, "assignee", groups)
            groups += show_away(self.fields["assignee"], self.chosen, find.text)
        assignee = self._agent(str(given(self).get("assignee") or ""))
        find.offer(
            self.fields["assignee"],
            [("", _("Nobody yet, let the department decide")), *chosen_among(groups, assignee)],
            shown=len(agents),
            has_more=has_more,
        )

    def clean_assignee(self) -> User | None:
        ref = self.cleaned_data["assignee"]
        if not ref:
            return None
        agent = self._agent(ref)
        if self.chosen is not None:
            reason = policy.why_not_assigned(self.chosen, agent) if agent and agent.on_vacation else None
            if reason or agent is None or not agents_of(self.chosen).filter(pk=agent.pk).exists():
                somebody = _("Choose somebody who works in %(name)s.") % {"name": self.chosen.path}
                raise forms.ValidationError(reason or somebody)
        return agent

    def _chosen(self, departments: Any) -> Department | None:
        pk = read_id(str(given(self).get("department") or ""))
        department: Department | None = departments.filter(pk=pk).first() if pk else None
        return department

    def _agent(self, ref: str) -> User | None:
        found = _REF.fullmatch(ref)
        if self.chosen is None or found is None or found[1] != "user":
            return None
        agent: User | None = all_agents().filter(pk=int(found[2])).first()
        return agent


class ReferForm(SeenForm):
    """To an agent, a team or a department. `to` becomes a User, a Team or a Department."""

    to = forms.CharField(
        label=_("Who reads along"),
        widget=FindSelect,
        error_messages={"required": _("Choose an agent, a team or a department.")},
        help_text=_("They can read this ticket and write internal notes. Who works on it stays the same."),
    )
    note = note_field(NOTE)

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        find = Find.of(self, action)
        held = self.ticket.referrals
        some_departments, more_departments = first(
            departments(find.text).exclude(pk=self.ticket.department_id).exclude(pk__in=_held(held, "department"))
        )
        some_teams, more_teams = first(teams(find.text).exclude(pk__in=_held(held, "team")))
        agents, more_agents = first(all_agents(find.text).exclude(pk__in=_held(held, "agent")))
        groups = [
            *group_of(str(_("Departments")), some_departments),
            *group_of(str(_("Teams")), some_teams),
            *group_of(str(_("Agents")), agents),
        ]
        find.choose_sole(self, "to", groups)
        chosen = self._holder(str(given(self).get("to") or ""))
        find.offer(
            self.fields["to"],
            [("", _("Choose who reads along")), *chosen_among(groups, chosen)],
            shown=max(len(some_departments), len(some_teams), len(agents)),
            has_more=more_departments or more_teams or more_agents,
        )

    def clean_to(self) -> User | Team | Department:
        holder = self._holder(self.cleaned_data["to"])
        if holder is None:
            raise forms.ValidationError(CHOOSE_FROM_LIST)
        return holder

    def _holder(self, ref: str) -> User | Team | Department | None:
        found = _REF.fullmatch(ref)
        if found is None:
            return None
        rows = {"user": all_agents, "team": teams, "department": departments}[found[1]]()
        holder: User | Team | Department | None = rows.filter(pk=int(found[2])).first()
        return holder


def _held(referrals: Any, name: str) -> Any:
    """Return the keys of those who have access by one of the referrals."""
    return referrals.filter(**{f"{name}__isnull": False}).values(name)


class ChangeForm(SeenForm):
    """One choice among the rows of a table of the configuration."""

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        offer_rows(self, "to", self.rows(), action=action)
        field.error_messages["invalid_choice"] = str(CHOOSE_FROM_LIST)
        field.error_messages["required"] = str(CHOOSE_FROM_LIST)

    def rows(self) -> Any:
        """Return what there is to choose from."""
        field: Any = self.fields["to"]
        return field.queryset


class PriorityForm(ChangeForm):
    to = forms.ModelChoiceField(
        label=_("Priority"),
        queryset=Priority.objects.filter(archived_at=None).order_by("level"),
        widget=FindSelect,
        empty_label=None,
    )


class TopicForm(ChangeForm):
    to = forms.ModelChoiceField(
        label=_("Help topic"),
        queryset=HelpTopic.objects.none(),
        widget=FindSelect,
        help_text=_("Department and priority stay as they are, and the SLA plan too, unless it is transient."),
    )

    def rows(self) -> Any:
        # Their order is the site's choice, so it is asked for each time.
        return HelpTopic.objects.enabled().arranged()


class PlanForm(ChangeForm):
    to = forms.ModelChoiceField(
        label=_("SLA plan"),
        queryset=SLAPlan.objects.filter(archived_at=None).order_by("name"),
        widget=FindSelect,
        help_text=_("Running clocks count as if this plan had held since they started."),
    )


class SourceForm(SeenForm):
    to = forms.ChoiceField(
        label=_("Came by"),
        choices=Source.choices,
        error_messages={"invalid_choice": CHOOSE_FROM_LIST, "required": CHOOSE_FROM_LIST},
    )

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def clean_to(self) -> Source:
        return Source(self.cleaned_data["to"])


class ResolveForm(SeenForm):
    """`resolution` is needed where nobody has replied yet."""

    resolution = note_field(_("How it was solved"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resolution"].required = self.ticket.first_response_at is None
        self.fields["resolution"].error_messages["required"] = str(
            _("Nobody has answered yet. Reply, or say here how it was solved.")
        )


class CloseForm(SeenForm):
    """Closing without an answer needs a reason."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[(reason.value, reason.label) for reason in CloseReason.for_unresolved()],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose why this ticket is closed without an answer."),
            "invalid_choice": CHOOSE_FROM_LIST,
        },
    )
    note = note_field(NOTE)


def new_key() -> str:
    """Return a fresh request key."""
    return secrets.token_urlsafe(16)
