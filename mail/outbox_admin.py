"""Outgoing mail, to look at, and to send again what did not arrive."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import FindsWhole, ReadOnlyAdmin
from core.changes import Change, record
from mail import outbound, outbox_watch, rendering
from mail.deciding_admin import do_to_each
from mail.models import MailState, OutgoingMail
from mail.rendering import TO_AGENTS
from mail.showing import page_of


@admin.register(OutgoingMail)
class OutgoingMailAdmin(FindsWhole, ReadOnlyAdmin):
    about = _("Each mail that goes out, and whether it arrived.")
    list_display = ("created_at", "recipient", "template", "outcome", "ticket")
    list_select_related = ("ticket",)
    change_list_template = "admin/outgoing_mails.html"
    list_filter = ("state", "why", "account", "template")
    fieldsets = (
        (None, {"fields": ("recipient", "template", "ticket", "account", "state", "why", "last_error")}),
        (_("When"), {"fields": ("created_at", "first_tried_at", "handed_over_at", "sent_at", "due_at", "attempts")}),
        (_("What it says"), {"fields": ("subject", "text", "as_html", "message_id")}),
    )
    search_fields = ("recipient", "ticket__number")
    finds_address, finds_number = "recipient", "ticket__number"
    search_help_text = _("A recipient's e-mail address, or a ticket's number, whole.")
    ordering = ("-pk",)
    actions = ("send_again", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        return super().get_queryset(request).select_related("ticket").defer("body")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the mail with what it says, rendered once for the page."""
        mail = super().get_object(request, object_id, from_field)
        if mail is not None:
            mail.shown, mail.why_not_shown = show(mail)
        return mail

    @admin.display(description=_("state"))
    def outcome(self, mail: OutgoingMail) -> str:
        """Return the state, with the reason in the same place: beside it there is no room for one."""
        return f"{mail.get_state_display()}: {mail.get_why_display()}" if mail.why else mail.get_state_display()

    @admin.display(description=_("subject"))
    def subject(self, mail: Any) -> str:
        return str(mail.shown.subject if mail.shown else mail.why_not_shown)

    @admin.display(description=_("text"))
    def text(self, mail: Any) -> str | SafeString:
        return format_html("<pre>{}</pre>", mail.shown.text) if mail.shown else "–"

    @admin.display(description=_("HTML"))
    def as_html(self, mail: Any) -> str | SafeString:
        if not mail.shown:
            return "–"
        address = reverse("admin:mail_outgoingmail_shown", args=[mail.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Show it as a mail program would"))

    def get_urls(self) -> list[Any]:
        shown = path("<int:pk>/shown/", self.admin_site.admin_view(self.shown_view), name="mail_outgoingmail_shown")
        outbox = path("outbox/", self.admin_site.admin_view(self.outbox_view), name="mail_outgoingmail_outbox")
        return [shown, outbox, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        _note_reading(request, kwargs.get("obj"))
        return super().render_change_form(request, context, *args, **kwargs)

    def outbox_view(self, request: HttpRequest) -> HttpResponse:
        """Show how mail that goes out does: figures, and each way out."""
        at = now()
        reading = outbox_watch.read(at)
        figures = reading.of_all
        listed = reverse("admin:mail_outgoingmail_changelist")
        ended = (MailState.SENT, MailState.FAILED, MailState.BOUNCED, MailState.PERHAPS_SENT)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("How mail that goes out does"),
            "opts": self.model._meta,
            "figures": figures,
            "age": figures.health_of_age(at),
            "ended": [(one.label, figures.ended[one], f"{listed}?state__exact={one.value}") for one in ended],
            "reasons": outbox_watch.reasons(figures.suppressed),
            "capped": outbox_watch.MOST_COUNTED,
            "reports": [(report, reading.of(report.account)) for report in outbox_watch.reports(at)],
            "media": self.media,
        }
        return render(request, "admin/mail_outbox.html", context)

    def shown_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        mail = self.get_object(request, str(pk))
        if mail is None or not mail.shown:
            raise Http404
        _note_reading(request, mail)
        return page_of(mail.shown)

    @admin.action(description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        sent = do_to_each(self, request, queryset, outbound.send_again, ("mail", "sent_again"))
        if sent:
            text = ngettext("%(count)s mail is sent again.", "%(count)s mails are sent again.", sent)
            self.message_user(request, text % {"count": sent}, messages.SUCCESS)

    @admin.action(description=_("Do not send"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        cancelled = do_to_each(self, request, queryset, outbound.cancel, ("mail", "cancelled"))
        if cancelled:
            text = ngettext("%(count)s mail is not sent.", "%(count)s mails are not sent.", cancelled)
            self.message_user(request, text % {"count": cancelled}, messages.SUCCESS)


def _note_reading(request: HttpRequest, mail: Any) -> None:
    """Write down that an administrator reads what was written in a ticket: to agents mails tell internal notes too."""
    if mail is not None and mail.shown and mail.template in TO_AGENTS:
        record(Change.EXPORTED, request=request, row=mail, changes={})


def show(mail: OutgoingMail) -> tuple[rendering.Rendered | None, str]:
    """Return the mail as it would look now, its link made useless; else nothing, and why."""
    try:
        shown = rendering.preview(mail)
    except rendering.NoLongerWanted as reason:
        return None, str(reason)
    if shown is None:
        return None, gettext("Not shown: it may hold a link that lets its reader in.")
    return shown, ""
