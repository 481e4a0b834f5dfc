"""What a plan does about broken promises: rows on its page, which stands in sla. They name whom sla does not know."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core.bounded_admin import ModelForm
from core.configuration_admin import OffersActiveInline
from sla.admin import SLAPlanAdmin
from sla.models import SLAPlan
from tickets import variables
from tickets.models import AssignableTo, Department, Does, EscalationStep, HelpTopic
from tickets.variable_fields import VariableTextarea
from tickets.vocabulary import EVERYTHING

# Of a plan. Each is a row of its page, and of every breach.
MOST_STEPS = 12
NAMES_SOMEBODY = frozenset({Does.ASSIGN, Does.NOTIFY})


class StepForm(ModelForm):
    """One step. What does not belong to it is refused rather than forgotten."""

    class Meta:
        widgets = {"text": VariableTextarea({"rows": 2, "cols": 30})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.vocabulary = EVERYTHING

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        if found := variables.problems(text, EVERYTHING):
            raise ValidationError([str(problem) for problem in found])
        return text

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        does = data.get("does")
        if not does or data.get("DELETE"):
            return data
        if data.get("priority") and does != Does.RAISE:
            self.add_error("priority", gettext("This step sets no priority."))
        if does == Does.NOTE and not data.get("text") and "text" not in self.errors:
            self.add_error("text", gettext("Write the note."))
        if data.get("text") and does != Does.NOTE:
            self.add_error("text", gettext("This step writes nothing."))
        self._check_whom(does, data.get("team"), data.get("agent"))
        return data

    def _check_whom(self, does: str, team: Team | None, agent: User | None) -> None:
        if {"team", "agent"} & set(self.errors):
            return
        if does not in NAMES_SOMEBODY:
            for name, named in (("team", team), ("agent", agent)):
                if named is not None:
                    self.add_error(name, gettext("This step names nobody."))
            return
        if (team is None) == (agent is None):
            self.add_error("team", gettext("Choose a team or an agent."))
            return
        where: Any = {"plan": self.instance.plan_id, "assigns": does == Does.ASSIGN}
        if agent is not None and (why := why_no_agent(agent, **where)):
            self.add_error("agent", why)
        if team is not None and (why := why_no_team(team, **where)):
            self.add_error("team", why)


def why_no_agent(agent: User, plan: int | None, *, assigns: bool) -> str | None:
    """Return why a plan cannot escalate to an agent: disabled, or without access where the plan holds."""
    if not (agent.is_agent and agent.is_active):
        return gettext("%(name)s is not an active agent.") % {"name": agent}
    working = Q(access__agent=agent) | Q(manager=agent)
    if assigns:
        working |= Q(assignable_to=AssignableTo.EVERYONE)
    there = Department.objects.enabled().filter(working)
    if not there.exists():
        return gettext("%(name)s has access to no department.") % {"name": agent}
    if missing := _first_of(plan, without=there):
        return gettext("%(name)s has no access to %(department)s, where this plan holds.") % {
            "name": agent,
            "department": missing,
        }
    return None


def why_no_team(team: Team, plan: int | None, *, assigns: bool) -> str | None:
    """Return why a plan cannot escalate to a team. Whoever is in one sees what it is assigned."""
    members = User.objects.agents().filter(teams=team)
    if not members.exists():
        return gettext("Nobody in “%(name)s” is an active agent.") % {"name": team}
    there = Department.objects.enabled().filter(Q(access__agent__in=members) | Q(manager__in=members))
    if not there.exists():
        return gettext("Nobody in “%(name)s” has access to a department.") % {"name": team}
    if not assigns and (missing := _first_of(plan, without=there)):
        return gettext("Nobody in “%(name)s” has access to %(department)s, where this plan holds.") % {
            "name": team,
            "department": missing,
        }
    return None


def _first_of(plan: int | None, *, without: "QuerySet[Department]") -> Department | None:
    """Return a department that says itself, or by a help topic, that a plan holds, and that is not among the others."""
    if plan is None:
        return None
    topics = HelpTopic.objects.active().filter(sla_plan=plan)
    holds = Q(sla_plan=plan) | Q(pk__in=topics.values("department"))
    if topics.filter(department=None).exists():
        holds |= Q(is_default=True)
    return (
        Department.objects.enabled().filter(holds).exclude(pk__in=without.values("pk")).order_by("name", "pk").first()
    )


class StepInline(OffersActiveInline):
    model = EscalationStep
    form = StepForm
    # A row of a table has no room for so much.
    template = "admin/edit_inline/stacked.html"
    fieldsets = ((None, {"fields": (("after", "target", "does"), ("priority", "team", "agent"), "text")}),)
    autocomplete_fields = ("agent",)
    max_num = MOST_STEPS
    verbose_name = _("step")
    verbose_name_plural = _("escalation, when a promise is broken")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationStep]:
        return super().get_queryset(request).select_related("plan", "agent").order_by("after", "pk")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "agent":
            # Found by typing: there may be many, and none of them is read beforehand.
            kwargs["widget"] = AutocompleteSelect(db_field, self.admin_site)
            return db_field.formfield(**kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        match db_field.name:
            case "after":
                kwargs["help_text"] = _("Working time after the deadline, such as 0m, 30m or 2h.")
            case "text":
                kwargs["help_text"] = _("Of a note. Type {{ to choose a variable.")
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "priority":
            field.choices = [("", _("By one step")), *field.choices[1:]]
        if db_field.name == "target":
            field.choices = [("", _("Any promise")), *field.choices[1:]]
        return field


admin.site.unregister(SLAPlan)


@admin.register(SLAPlan)
class PlanAdmin(SLAPlanAdmin):
    about = _("What is promised: how soon tickets are answered and resolved, and what happens when they are not.")
    inlines: ClassVar[Any] = (*SLAPlanAdmin.inlines, StepInline)
