"""The page of the administration that shows who is locked out, and clears that."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, DateTimeField, OuterRef, QuerySet, Subquery, Value, When
from django.http import HttpRequest
from django.urls import path
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import locks
from accounts.models import Lock, User
from core.bounded_admin import ReadOnlyAdmin


@admin.register(Lock)
class LockAdmin(ReadOnlyAdmin):
    about = _("Who cannot sign in for a while, after too many wrong passwords.")
    list_display = ("who", "since", "until")
    list_display_links = None
    ordering = ("-at", "-pk")
    actions: Any = ("clear",)

    def get_urls(self) -> list[Any]:
        """Return the one page. A lock has none of its own: the list tells all of it."""
        return [path("", self.admin_site.admin_view(self.changelist_view), name="accounts_lock_changelist")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        held = locks.held(now())
        until = Case(
            *(When(pk=pk, then=Value(moment)) for pk, moment in held.items()), output_field=DateTimeField(null=True)
        )
        email = User.objects.filter(pk=OuterRef("target_id")).values("email")
        rows = super().get_queryset(request).filter(pk__in=held)
        found: QuerySet[Any] = rows.annotate(until=until, email=Subquery(email))
        return found

    @admin.display(description=_("who"))
    def who(self, lock: Any) -> str:
        if lock.target_id is not None:
            return gettext("Account %(email)s") % {"email": lock.email}
        return gettext("Everybody at %(ip)s") % {"ip": lock.client_ip}

    @admin.display(description=_("since"))
    def since(self, lock: Any) -> Any:
        return lock.at

    @admin.display(description=_("until"))
    def until(self, lock: Any) -> Any:
        return lock.until

    @admin.action(description=_("Clear the lock"))
    def clear(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        assert isinstance(request.user, User)  # the administration lets nobody else in
        chosen = list(queryset)
        for lock in chosen:
            locks.clear(lock, by=request.user, at=now())
        text = ngettext("%(count)s lock is cleared.", "%(count)s locks are cleared.", len(chosen))
        self.message_user(request, text % {"count": len(chosen)}, messages.SUCCESS)
