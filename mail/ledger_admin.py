"""The ledger in the administration: every mail that came, what became of it, and deciding on what waits."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.bounded_admin import MOST_ROWS, ReadOnlyAdmin
from core.changes import Change, record
from core.downloads import file_response
from mail import ledger, original, remarks
from mail.deciding_admin import administrator, do_to_each
from mail.models import IncomingMail, IncomingState
from tickets.errors import DeedRefused
from tickets.models import Ticket

# Words of a subject are looked for among so many, the newest: no index finds them.
MOST_SUBJECTS = 10_000
LONGEST_LISTED = 80


class DateAndTime(AdminSplitDateTime):
    """Two boxes beside one label; each has a name of its own for who does not see that."""

    def __init__(self, date: Any, time: Any) -> None:
        super().__init__()
        for box, name in zip(self.widgets, (date, time), strict=True):
            box.attrs["aria-label"] = name


class ReplayForm(forms.Form):
    """From when to when the mails that failed are taken in again."""

    since = forms.SplitDateTimeField(label=_("From"), widget=DateAndTime(_("From, date"), _("From, time")))
    until = forms.SplitDateTimeField(label=_("Until"), widget=DateAndTime(_("Until, date"), _("Until, time")))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["since"] >= data["until"]:
            self.add_error("until", gettext("The end must come after the beginning."))
        return data


@admin.register(IncomingMail)
class IncomingMailAdmin(ReadOnlyAdmin):
    about = _("Each mail that came, and what became of it.")
    change_form_template = "admin/incoming_mail.html"
    change_list_template = "admin/incoming_mails.html"
    list_display = ("arrived_at", "sender_shown", "subject_shown", "outcome", "ticket", "mailbox")
    list_display_links = ("arrived_at",)
    list_select_related = ("ticket", "mailbox")
    list_filter = ("state", "reason", "door", "mailbox")
    fieldsets = (
        (None, {"fields": ("outcome", "ticket_and_entry", "duplicate_of", "bounced", "remarks_shown", "last_error")}),
        (_("What it says of itself"), {"fields": ("sender", "subject", "message_id", "authentication_shown")}),
        (_("How it came"), {"fields": ("door", "mailbox", "arrived_at", "stored_at", "taken_in_at", "size_shown")}),
        (_("The mail as it came"), {"fields": ("as_it_came",)}),
    )
    search_fields = ("sender",)
    search_help_text = _(
        "A sender's whole address, words of one or of a subject, a Message-ID with its brackets, or a ticket's number."
    )
    ordering = ("-pk",)
    actions = ("take_in_again", "ignore_for_ever")

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncomingMail]:
        rows = (
            super().get_queryset(request).select_related("ticket", "mailbox", "entry", "duplicate_of", "bounced", "raw")
        )
        return rows.defer("last_error")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.startswith("<"):
            return queryset.filter(message_id=term), False
        if "@" in term:
            return queryset.filter(sender=term.lower()), False
        rows = IncomingMail.objects.order_by()
        newest = IncomingMail.objects.order_by("-pk").values("pk")[:MOST_SUBJECTS]
        named = rows.filter(pk__in=newest, subject__icontains=term).values("pk")
        sent = rows.filter(pk__in=newest, sender__icontains=term).values("pk")
        tickets = Ticket.objects.filter(number=term.removeprefix("#")).values("pk")
        # A union of keys: with an OR PostgreSQL tries both on every mail that ever came.
        filed = rows.filter(ticket__in=tickets).values("pk")
        return queryset.filter(pk__in=named.union(sent, filed, all=True)), False

    # --- What is shown ------------------------------------------------------------------------

    @admin.display(description=_("from"))
    def sender_shown(self, mail: IncomingMail) -> str | SafeString:
        return format_html("<bdi>{}</bdi>", mail.sender) if mail.sender else "–"

    @admin.display(description=_("subject"))
    def subject_shown(self, mail: IncomingMail) -> str | SafeString:
        subject = mail.subject[:LONGEST_LISTED] + ("…" if len(mail.subject) > LONGEST_LISTED else "")
        return format_html("<bdi>{}</bdi>", subject) if subject else "–"

    @admin.display(description=_("what became of it"))
    def outcome(self, mail: IncomingMail) -> str | SafeString:
        """Return the state with its reason; what waits for an administrator stands out."""
        text = f"{mail.get_state_display()}: {mail.get_reason_display()}" if mail.reason else mail.get_state_display()
        if mail.state == IncomingState.QUARANTINED:
            return format_html('<span class="is-warning">{}</span>', text)
        return str(text)

    @admin.display(description=_("ticket"))
    def ticket_and_entry(self, mail: IncomingMail) -> str:
        if mail.ticket is None:
            return "–"
        if mail.entry is None:
            return str(mail.ticket)
        return gettext("%(ticket)s, entry %(number)s") % {"ticket": mail.ticket, "number": mail.entry.number}

    @admin.display(description=_("remarks"))
    def remarks_shown(self, mail: IncomingMail) -> str:
        return " ".join(told.sentence for told in remarks.told(mail.remarks, with_minor=True)) or "–"

    @admin.display(description=_("what our mail server found out"))
    def authentication_shown(self, mail: IncomingMail) -> str:
        return ", ".join(f"{method} {result}" for method, result in mail.authentication.items()) or "–"

    @admin.display(description=_("size"))
    def size_shown(self, mail: IncomingMail) -> str:
        return ngettext("%(count)s byte", "%(count)s bytes", mail.size) % {"count": mail.size}

    @admin.display(description=_("source"))
    def as_it_came(self, mail: IncomingMail) -> str | SafeString:
        """Return the bytes as text, escaped: to be read, and nothing in it does anything."""
        try:
            shown = original.read(mail)
        except original.NotKept as gone:
            return str(gone)
        more = gettext("This is the beginning; download it for the rest.") if shown.is_cut else ""
        address = reverse("admin:mail_incomingmail_raw", args=[mail.pk])
        return format_html(
            '<p><a href="{}">{}</a> {}</p><pre class="mail-source" dir="auto" tabindex="0">{}</pre>',
            address,
            gettext("Download it"),
            more,
            shown.text,
        )

    # --- Deciding -----------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("replay/", page(self.replay_view), name="mail_incomingmail_replay"),
            path("<int:pk>/raw/", page(self.raw_view), name="mail_incomingmail_raw"),
            path("<int:pk>/decide/", page(require_POST(self.decide_view)), name="mail_incomingmail_decide"),
            *super().get_urls(),
        ]

    def raw_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the mail as it came, as a file."""
        mail = self._mail(request, pk)
        if mail.raw is None:
            raise Http404
        record(Change.EXPORTED, request=request, row=mail, changes={})
        return file_response(request, mail.raw, name=f"mail-{mail.pk}.eml", content_type="message/rfc822")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        mail = kwargs.get("obj")
        if mail is not None and mail.ticket_id is not None and mail.raw_id is not None:
            # What was written in a ticket stays at the desk, or it is known who read it. What waits has to be read.
            record(Change.EXPORTED, request=request, row=mail, changes={})
        context["can_be_taken_in"] = bool(mail and ledger.can_be_taken_in(mail))
        context["can_be_ignored"] = bool(mail and mail.state == IncomingState.QUARANTINED)
        return super().render_change_form(request, context, *args, **kwargs)

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what one of the buttons on a mail's page says."""
        mail = self._mail(request, pk)
        by, at, deed = administrator(request), now(), request.POST.get("deed", "")
        try:
            if deed == "take_in_again":
                ledger.take_in_again(mail, by=by, at=at)
                told = gettext("The mail will be taken in again in a moment.")
            elif deed == "let_through":
                ledger.let_through(mail, by=by, at=at)
                told = gettext("The mail will be taken in as a person's in a moment.")
            elif deed == "ignore_for_ever":
                ledger.ignore_for_ever(mail, by=by, at=at)
                told = gettext("The mail is ignored, and will be if it comes again.")
            elif deed == "force":
                number = request.POST.get("number", "").strip().removeprefix("#")[:32]
                ticket = Ticket.objects.live().filter(number=number).first() if number else None
                if ticket is None:
                    raise DeedRefused(gettext("There is no ticket with the number “%(number)s”.") % {"number": number})
                forced = ledger.force(mail, ticket, by=by, at=at)
                told = gettext("The mail is in ticket %(ticket)s now.") % {"ticket": forced.ticket}
            else:
                raise DeedRefused(gettext("Choose what is to be done with the mail."))
        except DeedRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            record(Change.CHANGED, request=request, row=mail, changes={"decision": (None, deed)})
            self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:mail_incomingmail_change", args=[mail.pk]))

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Take in again what failed in some time: ask, say how many, do it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ReplayForm(request.POST or None)
        found: int | None = None
        if request.method == "POST" and form.is_valid():
            since, until = form.cleaned_data["since"], form.cleaned_data["until"]
            if "apply" in request.POST:
                count = ledger.replay(since=since, until=until, by=administrator(request), at=now())
                changes = {"since": (None, since.isoformat()), "until": (None, until.isoformat())}
                record(Change.CHANGED, request=request, row=IncomingMail(pk=0), changes=changes)
                text = ngettext("%(count)s mail is taken in again.", "%(count)s mails are taken in again.", count)
                self.message_user(request, text % {"count": count}, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:mail_incomingmail_changelist"))
            found = len(ledger.failed(since=since, until=until).values_list("pk")[:MOST_ROWS])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Take in again what failed"),
            "opts": self.model._meta,
            "form": form,
            "found": found,
            "is_more": found is not None and found >= MOST_ROWS,
            "media": self.media + form.media,
        }
        return render(request, "admin/replay_mails.html", context, status=422 if form.errors else 200)

    @admin.action(description=_("Take in again"))
    def take_in_again(self, request: HttpRequest, queryset: QuerySet[IncomingMail]) -> None:
        self._to_each(request, queryset, "take_in_again")

    @admin.action(description=_("Ignore for ever"))
    def ignore_for_ever(self, request: HttpRequest, queryset: QuerySet[IncomingMail]) -> None:
        self._to_each(request, queryset, "ignore_for_ever")

    def _to_each(self, request: HttpRequest, queryset: QuerySet[IncomingMail], deed: str) -> None:
        act = {"take_in_again": ledger.take_in_again, "ignore_for_ever": ledger.ignore_for_ever}[deed]
        if done := do_to_each(self, request, queryset, act, ("decision", deed)):
            text = ngettext("Done with %(count)s mail.", "Done with %(count)s mails.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)

    def _mail(self, request: HttpRequest, pk: int) -> IncomingMail:
        mail = self.get_queryset(request).filter(pk=pk).first()
        if mail is None or not self.has_view_permission(request, mail):
            raise Http404
        return mail
