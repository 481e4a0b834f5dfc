"""Mailboxes in the administration: set up, tried out, authorised, fetched from now."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.principal import Principal
from core.absolute import absolute_url
from core.bounded_admin import DeletesUnusedAdmin
from core.changes import Change, record
from core.configuration_admin import OffersActiveAdmin, take_default
from mail import mailboxes, oauth, watchdog
from mail.fetching.trying import try_out
from mail.mailbox_form import MailboxForm
from mail.models import Authentication, Mailbox, Protocol
from mail.oauth import Journey
from mail.trouble import Trouble
from tickets.errors import DeedRefused

JOURNEY = "mailbox_authorisation"
# Whom a person allows; for app-only access the tenant's administrator did so beforehand.
BY_PERSON = {Authentication.GOOGLE, Authentication.MICROSOFT}


class AdminForm(MailboxForm):
    make_default = forms.BooleanField(label=_("Default"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["make_default"].initial = self.instance.is_default
        self.fields["make_default"].help_text = Mailbox._meta.get_field("is_default").help_text


@admin.register(Mailbox)
class MailboxAdmin(DeletesUnusedAdmin, OffersActiveAdmin):
    about = _("Where mail is fetched from. What comes becomes tickets, and messages in tickets.")
    form = AdminForm
    change_form_template = "admin/mailbox.html"
    change_list_template = "admin/mailboxes.html"
    list_display = ("name", "address", "protocol", "how_it_goes", "is_default")
    list_filter = ("is_active", "protocol")
    actions = ("try_out", "fetch_now", "switch_off", "switch_on")
    audited_words = ("name", "address", "host", "folder", "archive_folder", "authserv_id", "tenant")
    fieldsets = (
        (None, {"fields": ("name", "address", "is_active", "make_default", "notes")}),
        (_("New tickets"), {"fields": ("department", "topic", "priority", "acknowledges")}),
        (_("Where the mail lies"), {"fields": ("protocol", "host", "port", "security", "folder", "poll_seconds")}),
        (_("Signing in"), {"fields": ("username", "authentication", "password")}),
        (
            _("OAuth2"),
            {
                "fields": ("client_id", "client_password", "tenant", "redirect_uri", "authorized_at"),
                "description": _(
                    "Make an app at the service, give it the redirect address below, and enter its ID and secret. Then "
                    "save, and choose “Authorise”."
                ),
            },
        ),
        (_("What becomes of it on the server"), {"fields": ("after_fetch", "archive_folder")}),
        (_("Whom to believe"), {"fields": ("authserv_id", "plus_addresses")}),
        (
            _("How it goes"),
            {"fields": ("connected_at", "fetched_at", "on_server", "not_stored", "failing_since", "last_error")},
        ),
    )
    readonly_fields = (
        "redirect_uri",
        "authorized_at",
        "connected_at",
        "fetched_at",
        "on_server",
        "not_stored",
        "failing_since",
        "last_error",
    )
    ordering = ("name",)

    @admin.display(description=_("how it goes"))
    def how_it_goes(self, mailbox: Mailbox) -> str:
        if not mailbox.is_active:
            return gettext("Switched off")
        return mailbox.last_error or (gettext("Fine") if mailbox.connected_at else "–")

    @admin.display(description=_("redirect address"))
    def redirect_uri(self, mailbox: Mailbox) -> str:
        return _redirect_uri()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if row := kwargs.get("obj"):
            context |= {"deeds": self._deeds(row), "why_kept": self._why_kept(row)}
            context["can_be_authorized"] = row.authentication in BY_PERSON and bool(row.client_id)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        """Save what the form is about and no more: the fetcher writes into the same row."""
        obj.is_default = form.cleaned_data["make_default"]
        with transaction.atomic():
            if obj.is_default:
                take_default(request, obj)
            if not change:
                obj.save()
                return
            obj.save(update_fields=[*form.columns(), "is_default"])

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        super().log_addition(request, obj, message)
        mailboxes.take_up(obj, at=now())

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        # After the log was written, which is told of what somebody changed and not of this.
        super().log_change(request, obj, message)
        mailboxes.take_up(obj, at=now())

    # --- Deeds --------------------------------------------------------------------------------

    @admin.action(description=_("Test this mailbox"))
    def try_out(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> HttpResponse | None:
        box = queryset.order_by("pk").first()
        if box is None or queryset.count() > 1:
            self.message_user(request, gettext("Choose one mailbox to test."), messages.ERROR)
            return None
        if box.protocol == Protocol.PUSHED:
            text = gettext("“%(name)s” is not fetched from, so there is nothing to test.")
            self.message_user(request, text % {"name": box}, messages.WARNING)
            return HttpResponseRedirect(_page(box))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Test of “%(name)s”") % {"name": box},
            "opts": self.model._meta,
            "mailbox": box,
            "findings": try_out(box),
            "media": self.media,
        }
        return render(request, "admin/mailbox_tested.html", context)

    @admin.action(description=_("Fetch now"))
    def fetch_now(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> HttpResponse:
        return self._to_each(request, queryset, mailboxes.fetch_now, gettext("It is fetched from in a moment."))

    @admin.action(description=_("Switch off"))
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> HttpResponse:
        return self._switch(request, queryset, on=False)

    @admin.action(description=_("Switch on"))
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> HttpResponse:
        return self._switch(request, queryset, on=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Mailbox], *, on: bool) -> HttpResponse:
        def act(box: Mailbox, *, by: Principal, at: datetime) -> None:
            mailboxes.switch(box, on=on, by=by, at=at)
            record(Change.CHANGED, request=request, row=box, changes={"is_active": (not on, on)})

        text = gettext("It is switched on.") if on else gettext("It is switched off.")
        return self._to_each(request, queryset.filter(is_active=not on), act, text)

    def _to_each(
        self, request: HttpRequest, queryset: QuerySet[Mailbox], act: Callable[..., None], told: str
    ) -> HttpResponse:
        rows = list(queryset.order_by("pk"))
        for box in rows:
            try:
                act(box, by=_administrator(request), at=now())
            except DeedRefused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, f"{box}: {told}", messages.SUCCESS)
        return HttpResponseRedirect(_page(rows[0]) if len(rows) == 1 else reverse("admin:mail_mailbox_changelist"))

    def _deeds(self, box: Mailbox) -> list[tuple[str, Any]]:
        if not box.is_active:
            return [("switch_on", _("Switch on"))]
        deeds = [("try_out", _("Test this mailbox")), ("fetch_now", _("Fetch now"))]
        return [*(deeds if box.protocol != Protocol.PUSHED else []), ("switch_off", _("Switch off"))]

    def _why_kept(self, box: Mailbox) -> list[str]:
        if self.may_delete(box):
            return []
        return [gettext("Mails in the ledger came by this mailbox, so it cannot be deleted. Switch it off instead.")]

    def watch_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the watchdog says of every mailbox."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("How the mailboxes do"),
            "opts": self.model._meta,
            "reports": watchdog.reports(now()),
            "media": self.media,
        }
        return render(request, "admin/mail_watch.html", context)

    # --- OAuth2 ---------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("watch/", page(self.watch_view), name="mail_mailbox_watch"),
            path("authorized/", page(self.authorized_view), name="mail_mailbox_authorized"),
            path("<int:pk>/authorize/", page(self.authorize_view), name="mail_mailbox_authorize"),
            *super().get_urls(),
        ]

    def authorize_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the administrator to the service. Nothing changes before they come back from there."""
        box = Mailbox.objects.filter(pk=pk).first()
        if box is None or box.authentication not in BY_PERSON or not box.client_id:
            raise Http404
        journey = oauth.begin()
        request.session[JOURNEY] = {"mailbox": box.pk, "state": journey.state, "verifier": journey.verifier}
        return HttpResponseRedirect(oauth.address_to_ask(box, journey, redirect_uri=_redirect_uri()))

    def authorized_view(self, request: HttpRequest) -> HttpResponse:
        """Take the code that the service sends somebody back with, if it is the journey that began here."""
        begun = request.session.pop(JOURNEY, None)
        known = Mailbox.objects.filter(authentication__in=BY_PERSON)
        box = known.filter(pk=begun["mailbox"]).first() if begun else None
        if begun is None or box is None or not oauth.is_same(request.GET.get("state", ""), begun["state"]):
            text = gettext("This answer belongs to no authorisation that you began here. Begin again.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:mail_mailbox_changelist"))
        code = request.GET.get("code", "")
        try:
            if not code:
                raise Trouble(gettext("The service gave no authorisation. Perhaps somebody declined."))
            journey = Journey(begun["state"], begun["verifier"])
            oauth.redeem(box, code=code, journey=journey, redirect_uri=_redirect_uri(), at=now())
        except Trouble as trouble:
            self.message_user(request, str(trouble), messages.ERROR)
        else:
            record(Change.CHANGED, request=request, row=box, changes={"authorized_at": (None, None)})
            mailboxes.take_up(box, at=now())
            self.message_user(request, gettext("The mailbox is authorised."), messages.SUCCESS)
        return HttpResponseRedirect(_page(box))


def _administrator(request: HttpRequest) -> Principal:
    assert isinstance(request.user, User)  # the administration lets nobody else in
    return Principal.administrator(request.user)


def _page(box: Mailbox) -> str:
    return reverse("admin:mail_mailbox_change", args=[box.pk])


def _redirect_uri() -> str:
    return absolute_url("admin:mail_mailbox_authorized")
