"""Teams and organisations in the administration."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, Organization, Team, User
from core.bounded_admin import DeletesUnusedAdmin, ModelForm
from core.changes import Change
from core.configuration_admin import ConfigurationAdmin


class TeamForm(ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("members")) is not None:
            assert isinstance(field, forms.ModelMultipleChoiceField)
            # Whoever is in the team stays in it though they were switched off meanwhile, until somebody takes them out.
            mine = self.instance.members.values("pk") if self.instance.pk else []
            field.queryset = User.objects.filter(Q(is_agent=True, is_active=True) | Q(pk__in=mine))
            # No cross that takes all out at once: it would stand among the names, and be read as one.
            inner: Any = getattr(field.widget, "widget", field.widget)
            inner.is_required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lead = data.get("lead")
        if lead is not None and "members" in data and lead not in data["members"]:
            self.add_error("lead", _("The lead is one of the members. Add them first, or choose another."))
        return data


@admin.register(Team)
class TeamAdmin(ConfigurationAdmin):
    about = _("Agents who get tickets together, across departments. One of them takes each ticket.")
    form = TeamForm
    list_display = ("name", "lead", "who", "alerts")
    list_select_related = ("lead",)
    autocomplete_fields = ("members", "lead")
    fields = ("name", "members", "lead", "alerts", "notes")
    search_fields = ("name",)
    ordering = ("name", "pk")
    audited_as: ClassVar[Mapping[str, Change]] = {"members": Change.RIGHTS, "lead": Change.RIGHTS}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        members = User.objects.filter(is_agent=True).order_by("name", "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("members", queryset=members))

    @admin.display(description=_("members"))
    def who(self, team: Team) -> str:
        return ", ".join(member.display_name for member in team.members.all())

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        """Agents have a page of their own; the one of all people leaves them out."""
        return (
            Agent.objects.agents().order_by("name", "pk") if field in {"members", "lead"} else super().looked_up(field)
        )


@admin.register(Organization)
class OrganizationAdmin(DeletesUnusedAdmin):
    about = _("Whom people ask for, such as a company. More about each stands at the desk.")
    list_display = ("name", "created_at")
    fields = ("name",)
    search_fields = ("name",)
    ordering = ("name", "pk")
