"""Mail templates in the administration: written with variables, looked at on a real ticket, sent to try."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.principal import Principal
from core.bounded_admin import ModelForm
from core.changes import Change, differences, filled_in, record, snapshot
from core.configuration_admin import OffersActiveAdmin
from core.languages import mail_languages
from core.policies import with_own_frames
from core.switching import SwitchingAdmin
from mail import letters, rendering, senders, wording
from mail.delivered import delivered
from mail.models import EVERY_MAIL, Letter, MailTemplate
from mail.models.template import LONGEST_BODY
from mail.sampling import sample
from mail.showing import page_of, sandboxed
from mail.template_copying import Copy, CopyForm, copy
from mail.words import one_line
from tickets import variables
from tickets.models import Ticket
from tickets.variable_fields import VariableInput, VariableTextarea, checked_html


class MailTemplateForm(ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=mail_languages)

    class Meta:
        widgets = {
            "subject": VariableInput({"size": 80}),
            "body": VariableTextarea({"rows": 18, "cols": 80}),
            "notes": forms.Textarea({"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = self.instance.template or self.initial.get("template") or ""
        for name in ("subject", "body"):
            if name in self.fields:
                self.fields[name].widget.vocabulary = wording.vocabulary_of(template)
        if "body" in self.fields:
            self.fields["body"].help_text = _(
                "HTML, or plain text with a blank line between paragraphs. Type {{ to choose a variable. Above it "
                "stands the ticket, below it why the reader gets the mail; a mail about an account stands alone."
            )

    def clean_subject(self) -> str:
        # One line, whatever was pasted: nothing that is written here begins another header.
        subject = " ".join(str(self.cleaned_data["subject"]).split())
        allowed = wording.vocabulary_of_subject(self._template())
        found = variables.problems_of_subject(subject, allowed, known=wording.KNOWN)
        if found:
            raise ValidationError([str(problem) for problem in found])
        return subject

    def clean_body(self) -> str:
        cleaned = checked_html(
            str(self.cleaned_data["body"]),
            wording.vocabulary_of(self._template()),
            known=wording.KNOWN,
            most=LONGEST_BODY,
        )
        row = MailTemplate()
        row.write(cleaned)
        if not row.text.strip():
            raise ValidationError(_("This says nothing. Write something, or go back to the delivered text."))
        if self._template() in Letter and not letters.has_link(cleaned):
            raise ValidationError(
                _("This mail needs the link that it is for: {{ account.button }}, or {{ account.link }} by itself.")
            )
        return cleaned

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._template() in Letter and cleaned.get("department"):
            self.add_error("department", _("A mail about an account is of no department: it holds everywhere."))
        return cleaned

    def _template(self) -> str:
        return str(self.cleaned_data.get("template", self.instance.template))


@admin.register(MailTemplate)
class MailTemplateAdmin(SwitchingAdmin, OffersActiveAdmin):
    about = _("Mails in words of your own. All others have the words that the help desk comes with.")
    form = MailTemplateForm
    change_form_template = "admin/mail_template.html"
    change_list_template = "admin/mail_templates.html"
    list_display = ("template", "department", "language", "is_active", "silent_at")
    list_display_links = ("template",)
    list_filter: ClassVar[Any] = ("template", "language", "is_active")
    list_select_related = ("department__parent__parent",)
    sortable_by = ()
    fields = ("template", "department", "language", "subject", "body", "is_active", "notes")
    ordering = ("template", "department", "language", "pk")
    audited_words: ClassVar[Any] = ("language",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the delivered text of what the address names."""
        initial: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        template, language = request.GET.get("template", ""), request.GET.get("language", "en")
        if template in dict(EVERY_MAIL) and language in dict(mail_languages()):
            initial["subject"], initial["body"] = delivered(template, language)
        return initial

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; where the address asks for the delivered text, with that in it, not saved."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "GET" and "delivered" in request.GET:
            row.subject, row.body = delivered(row.template, row.language)
        return row

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.write(form.cleaned_data["body"])
        obj.silent_at = None
        super().save_model(request, obj, form, change)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context |= {
            "preview_url": reverse("admin:mail_mailtemplate_preview"),
            "test_url": reverse("admin:mail_mailtemplate_test"),
            "delivered_url": reverse("admin:mail_mailtemplate_delivered"),
            "test_to": getattr(request.user, "email", ""),
        }
        answer = super().render_change_form(request, context, *args, **kwargs)
        with_own_frames(request, answer)
        return answer

    # --- Beside saving ---------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("copy/", view(self.copy_set), name="mail_mailtemplate_copy"),
            path("preview/", view(require_POST(self.preview)), name="mail_mailtemplate_preview"),
            path("test/", view(require_POST(self.test)), name="mail_mailtemplate_test"),
            path("delivered/", view(require_POST(self.take_delivered)), name="mail_mailtemplate_delivered"),
            *super().get_urls(),
        ]

    def copy_set(self, request: HttpRequest) -> HttpResponse:
        """Copy the templates of one department and language to another. Each copy stands in the audit log."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = CopyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            wanted = form.cleaned_data
            with transaction.atomic():
                done = copy(wanted["source"], wanted["target"], replaces=wanted["replaces"])
                for one in done:
                    self._tell_copy(request, one)
            self._tell_copies(request, len(done), into_other=wanted["source"].language != wanted["target"].language)
            if done:
                return redirect("admin:mail_mailtemplate_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Copy a set of templates"),
            "opts": self.opts,
            "form": form,
        }
        return render(request, "admin/copy_templates.html", context, status=422 if form.errors else 200)

    def _tell_copy(self, request: HttpRequest, one: Copy) -> None:
        """Record of a copy which template it is one of, and of what it replaced that it changed."""
        changes: dict[str, Any] = {"copied_from": (None, one.source.pk)}
        if one.before is None:
            shot = filled_in(one.row, snapshot(self, one.row.pk) or {})
            record(Change.CREATED, request=request, row=one.row, changes={**differences({}, shot), **changes})
            return
        for name, old in one.before.items():
            if old != (new := getattr(one.row, name)) and one.row._meta.get_field(name).editable:
                changes[name] = (old, new) if name == "is_active" else (None, None)
        record(Change.CHANGED, request=request, row=one.row, changes=changes)

    def _tell_copies(self, request: HttpRequest, count: int, *, into_other: bool) -> None:
        if not count:
            text = gettext(
                "Nothing was copied: each of these mails has a template there. Tick the box to replace them."
            )
            self.message_user(request, text, messages.WARNING)
            return
        text = ngettext("%(count)s template is copied.", "%(count)s templates are copied.", count) % {"count": count}
        if into_other:
            text = f"{text} {gettext('They are not active: translate them, then switch them on.')}"
        self.message_user(request, text, messages.SUCCESS)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the form says, saved or not, on a real ticket: within a frame, as a mail program would."""
        shown, sentences = self._shown(request)
        if shown is None:
            return _framed(render(request, "admin/mail_preview.html", {"sentences": sentences}))
        if "as_text" in request.POST:
            return _framed(render(request, "admin/mail_preview.html", {"shown": shown}))
        return _framed(page_of(shown))

    def test(self, request: HttpRequest) -> HttpResponse:
        """Mail the same to an address, by the way that the ticket's mails go. Its link leads nowhere."""
        shown, sentences = self._shown(request)
        to = request.POST.get("test_to", "").strip()[:254]
        try:
            validate_email(to)
        except ValidationError as wrong:
            shown, sentences = None, [*sentences, *wrong.messages]
        if shown is not None and not senders.has_any_way():
            shown, sentences = None, [gettext("Not mailed: no mail server is set")]
        if shown is not None:
            _mail_test(shown, to, self._ticket(request))
            assert isinstance(request.user, User)
            record(Change.EXPORTED, request=request, row=request.user, changes={"test_mail": (None, True)})
            sentences = [gettext("The test mail waits to be sent to %(email)s.") % {"email": to}]
        return _framed(render(request, "admin/mail_preview.html", {"sentences": sentences}))

    def take_delivered(self, request: HttpRequest) -> HttpResponse:
        """Put the delivered text into the form of the row, or of a new one."""
        template, language = request.POST.get("template", ""), request.POST.get("language", "")
        known = template in dict(EVERY_MAIL) and language in dict(mail_languages())
        row = self.get_object(request, request.POST.get("row", ""))
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if row is None or not known:
            if not known:
                self.message_user(request, gettext("Choose a mail and a language first."), messages.WARNING)
            query = request.GET.copy()
            query.update({name: value for name, value in (("template", template), ("language", language)) if value})
            if (department := request.POST.get("department", "")).isdecimal():
                query["department"] = department
            return redirect(f"{reverse('admin:mail_mailtemplate_add')}?{query.urlencode()}")
        # Somebody's words: they go when this is saved, and stay where it is not.
        self.message_user(request, gettext("This is the delivered text. It holds once you save it."), messages.WARNING)
        return redirect(f"{reverse('admin:mail_mailtemplate_change', args=[row.pk])}?delivered=1")

    def _shown(self, request: HttpRequest) -> tuple[rendering.Rendered | None, list[str]]:
        """Return the mail as the form says it, of the ticket that is named; else nothing, and why, in sentences."""
        assert isinstance(request.user, User)
        row = self.get_object(request, request.POST.get("row", ""))
        form = self.get_form(request, row)(request.POST, instance=row)
        form.is_valid()
        fields = ("template", "language", "subject", "body")
        wrong = [str(sentence) for name in fields for sentence in form.errors.get(name, [])]
        if wrong:
            return None, wrong
        looked_at = MailTemplate(template=form.cleaned_data["template"], language=form.cleaned_data["language"])
        looked_at.subject = form.cleaned_data["subject"]
        looked_at.write(form.cleaned_data["body"])
        if looked_at.template in Letter:
            subject, text, html = letters.preview(looked_at, request.user)
            return rendering.Rendered(subject, text, html), []
        ticket = self._ticket(request)
        if ticket is None:
            return None, [gettext("Write the number of a ticket to look at it.")]
        mail = sample(looked_at.template, ticket, request.user)
        if mail is None:
            return None, [gettext("Nothing of this kind has happened in that ticket. Choose another one.")]
        try:
            return rendering.preview_in(mail, looked_at), []
        except rendering.NoLongerWanted as reason:
            return None, [str(reason)]

    def _ticket(self, request: HttpRequest) -> Ticket | None:
        """Return the ticket whose number the form names, if there is one."""
        assert isinstance(request.user, User)
        number = request.POST.get("ticket", "").strip().removeprefix("#")[:32]
        seen = Ticket.objects.visible_to(Principal.administrator(request.user)).select_related(*RELATIONS)
        return seen.filter(number=number).first() if number else None


RELATIONS = (
    *("department__parent__parent", "topic__parent__parent", "priority", "sla_plan"),
    *("assignee", "team", "requester", "organization"),
)


def _mail_test(shown: rendering.Rendered, to: str, ticket: Ticket | None) -> None:
    """Mail it as it looks, with its pictures, from where the ticket's mails come and by their way."""
    own = senders.of_ticket(ticket) if ticket is not None else senders.of_site()
    subject = gettext("Test: %(subject)s") % {"subject": shown.subject}
    mail: Any = EmailMultiAlternatives(one_line(subject, 250), shown.text, to=[to])
    mail.attach_alternative(shown.html, "text/html")
    mail.by_account, mail.from_own = (own.account, own.pk) if own is not None else (None, None)
    mail.shown_images = [image.pk for image in shown.images]
    mail.send()


def _framed(response: HttpResponse) -> HttpResponse:
    """Let our own pages frame the answer."""
    sandboxed(response)["X-Frame-Options"] = "SAMEORIGIN"
    return response
