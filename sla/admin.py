"""Priorities, what the plans promise, and business hours."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import durations
from core.configuration_admin import OffersActiveInline, OneDefaultAdmin
from sla import business_hours_admin  # noqa: F401 - registers its page
from sla.models import OrganizationPlan, PlanTarget, Priority, Scope, SLAPlan, Target, Wait, pause_code
from sla.plan_form import MOST_TARGETS, PlanForm, TargetsFormSet
from sla.reckoning_admin import ReckonsAdmin

# Rows of the table within the page.
MOST_ORGANIZATIONS = 100


@admin.register(Priority)
class PriorityAdmin(OneDefaultAdmin):
    about = _("How urgent tickets are, the most urgent first.")
    list_display = ("name", "level", "glyph", "is_default")
    fields = ("name", "level", "glyph", "make_default")
    search_fields = ("name",)
    ordering = ("level", "pk")


class TargetInline(OffersActiveInline):
    model = PlanTarget
    formset = TargetsFormSet
    fields = ("target", "priority", "within")
    # A plan that promises nothing is no plan.
    min_num = 1
    max_num = MOST_TARGETS
    verbose_name = _("promise")
    verbose_name_plural = _("promises, in working time")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "within":
            kwargs["help_text"] = _("Working time, such as 4h or 1d 12h.")
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "priority":
            # The row without one holds for all that have none of their own.
            field.choices = [("", _("Every other priority")), *field.choices[1:]]
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_min=True, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlanTarget]:
        return super().get_queryset(request).select_related("plan").order_by("target", "priority__level", "pk")


class OrganizationInline(OffersActiveInline):
    """Whose people get the plan. Sought by name: there may be thousands."""

    model = OrganizationPlan
    fields = ("organization",)
    autocomplete_fields = ("organization",)
    max_num = MOST_ORGANIZATIONS
    verbose_name_plural = _("organisations whose people get it, where neither help topic nor department sets one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrganizationPlan]:
        return super().get_queryset(request).select_related("organization").order_by("organization__name", "pk")


@admin.register(SLAPlan)
class SLAPlanAdmin(ReckonsAdmin, OneDefaultAdmin):
    form = PlanForm
    scope = Scope.PLAN
    reckoned_by = frozenset({"hours", "hours_everywhere", "pauses", "warnings"})
    reckoned_rows = (PlanTarget,)
    list_display = ("name", "promised", "hours", "is_default")
    list_select_related = ("hours",)
    fieldsets = (
        (None, {"fields": ("name", "make_default", "is_transient", "notes")}),
        (_("Working time"), {"fields": ("hours", "hours_everywhere")}),
        (_("Deadlines"), {"fields": ("warnings", "alerts", "pauses")}),
    )
    audited_words = ("name", "pauses", "warnings")
    inlines: ClassVar[Any] = (TargetInline, OrganizationInline)
    search_fields = ("name",)
    ordering = ("name", "pk")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Let a new plan's solution wait for who has to do something first; agents' own rest moves no promise."""
        usual = (Wait.THIRD_PARTY, Wait.REQUESTER)
        return {"pauses": [pause_code(wait, Target.RESOLUTION) for wait in usual]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[SLAPlan]:
        return super().get_queryset(request).prefetch_related("targets")

    def what_moves(self, row: SLAPlan) -> str:
        return gettext(
            "Other promises, pauses or business hours can move the deadlines of %(tickets)s, as if they had held since "
            "the clocks started. What is met or broken stays."
        )

    @admin.display(description=_("promises"))
    def promised(self, plan: SLAPlan) -> str:
        rows: list[PlanTarget] = sorted(plan.targets.all(), key=lambda row: row.within)
        return "; ".join(
            f"{Target(name).label} {' · '.join(spans)}"
            for name in Target
            if (spans := dict.fromkeys(durations.spell(row.within) for row in rows if row.target == name))
        )
