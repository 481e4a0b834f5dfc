"""Priorities, and what the plans promise."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import durations
from core.configuration_admin import OffersActiveInline, OneDefaultAdmin, OneDefaultForm
from sla.models import PlanTarget, Priority, SLAPlan, Target


@admin.register(Priority)
class PriorityAdmin(OneDefaultAdmin):
    list_display = ("name", "level", "glyph", "is_default")
    fields = ("name", "level", "glyph", "make_default")
    search_fields = ("name",)
    ordering = ("level", "pk")


class PlanForm(OneDefaultForm):
    # Without a default plan a ticket may be promised nothing.
    needs_default = False


class TargetInline(OffersActiveInline):
    model = PlanTarget
    fields = ("target", "within")
    # A plan that promises nothing is no plan.
    min_num = 1
    max_num = len(Target)
    verbose_name = _("promise")
    verbose_name_plural = _("promises, in working time")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "within":
            kwargs["help_text"] = _("Working time, such as 4h or 1d 12h.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_min=True, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlanTarget]:
        return super().get_queryset(request).select_related("plan").order_by("within", "pk")


@admin.register(SLAPlan)
class SLAPlanAdmin(OneDefaultAdmin):
    form = PlanForm
    list_display = ("name", "promised", "is_default")
    fields = ("name", "make_default")
    inlines = (TargetInline,)
    search_fields = ("name",)
    ordering = ("name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SLAPlan]:
        return super().get_queryset(request).prefetch_related("targets")

    @admin.display(description=_("promises"))
    def promised(self, plan: SLAPlan) -> str:
        within: dict[str, timedelta] = dict(plan.promises())
        return ", ".join(f"{Target(name).label} {durations.spell(within[name])}" for name in Target if name in within)
