"""Roles in the administration, with who has them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import role_admin as accounts
from accounts.models import Role
from tickets.models import DepartmentAccess

# So many are named; how many more there are is said.
HOLDERS_SHOWN = 50


@admin.register(Role)
class RoleAdmin(accounts.RoleAdmin):
    about = _("What agents may do. In each of their departments an agent has one role.")
    list_display = ("name", "allowed", "needs_second_factor", "held_by")
    fields = ("name", "notes", "needs_second_factor", "permissions", "who_has_it")
    readonly_fields = ("who_has_it",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        access = DepartmentAccess.objects.filter(role=OuterRef("pk")).order_by().values("role")
        holders = Subquery(access.annotate(holders=Count("agent", distinct=True)).values("holders"))
        roles: QuerySet[Any] = super().get_queryset(request).annotate(holders=Coalesce(holders, 0))
        return roles

    @admin.display(description=_("agents"))
    def held_by(self, role: Any) -> int:
        return int(role.holders)

    @admin.display(description=_("who has it"))
    def who_has_it(self, role: Any) -> str | SafeString:
        if not role.pk or not role.holders:
            return gettext("Nobody")
        access = DepartmentAccess.objects.filter(role=role).select_related("agent", "department__parent__parent")
        rows = access.order_by("agent__name", "agent", "department__name")[:HOLDERS_SHOWN]
        items = format_html_join(
            "",
            '<li><a href="{}">{}</a>, {}</li>',
            (
                (
                    reverse("admin:accounts_agent_change", args=[row.agent_id]),
                    row.agent.display_name,
                    row.department.path,
                )
                for row in rows
            ),
        )
        shown = format_html('<ul class="holders">{}</ul>', items)
        if (total := access.count()) <= HOLDERS_SHOWN:
            return shown
        more = gettext("The first %(shown)s of %(all)s.") % {"shown": HOLDERS_SHOWN, "all": total}
        return format_html("{}<p>{}</p>", shown, more)
