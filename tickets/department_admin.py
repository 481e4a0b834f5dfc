"""Departments in the administration."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, Role, User
from core.changes import Change, record
from core.configuration_admin import OneDefaultForm
from core.disabling import DisablingAdmin
from core.exports import MOST_ROWS, csv_response
from sla.models import Scope
from sla.reckoning_admin import ReckonsAdmin
from tickets.models import WORKING, Department, DepartmentAccess, HelpTopic, Ticket
from tickets.models.tree import why_not_below


class NestedForm(OneDefaultForm):
    """Its row may stand below another one of its kind."""

    def clean_parent(self) -> Any:
        parent = self.cleaned_data["parent"]
        if parent is not None and (reason := why_not_below(self.instance, parent)):
            raise ValidationError(reason)
        return parent


class DepartmentForm(NestedForm):
    class Meta:
        widgets = {"signature": forms.Textarea({"rows": 3}), "notes": forms.Textarea({"rows": 3})}


@admin.register(Department)
class DepartmentAdmin(ReckonsAdmin, DisablingAdmin):
    about = _("Who answers. Each ticket is in one department, whose agents see it.")
    form = DepartmentForm
    scope = Scope.DEPARTMENT
    reckoned_by = frozenset({"hours"})
    list_display = ("path", "state", "is_public", "manager", "sla_plan", "agents", "is_default")
    list_select_related = ("parent__parent", "manager", "sla_plan")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("name", "parent", "is_public", "make_default", "notes")}),
        (_("Who works on its tickets"), {"fields": ("manager", "assignable_to", "claims_on_reply", "keeps_assignee")}),
        (_("Who is told"), {"fields": ("alerts_to",)}),
        (
            _("What its tickets get"),
            {
                "fields": (
                    "sla_plan",
                    "hours",
                    "acknowledges",
                    "acknowledges_messages",
                    "tells_participants",
                    "signature",
                    "language",
                )
            },
        ),
        (_("A ticket's end"), {"fields": ("close_after", "reopen_within")}),
    )
    autocomplete_fields = ("manager",)
    radio_fields = {"assignable_to": admin.VERTICAL, "alerts_to": admin.VERTICAL}
    search_fields = ("name", "parent__name", "parent__parent__name")
    actions: Any = ("disable", "enable", "archive", "bring_back", "members_as_csv")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        works = Q(access__agent__is_agent=True, access__agent__is_active=True)
        departments: QuerySet[Any] = super().get_queryset(request).annotate(agent_count=Count("access", filter=works))
        return departments

    def get_ordering(self, request: HttpRequest) -> Any:
        return Department.objects.in_order().query.order_by

    @admin.display(description=_("name"))
    def path(self, department: Department) -> str:
        return department.path

    @admin.display(description=_("agents"))
    def agents(self, department: Any) -> int | SafeString:
        if department.agent_count or department.archived_at:
            return int(department.agent_count)
        return format_html('<span class="is-warning">{}</span>', gettext("None: nobody sees its tickets"))

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        return Agent.objects.agents().order_by("name", "pk") if field == "manager" else super().looked_up(field)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        department = kwargs.get("obj")
        if request.method == "GET" and department and not department.archived_at and not department.agent_count:
            text = gettext(
                "No agent works in “%(name)s”, so nobody at the desk would see its tickets. "
                "Give an agent access to it, on the agent's page."
            )
            self.message_user(request, text % {"name": department}, messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if not change:
                self._let_in(request, obj)

    def what_moves(self, row: Department) -> str:
        return gettext(
            "Other business hours can move the deadlines of %(tickets)s, as if they had held since the clocks started. "
            "What is met or broken stays."
        )

    def _let_in(self, request: HttpRequest, department: Department) -> None:
        """Give whoever made the department access to it, if they work at the desk: nobody else sees its tickets."""
        maker = request.user
        assert isinstance(maker, User)
        role = all_access()
        if not maker.is_agent or role is None:
            return
        DepartmentAccess.objects.create(agent=maker, department=department, role=role)
        changes = {"department": (None, department.pk), "role": (None, role.pk)}
        record(Change.RIGHTS, request=request, row=maker, changes=changes)
        text = gettext("You work in “%(name)s” now, as %(role)s.") % {"name": department, "role": role}
        self.message_user(request, text, messages.INFO)

    def why_not_archived(self, row: Any) -> str | None:
        if reason := super().why_not_archived(row):
            return reason
        if Ticket.objects.live().filter(department=row, status__in=WORKING).exists():
            return gettext("“%(name)s” still has tickets that are worked on. Transfer or close them first.") % {
                "name": row
            }
        topic = HelpTopic.objects.active().with_path().filter(department=row).order_by("position", "pk").first()
        if topic is not None:
            return gettext("The help topic “%(topic)s” leads to “%(name)s”. Change or archive the topic first.") % {
                "topic": topic,
                "name": row,
            }
        return why_parent_stays(row)

    @admin.action(description=_("Members as CSV"))
    @transaction.atomic
    def members_as_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Return who works in the departments, as what. That it was taken out stands in the audit log."""
        departments = list(Department.objects.filter(pk__in=queryset.order_by().values("pk")).order_by("pk"))
        for department in departments:
            record(Change.EXPORTED, request=request, row=department)
        header = (
            *(gettext("Department"), gettext("Agent"), gettext("E-mail address"), gettext("Role")),
            *(gettext("Primary"), gettext("Alerts"), gettext("Active")),
        )
        return csv_response("members", header, _members(departments))


def _members(departments: list[Department]) -> Iterator[tuple[Any, ...]]:
    rows = (
        DepartmentAccess.objects.filter(department__in=departments)
        .select_related("department__parent__parent", "agent", "role")
        .order_by("department__name", F("department"), "agent__name", "agent")
    )
    for access in islice(rows.iterator(chunk_size=2000), MOST_ROWS):
        agent = access.agent
        marks = (access.is_primary, access.alerts, agent.is_active and agent.is_agent)
        yield (
            access.department.path,
            agent.display_name,
            agent.email,
            access.role.name,
            *(gettext("yes") if mark else gettext("no") for mark in marks),
        )


def why_parent_stays(row: Any) -> str | None:
    """Return the sentence for a row that has active ones below it; None if it has none."""
    below = row.children.filter(archived_at=None).order_by("name").first()
    if below is None:
        return None
    return gettext("“%(below)s” is below “%(name)s”. Move or archive it first.") % {"below": below.name, "name": row}


def all_access() -> Role | None:
    """Return the role that allows most, whatever it is called here."""
    roles = list(Role.objects.filter(archived_at=None).order_by("pk")[:1000])
    return max(roles, key=lambda role: (len(role.permissions), -role.pk), default=None)
