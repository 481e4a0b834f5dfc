"""The site settings in the administration."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import ModelForm
from core.configuration_admin import OffersActiveAdmin
from core.logo import store_logo
from core.models import SiteSettings


class SiteSettingsForm(ModelForm):
    picture = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG, GIF or WebP, below 512 KB. Shown beside the name."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
    )
    no_picture = forms.BooleanField(label=_("Remove the logo"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.logo_id is None:
            self.fields.pop("no_picture", None)
        for name in set(self.fields) - {"picture", "no_picture"}:
            # What was shown comes back beside what was typed, so that only what somebody changed counts as changed.
            self.fields[name].show_hidden_initial = True

    def clean_picture(self) -> Any:
        if upload := self.cleaned_data["picture"]:
            # No ticket is held here, so the bytes may be written within the request's transaction.
            self.instance.logo = store_logo(upload)
        return upload

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("no_picture") and not data.get("picture"):
            self.instance.logo = None
        return data


@admin.register(SiteSettings)
class SiteSettingsAdmin(OffersActiveAdmin):
    form = SiteSettingsForm
    fieldsets = (
        (None, {"fields": ("name", "picture", "no_picture", "time_zone", "language")}),
        (_("A ticket's end"), {"fields": ("close_after", "reopen_within")}),
        (_("Ticket numbers"), {"fields": ("numbering", "number_digits", "next_number")}),
        (_("Help topics"), {"fields": ("topic_order",)}),
        (_("Files"), {"fields": ("max_upload_mb",)}),
        (
            _("Mail that comes in"),
            {
                "fields": (
                    "mail_from_strangers",
                    "mail_adds_collaborators",
                    "mail_strips_quotes",
                    "mail_says_where_to_answer",
                    "answer_line",
                    "mail_sets_priority",
                    "most_open_tickets",
                    "most_mails_an_hour",
                    "keep_raw_mail",
                )
            },
        ),
        (
            _("Automatic answers"),
            {
                "fields": (
                    "acknowledges",
                    "acknowledges_messages",
                    "tells_opened_for",
                    "tells_participants",
                    "tells_over_limit",
                )
            },
        ),
        (
            _("Who may come in"),
            {
                "fields": (
                    "is_online",
                    "registration",
                    "guests_may_ask",
                    "checks_domains",
                    "agents_need_second_factor",
                    "tells_locks",
                )
            },
        ),
        (_("Signed out when idle"), {"fields": ("agents_idle_after", "requesters_idle_after")}),
    )
    radio_fields = {"numbering": admin.VERTICAL, "topic_order": admin.VERTICAL}
    audited_words = ("name", "time_zone", "language")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: SiteSettings | None = None) -> Any:
        """Leave out "Remove the logo" where there is none."""
        if obj is not None and obj.logo_id is not None:
            return self.fieldsets
        first = (None, {"fields": ("name", "picture", "time_zone", "language")})
        return (first, *self.fieldsets[1:])

    def save_model(self, request: HttpRequest, obj: SiteSettings, form: Any, change: bool) -> None:
        """Save what was changed and no more: the next number is counted on while this page is open."""
        changed = set(form.changed_data)
        if pictures := changed & {"picture", "no_picture"}:
            changed = changed - pictures | {"logo"}
        obj.save(update_fields=changed)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row, so its page takes the place of the list."""
        return redirect("admin:core_sitesettings_change", 1)

    def response_change(self, request: HttpRequest, obj: SiteSettings) -> HttpResponse:
        self.message_user(request, gettext("The site settings are saved."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:core_sitesettings_change", args=[1]))
