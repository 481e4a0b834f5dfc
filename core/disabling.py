"""Pages for what can be switched off for a while: nothing new comes to it, and what it has it keeps."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.changes import Change, record
from core.configuration_admin import ArchivedFilter, OneDefaultAdmin


class StateFilter(ArchivedFilter):
    """What is archived is out of the way until asked for; what is disabled can be asked for alone."""

    title = _("state")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("disabled", _("Disabled")), *super().lookups(request, model_admin)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "disabled":
            return queryset.filter(archived_at=None).exclude(disabled_at=None)
        return super().queryset(request, queryset)


class DisablingAdmin(OneDefaultAdmin):
    """A row is active, disabled or archived; the default is always active."""

    list_filter: ClassVar[Any] = (StateFilter,)
    actions: Any = ("disable", "enable", "archive", "bring_back")

    def deeds(self, row: Any) -> list[tuple[str, Any]]:
        found = super().deeds(row)
        if row.archived_at is not None:
            return found
        if row.disabled_at is not None:
            return [("enable", _("Enable")), *found]
        return [("disable", _("Disable")), *found] if self.why_not_disabled(row) is None else found

    def why_not_disabled(self, row: Any) -> str | None:
        """Return why this one has to stay active, in one sentence; None if it may be disabled."""
        return OneDefaultAdmin.why_not_archived(self, row)

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        if row.archived_at is not None:
            return gettext("Archived")
        return gettext("Disabled") if row.disabled_at is not None else gettext("Active")

    @admin.action(description=_("Disable"), permissions=["change"])
    @transaction.atomic
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done = []
        for row in queryset.filter(disabled_at=None).order_by("pk"):
            if reason := self.why_not_disabled(row):
                self.message_user(request, reason, messages.ERROR)
                continue
            row.disabled_at = now()
            row.save(update_fields=["disabled_at"])
            record(Change.CHANGED, request=request, row=row, changes={"disabled": (False, True)})
            done.append(str(row))
        self._tell(request, done, gettext("Disabled: %(names)s. What uses it keeps it."))

    @admin.action(description=_("Enable"), permissions=["change"])
    @transaction.atomic
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done = []
        for row in queryset.exclude(disabled_at=None).order_by("pk"):
            row.disabled_at = None
            row.save(update_fields=["disabled_at"])
            record(Change.CHANGED, request=request, row=row, changes={"disabled": (True, False)})
            done.append(str(row))
        self._tell(request, done, gettext("Enabled: %(names)s."))
