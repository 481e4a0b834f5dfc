"""The page "Audit log": read by administrators, changed by nobody."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts import audit_log
from accounts.models import AuditEvent, AuditKind, User
from core.bounded_admin import ReadOnlyAdmin
from core.changes import Change
from core.keyset import read_slice

PAGE_SIZE = 50
RECENT = 10


class SearchForm(forms.Form):
    who = forms.CharField(
        label=_("Who"),
        max_length=200,
        required=False,
        help_text=_("Part of a name, a whole e-mail address, or a person's number."),
    )
    kind = forms.ChoiceField(label=_("What"), required=False, choices=[("", _("Everything")), *AuditKind.choices])
    thing = forms.ChoiceField(label=_("About"), required=False)
    number = forms.IntegerField(
        label=_("Its number"),
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        help_text=_("As in the address of its page."),
    )
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "audit-%s"} | kwargs)
        # Whatever the log may name, in the words of its page.
        models = {(model._meta.concrete_model or model)._meta for model in apps.get_models() if _has_page(model)}
        things = sorted((capfirst(str(meta.verbose_name)), meta.label_lower) for meta in models)
        self.fields["thing"].choices = [  # type: ignore[attr-defined]
            ("", _("Everything")),
            *((label, name) for name, label in things),
        ]

    def clean_who(self) -> str:
        return str(self.cleaned_data["who"]).replace("\x00", "")

    def search(self) -> audit_log.Search:
        """Return what to look for: everything, as long as a field is wrong."""
        return audit_log.Search(**self.cleaned_data) if self.is_valid() else audit_log.Search()


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[Any]:
        """Return the one page. An event has none of its own: the list tells all of it."""
        page = self.admin_site.admin_view(self.changelist_view)
        return [path("", page, name="accounts_auditevent_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SearchForm(request.GET)
        page = read_slice(
            audit_log.find(form.search()),
            field="at",
            size=PAGE_SIZE,
            falls=True,
            after=_key(request, "after"),
            before=_key(request, "before"),
        )
        rows = with_pages(page.rows)
        asked = {name: value for name in form.fields if (value := request.GET.get(name, ""))}
        return TemplateResponse(
            request,
            "admin/audit_log.html",
            {
                **self.admin_site.each_context(request),
                "title": capfirst(str(self.opts.verbose_name_plural)),
                "opts": self.opts,
                "form": form,
                "rows": rows,
                "is_narrowed": bool(asked),
                "newer_url": "?" + urlencode({**asked, "before": page.before}) if page.before else "",
                "older_url": "?" + urlencode({**asked, "after": page.after}) if page.after else "",
            },
        )


def recent_of(user: User) -> list[dict[str, Any]]:
    """Return what this administrator changed last, for the start page; signing in is no news there."""
    changes = AuditEvent.objects.filter(by=user, kind__in=list(Change))
    return with_pages(changes.order_by("-at", "-pk")[:RECENT])


def with_pages(events: Iterable[AuditEvent]) -> list[dict[str, Any]]:
    """Return the events in words, each with the address of what it is about."""
    return [{"told": told, "url": _page_of(told.target)} for told in audit_log.tell(events)]


def _key(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _has_page(model: type[Model]) -> bool:
    return model is not AuditEvent and admin.site.is_registered(model)


def _page_of(target: Model | None) -> str:
    """Return the address of the thing's own page, "" where it has none."""
    if target is None:
        return ""
    name = target._meta.model_name
    if isinstance(target, User) and (target.is_agent or target.is_administrator):
        name = "agent"
    try:
        return reverse(f"admin:{target._meta.app_label}_{name}_change", args=[target.pk])
    except NoReverseMatch:
        return ""
