"""API keys in the administration (PARITY Y01). A key is shown once, on the page that makes it."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from api import keys
from api.models import ApiKey
from core.absolute import absolute_url
from core.bounded_admin import ModelForm
from core.switching import SwitchingAdmin
from tickets.models import HelpTopic

KNOWN_KEY = re.compile(r"[0-9A-Za-z_-]{32,128}")


class ApiKeyForm(ModelForm):
    key = forms.CharField(
        label=_("Key"),
        required=False,
        strip=True,
        help_text=_(
            "Empty: a new one is made and shown once. Or the key that the program has already, as osTicket showed it."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "size": 40}),
    )

    class Meta:
        widgets: ClassVar[Any] = {"networks": forms.Textarea(attrs={"rows": 3})}

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if key and not KNOWN_KEY.fullmatch(key):
            raise forms.ValidationError(_("A key has at least 32 letters and digits. Leave this empty to make one."))
        if key and keys.find(key) is not None:
            raise forms.ValidationError(_("There is a row for this key already."))
        return key


@admin.register(ApiKey)
class ApiKeyAdmin(SwitchingAdmin):
    about = _("With these keys programs open tickets, or wake the help desk.")
    form = ApiKeyForm
    list_display = ("name", "shown_ending", "is_active", "from_where", "can_create_tickets", "can_run_cron", "used")
    list_filter: ClassVar[Any] = ("is_active", "can_create_tickets", "can_run_cron")
    search_fields = ("name", "networks")
    search_help_text = _("A part of a name or of an address.")
    ordering = ("name", "pk")
    autocomplete_fields = ("topics",)
    audited_words: ClassVar[Any] = ("name", "networks")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        first = ("name", "shown_ending", "is_active") if obj else ("name", "key", "is_active")
        return (
            (None, {"fields": (*first, "networks", "notes")}),
            (_("What it may do"), {"fields": ("can_create_tickets", "can_set_due_dates", "topics", "can_run_cron")}),
            *(((_("How it goes"), {"fields": ("created_at", "used")}),) if obj else ()),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("shown_ending", "created_at", "used") if obj else ()

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        return HelpTopic.objects.enabled() if field == "topics" else super().looked_up(field)

    @admin.display(description=_("key"))
    def shown_ending(self, row: ApiKey) -> str:
        return f"…{row.ending}"

    @admin.display(description=_("from"))
    def from_where(self, row: ApiKey) -> str:
        networks = row.networks.split()
        shown = ", ".join(networks[:3])
        return f"{shown}, …" if len(networks) > 3 else shown or str(_("anywhere"))

    @admin.display(description=_("last used"), ordering="last_used_at")
    def used(self, row: ApiKey) -> Any:
        return row.last_used_at or _("never")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.fresh_key = form.cleaned_data["key"] or keys.make()
            keys.set_key(obj, obj.fresh_key)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the key. Nothing keeps it: not a message, which would wait in a cookie, nor a page to go back to."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The key of “%(name)s”") % {"name": obj.name},
            "opts": self.opts,
            "row": obj,
            "key": obj.fresh_key,
            "url": absolute_url("api:json"),
        }
        response = TemplateResponse(request, "admin/api_key_made.html", context)
        return response
