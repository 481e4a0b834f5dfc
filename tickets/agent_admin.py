"""Agents in the administration: where they work, and what is done to many at once."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.timezone import localtime, now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import agent_admin as accounts
from accounts import audit
from accounts.models import Agent, AuditKind, Role, User
from accounts.people import is_last_administrator, lock_administrators, set_active
from accounts.people_admin import AddressInline
from core.bounded_admin import MOST_ROWS, ModelForm
from core.changes import Change, record
from core.configuration_admin import OffersActiveInline, SpokenFormSet
from core.exports import csv_response
from tickets.models import Department, DepartmentAccess
from tickets.models.tree import path_of


class AccessForm(ModelForm):
    def _get_validation_exclusions(self) -> set[str]:
        """Which one is primary is checked for all rows together: one by one, moving it would be refused."""
        return {*super()._get_validation_exclusions(), "is_primary"}  # type: ignore[misc]  # not in the stubs


class AccessFormSet(SpokenFormSet):
    def clean(self) -> None:
        super().clean()
        if len(self._primary()) > 1:
            raise ValidationError(_("Only one department can be the primary one."))

    def save(self, commit: bool = True) -> Any:
        """Take the mark away before it is given: there is one at any time."""
        stays = [form.instance.pk for form in self._primary() if form.instance.pk]
        DepartmentAccess.objects.filter(agent=self.instance, is_primary=True).exclude(pk__in=stays).update(
            is_primary=False
        )
        return super().save(commit)

    def _primary(self) -> list[Any]:
        rows = [form for form in self.forms if hasattr(form, "cleaned_data")]
        return [form for form in rows if form.cleaned_data.get("is_primary") and not form.cleaned_data.get("DELETE")]


class AccessInline(OffersActiveInline):
    """In which departments an agent works, in which role."""

    model = DepartmentAccess
    form = AccessForm
    formset = AccessFormSet
    fields = ("department", "role", "is_primary", "alerts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepartmentAccess]:
        rows = super().get_queryset(request).select_related("agent", "department__parent__parent")
        return rows.order_by("-is_primary", "department__name", "pk")


class ChangeDepartmentForm(forms.Form):
    department = forms.ModelChoiceField(
        label=_("Department"), queryset=Department.objects.none(), help_text=_("Becomes the primary one.")
    )
    role = forms.ModelChoiceField(label=_("Role"), queryset=Role.objects.none(), help_text=_("What they may do there."))
    keeps_access = forms.BooleanField(
        label=_("Keep access"),
        required=False,
        initial=True,
        help_text=_("They go on working in their primary department of until now, too."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        department: Any = self.fields["department"]
        department.queryset = Department.objects.active().with_path().in_order()
        role: Any = self.fields["role"]
        role.queryset = Role.objects.filter(archived_at=None).order_by("name", "pk")


@admin.register(Agent)
class AgentAdmin(accounts.AgentAdmin):
    about = _("Who works at the desk: what they may see and do, and how they sign in.")
    list_display = (
        *("named", "email", "works_in", "is_administrator", "is_active", "on_vacation"),
        *("sees_only_assigned", "last_login"),
    )
    list_filter: ClassVar[Any] = ("is_active", "is_agent", "is_administrator", "on_vacation", "sees_only_assigned")
    inlines = (AccessInline, AddressInline)
    actions: Any = (*accounts.AgentAdmin.actions, "enable", "disable", "change_department", "as_csv")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        access = DepartmentAccess.objects.select_related("department__parent__parent", "role")
        rows = access.order_by("-is_primary", path_of("department__"), "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("department_access", queryset=rows))

    @admin.display(description=_("departments"))
    def works_in(self, agent: User) -> str:
        """The primary one first, with a mark."""
        return ", ".join(
            f"{access.department} ★" if access.is_primary else str(access.department)
            for access in agent.department_access.all()
        )

    # --- Many at once ------------------------------------------------------------------------------

    @admin.action(description=_("Enable"), permissions=["change"])
    @transaction.atomic
    def enable(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        done = [self._switch(request, person, to=True) for person in queryset.filter(is_active=False).order_by("pk")]
        self._tell(request, done, gettext("Enabled: %(names)s."))

    @admin.action(description=_("Disable"), permissions=["change"])
    @transaction.atomic
    def disable(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """Nobody disables themselves, nor the last administrator, in whichever company they are chosen."""
        lock_administrators()
        done = []
        for person in queryset.filter(is_active=True).order_by("pk"):
            names = {"name": person.display_name}
            if person.pk == request.user.pk:
                self.message_user(request, gettext("You stay active: you would lock yourself out."), messages.ERROR)
            elif is_last_administrator(person):
                text = gettext("%(name)s is the last administrator. Make somebody else an administrator first.")
                self.message_user(request, text % names, messages.ERROR)
            else:
                done.append(self._switch(request, person, to=False))
        self._tell(
            request, done, gettext("Disabled: %(names)s. They are signed out, and nothing of theirs is deleted.")
        )

    @admin.action(description=_("Change department"), permissions=["change"])
    def change_department(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponse | None:
        """Ask which, then let the selected agents work there first of all."""
        chosen = list(queryset.filter(is_agent=True).order_by("name", "pk")[:MOST_ROWS])
        if not chosen:
            self.message_user(request, gettext("Only agents work in departments. Select some."), messages.ERROR)
            return None
        form = ChangeDepartmentForm(request.POST if "apply" in request.POST else None)
        if form.is_valid():
            with transaction.atomic():
                done = [_move(request, agent, **form.cleaned_data) for agent in chosen]
            self._tell(request, done, gettext("In “%(department)s” now: %(names)s."), **form.cleaned_data)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Change department"),
            "opts": self.opts,
            "form": form,
            "agents": chosen,
        }
        return TemplateResponse(request, "admin/change_department.html", context, status=422 if form.is_bound else 200)

    @admin.action(description=_("Download as CSV"))
    def as_csv(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponse:
        """Return the selected agents. That they were taken out stands in the audit log."""
        chosen = list(queryset.prefetch_related("teams").order_by("name", "pk")[:MOST_ROWS])
        assert isinstance(request.user, User)
        audit.record(
            AuditKind.EXPORTED,
            by=request.user,
            at=now(),
            changes={"agents": (None, [agent.pk for agent in chosen])},
        )
        header = (
            *(gettext("Name"), gettext("E-mail address"), gettext("Departments"), gettext("Teams")),
            *(gettext("Agent"), gettext("Administrator"), gettext("Active"), gettext("On vacation")),
            *(gettext("Only assigned tickets"), gettext("Last sign-in")),
        )
        return csv_response("agents", header, _lines(chosen))

    def _switch(self, request: HttpRequest, person: User, *, to: bool) -> str:
        set_active(person, to)
        record(Change.RIGHTS, request=request, row=person, changes={"is_active": (not to, to)})
        return person.display_name

    def _tell(self, request: HttpRequest, names: list[str], sentence: str, **more: Any) -> None:
        if names:
            self.message_user(request, sentence % {"names": ", ".join(names), **more}, messages.SUCCESS)


def _move(request: HttpRequest, agent: User, *, department: Department, role: Role, keeps_access: bool) -> str:
    """Make the department the agent's primary one, in that role."""
    rows = DepartmentAccess.objects.select_for_update().filter(agent=agent)
    before = rows.filter(is_primary=True).first()
    if before is not None and before.department_id != department.pk and not keeps_access:
        before.delete()
    rows.filter(is_primary=True).update(is_primary=False)
    DepartmentAccess.objects.update_or_create(
        agent=agent, department=department, defaults={"role": role, "is_primary": True}
    )
    changes = {
        "primary_department": (before.department_id if before else None, department.pk),
        "role": (before.role_id if before else None, role.pk),
        "keeps_access": (None, keeps_access),
    }
    record(Change.RIGHTS, request=request, row=agent, changes=changes)
    return agent.display_name


def _lines(agents: list[Agent]) -> Iterator[tuple[Any, ...]]:
    for agent in islice(agents, MOST_ROWS):
        rows = agent.department_access.all()
        marks = (
            *(agent.is_agent, agent.is_administrator, agent.is_active),
            *(agent.on_vacation, agent.sees_only_assigned),
        )
        yield (
            agent.display_name,
            agent.email,
            "; ".join(f"{access.department.path} ({access.role.name})" for access in rows),
            "; ".join(sorted(team.name for team in agent.teams.all())),
            *(gettext("yes") if mark else gettext("no") for mark in marks),
            localtime(agent.last_login).strftime("%Y-%m-%d %H:%M") if agent.last_login else "",
        )
