"""Banned senders in the administration (PARITY N11). A ban holds for mail, the web form and the API."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import MOST_ROWS, ModelForm
from core.switching import SwitchingAdmin
from mail import bans
from mail.models import BannedSender


class BannedSenderForm(ModelForm):
    def clean_pattern(self) -> str:
        try:
            pattern = bans.read(str(self.cleaned_data["pattern"]))
        except bans.CannotBeBanned as reason:
            raise forms.ValidationError(str(reason)) from None
        others = BannedSender.objects.filter(pattern=pattern).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("“%(pattern)s” is in the list already.") % {"pattern": pattern})
        return pattern


@admin.register(BannedSender)
class BannedSenderAdmin(SwitchingAdmin):
    about = _("Who opens no tickets: not by mail, nor by the web form, nor by the API.")
    form = BannedSenderForm
    list_display = ("pattern", "is_active", "short_notes", "created_at")
    search_fields = ("pattern", "notes")
    search_help_text = _("A part of an address, or of the notes.")
    ordering = ("pattern", "pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("pattern", "is_active", "notes", *(("hits", "created_at") if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("hits", "created_at") if obj else ()

    @admin.display(description=_("notes"))
    def short_notes(self, row: BannedSender) -> str:
        line = " ".join(row.notes.split())
        return line if len(line) <= 80 else f"{line[:79]}…"

    @admin.display(description=_("whom it hits"))
    def hits(self, row: BannedSender) -> str:
        return told_hits(row.pattern)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or "pattern" in form.changed_data:
            level = messages.WARNING if bans.hit_by(obj.pattern).filter(user__is_agent=True).exists() else messages.INFO
            self.message_user(request, told_hits(obj.pattern), level)


def told_hits(pattern: str) -> str:
    """Return how many addresses that we know a ban is about, in a sentence; counted to MOST_ROWS."""
    found = bans.hit_by(pattern)
    count = len(found.order_by().values_list("pk")[:MOST_ROWS])
    agents = found.filter(user__is_agent=True)[:MOST_ROWS].count() if count else 0
    if not count:
        return gettext("Nobody who wrote so far.")
    if count == MOST_ROWS:
        told = gettext("%(count)s or more known addresses.") % {"count": count}
    else:
        told = ngettext("%(count)s known address.", "%(count)s known addresses.", count) % {"count": count}
    if agents:
        told += " " + ngettext("%(count)s of them is an agent's.", "%(count)s of them are agents'.", agents) % {
            "count": agents
        }
    return told
