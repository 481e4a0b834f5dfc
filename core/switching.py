"""Pages for rows that are active or not, and that are switched many at once."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import DeletesUnusedAdmin
from core.changes import Change, record

# A message names so many; more are counted.
MOST_NAMED = 5


class SwitchingAdmin(DeletesUnusedAdmin):
    """A row with `is_active`; what is not active stays, and does nothing."""

    list_filter: ClassVar[Any] = ("is_active",)
    actions: Any = ("activate", "deactivate")

    @admin.action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, is_active=True)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, is_active=False)

    @transaction.atomic
    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, is_active: bool) -> None:
        rows = list(queryset.filter(is_active=not is_active).select_for_update(of=("self",)).order_by("pk"))
        for row in rows:
            record(Change.CHANGED, request=request, row=row, changes={"is_active": (not is_active, is_active)})
        self.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(is_active=is_active)
        if not rows:
            self.message_user(request, gettext("Nothing had to be changed."), messages.INFO)
            return
        names = ", ".join(str(row) for row in rows[:MOST_NAMED])
        if len(rows) > MOST_NAMED:
            names = gettext("%(names)s and %(count)s more") % {"names": names, "count": len(rows) - MOST_NAMED}
        sentence = gettext("Active: %(names)s.") if is_active else gettext("No longer active: %(names)s.")
        self.message_user(request, sentence % {"names": names}, messages.SUCCESS)
