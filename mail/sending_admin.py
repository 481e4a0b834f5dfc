"""Sending accounts and own addresses in the administration: set up, and tried out with a test mail."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Address
from core.bounded_admin import DeletesUnusedAdmin
from core.configuration_admin import OffersActiveAdmin, OffersActiveInline, take_default
from mail import outages
from mail.models import OwnAddress, SendingAccount, Writer
from mail.rehearsing import rehearse
from mail.sending_form import OwnAddressForm, SendingAccountForm


class Rehearsing:
    """Sends a test mail to the administrator who asks for it, at their own confirmed address."""

    def rehearse(
        self, request: HttpRequest, row: Any, account: SendingAccount | None, sender: OwnAddress | None
    ) -> HttpResponse | None:
        own = Address.objects.filter(user=request.user.pk, is_primary=True, verified_at__isnull=False).first()
        if own is None:
            messages.error(request, gettext("You have no confirmed address that a test mail could go to."))
            return None
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": gettext("Test mail by “%(name)s”") % {"name": row},
            "opts": row._meta,
            "row": row,
            "findings": rehearse(account, sender, own.email),
        }
        return render(request, "admin/mail_rehearsed.html", context)


@admin.register(SendingAccount)
class SendingAccountAdmin(Rehearsing, DeletesUnusedAdmin, OffersActiveAdmin):
    about = _("Mail servers and mail services by which mails go out.")
    form = SendingAccountForm
    change_form_template = "admin/sending_account.html"
    list_display = ("name", "sends_by", "host", "is_active", "how_it_goes")
    actions = ("send_test",)
    audited_words = ("name", "host")
    fieldsets = (
        (None, {"fields": ("name", "is_active", "sends_by", "per_minute", "notes")}),
        (
            _("Mail server"),
            {
                "fields": ("host", "port", "security"),
                "description": _(
                    "The help desk connects to whatever is entered here, also within your own network. Enter servers "
                    "that you trust."
                ),
            },
        ),
        (_("Signing in"), {"fields": ("signs_in", "username", "password", "mailbox")}),
    )
    ordering = ("name",)

    @admin.display(description=_("how it goes"))
    def how_it_goes(self, account: SendingAccount) -> str:
        if not account.is_active:
            return gettext("Switched off")
        outage = outages.of(account)
        return outage.said if outage is not None else gettext("Fine")

    def save_model(self, request: HttpRequest, obj: SendingAccount, form: Any, change: bool) -> None:
        """Save what the form is about and no more: workers write into the same row."""
        obj.save(update_fields=form.columns()) if change else obj.save()
        outages.forget(obj)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if row := kwargs.get("obj"):
            context["why_kept"] = [] if self.may_delete(row) else [gettext("Addresses or mails use it.")]
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Send me a test mail"))
    def send_test(self, request: HttpRequest, queryset: QuerySet[SendingAccount]) -> HttpResponse | None:
        account = queryset.order_by("pk").first()
        if account is None or queryset.count() > 1:
            self.message_user(request, gettext("Choose one account."), messages.ERROR)
            return None
        return self.rehearse(request, account, account, account.addresses.order_by("pk").first())


class WriterInline(OffersActiveInline):
    model = Writer
    fields = ("department", "topic")


@admin.register(OwnAddress)
class OwnAddressAdmin(Rehearsing, DeletesUnusedAdmin, OffersActiveAdmin):
    about = _("Addresses of yours that mails are written from, each by a sending account.")
    form = OwnAddressForm
    change_form_template = "admin/sending_account.html"
    list_display = ("email", "name", "account", "writes_for", "is_default")
    list_select_related = ("account",)
    inlines = (WriterInline,)
    actions = ("send_test",)
    audited_words = ("email", "name")
    ordering = ("email",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OwnAddress]:
        return super().get_queryset(request).prefetch_related("writers__department", "writers__topic")

    def save_model(self, request: HttpRequest, obj: OwnAddress, form: Any, change: bool) -> None:
        obj.is_default = form.cleaned_data["make_default"]
        with transaction.atomic():
            if obj.is_default:
                take_default(request, obj)
            super().save_model(request, obj, form, change)

    @admin.display(description=_("who writes from it"))
    def writes_for(self, address: OwnAddress) -> str:
        return ", ".join(str(one) for one in address.writers.all()[:5])

    @admin.action(description=_("Send me a test mail"))
    def send_test(self, request: HttpRequest, queryset: QuerySet[OwnAddress]) -> HttpResponse | None:
        address = queryset.select_related("account__mailbox").order_by("pk").first()
        if address is None or queryset.count() > 1:
            self.message_user(request, gettext("Choose one address."), messages.ERROR)
            return None
        return self.rehearse(request, address, address.account, address)
