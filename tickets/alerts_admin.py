"""Alerts in the administration: one table of who is told of what."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms.models import fields_for_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext

from core.bounded_admin import BoundedAdmin, ModelForm
from core.changes import Change, differences, record, snapshot
from tickets.models import Alert, AlertRule
from tickets.models.alerts import NEVER, WHO


class RuleForm(ModelForm):
    """One row of the table: a box for each who could be told of the event."""

    class Meta:
        model = AlertRule
        fields = WHO

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event = Alert(self.instance.event)
        for name in NEVER[event]:
            del self.fields[name]
        for field in self.fields.values():
            # The table's headings are for the eye; each box says its name itself (WCAG 4.1.2).
            field.widget = forms.CheckboxInput({"aria-label": f"{event.label}: {field.label}"})

    @property
    def cells(self) -> list[Any]:
        """Return the boxes in the order of the columns, None where there is none."""
        return [self[name] if name in self.fields else None for name in WHO]


@admin.register(AlertRule)
class AlertRuleAdmin(BoundedAdmin):
    """The table takes the place of list and pages: there is one row for each event."""

    def get_urls(self) -> list[Any]:
        table = self.admin_site.admin_view(self.table)
        return [path("", table, name="tickets_alertrule_changelist")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def table(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._save(request)
        kept = {rule.event: rule for rule in AlertRule.objects.all()}
        rules = [kept.get(alert) or AlertRule.by_default(alert) for alert in Alert]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who is told of what"),
            "opts": self.opts,
            "forms": [RuleForm(instance=rule, prefix=rule.event) for rule in rules],
            "columns": [field.label for field in fields_for_model(AlertRule, WHO).values()],
        }
        return TemplateResponse(request, "admin/alerts.html", context)

    @transaction.atomic
    def _save(self, request: HttpRequest) -> HttpResponse:
        """Keep what differs. A box that was not sent is empty, so there is nothing to refuse."""
        for alert in Alert:
            rule, _made = AlertRule.objects.get_or_create(
                event=alert, defaults={name: getattr(AlertRule.by_default(alert), name) for name in WHO}
            )
            before = snapshot(self, rule.pk, lock=True) or {}
            form = RuleForm(request.POST, instance=rule, prefix=alert.value)
            if not form.is_valid() or not form.has_changed():
                continue
            form.save()
            changes = differences(before, snapshot(self, rule.pk) or {})
            record(Change.CHANGED, request=request, row=rule, changes=changes)
        self.message_user(request, gettext("The alerts are saved."), messages.SUCCESS)
        return redirect(reverse("admin:tickets_alertrule_changelist"))
