"""The breaker of automatic answers in the administration: whether it is open, and closing it by hand."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.timezone import now
from django.utils.translation import gettext

from core.bounded_admin import BoundedAdmin
from core.changes import Change, record
from mail import breaking, outbox
from mail.models import Breaker


@admin.register(Breaker)
class BreakerAdmin(BoundedAdmin):
    """One page takes the place of the list: there is one breaker."""

    def get_urls(self) -> list[Any]:
        return [path("", self.admin_site.admin_view(self.page), name="mail_breaker_changelist")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def page(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        at = now()
        if request.method == "POST":
            self._close(request)
            return redirect(reverse("admin:mail_breaker_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Automatic answers"),
            "opts": self.opts,
            "breaker": Breaker.objects.open_at(at).first(),
            "most": outbox.ANSWERS_TO_ALL,
        }
        return TemplateResponse(request, "admin/breaker.html", context)

    @transaction.atomic
    def _close(self, request: HttpRequest) -> None:
        if breaking.close(now()):
            record(Change.CHANGED, request=request, row=Breaker.objects.get(pk=1), changes={"closes_at": (None, None)})
            self.message_user(request, gettext("Automatic answers are sent again."), messages.SUCCESS)
