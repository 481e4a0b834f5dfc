"""Canned responses in the administration (PARITY C01, C04)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import ModelForm
from core.configuration_admin import ConfigurationAdmin, OffersActiveInline
from core.models import NewFile
from core.switching import SwitchingAdmin
from core.uploads import MAX_FILES, FilesInput, Kept, receive
from tickets.errors import CannedChanged
from tickets.models import CannedFile, CannedResponse
from tickets.models.canned import LONGEST_BODY
from tickets.variable_fields import VariableTextarea, checked_html
from tickets.vocabulary import CANNED, EVERYTHING


class AddedFiles(FilesInput):
    """Files chosen now, and those that came with a form that was not accepted, each a ticked box."""

    kept: tuple[Kept, ...] = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        boxes = format_html_join(
            "",
            '<li><label><input type="checkbox" name="{}-kept" value="{}" checked> <bdi>{}</bdi></label></li>',
            ((name, one.reference, one.name) for one in self.kept),
        )
        chosen = format_html('<input type="file" name="{}" id="{}" multiple>', name, (attrs or {}).get("id", name))
        return format_html("{}<ul>{}</ul>", chosen, boxes) if boxes else chosen


class CannedForm(ModelForm):
    added = forms.Field(
        label=_("Add files"),
        required=False,
        widget=AddedFiles,
        help_text=_("They go along with the reply; the agent can take them out before it is sent."),
    )

    # What it was when the form was made: two who change it at once do not undo each other's work unseen.
    mark = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    class Meta:
        widgets = {"body": VariableTextarea({"rows": 14, "cols": 80}), "notes": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "mark" in self.fields and self.instance.pk:
            self.initial["mark"] = _mark(self.instance)
        if "body" in self.fields:
            self.fields["body"].widget.vocabulary = CANNED
            self.fields["body"].help_text = _(
                "HTML, or plain text with a blank line between paragraphs. Type {{ to choose a variable."
            )

    def clean_body(self) -> str:
        return checked_html(str(self.cleaned_data["body"]), CANNED, known=EVERYTHING, most=LONGEST_BODY)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        # Locked until it is saved: the page is one transaction.
        row = CannedResponse.objects.select_for_update().filter(pk=self.instance.pk).first()
        if row is not None and "mark" in self.fields and _mark(row) != data.get("mark"):
            # What was written stays in the form, which knows of the change from now on.
            self.data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict
            self.data[self.add_prefix("mark")] = _mark(row)  # type: ignore[index]
            self.add_error(None, _told_changed(row))
        return data

    def clean_added(self) -> list[NewFile]:
        # No ticket is held here, so the bytes may be written within the request's transaction.
        received = receive(*self.cleaned_data["added"])
        self.fields["added"].widget.kept = tuple(received.kept)
        there = self.instance.files.count() if self.instance.pk else 0
        if there + len(received.files) > MAX_FILES:
            sentence = _("Only %(most)s files can go along. Remove some first.") % {"most": MAX_FILES}
            received.problems.append(str(sentence))
        if received.problems:
            raise forms.ValidationError(received.problems)
        return received.files


def _mark(row: CannedResponse) -> str:
    return row.mark(row.notes)


def _told_changed(row: CannedResponse) -> SafeString:
    """Return that somebody else changed it, and what it says now."""
    return format_html(
        '{}<br><strong dir="auto">{}</strong><br>'
        '<textarea rows="6" cols="80" readonly dir="auto" aria-label="{}">\n{}</textarea>',
        CannedChanged(),
        row.title,
        gettext("What it says now"),
        row.body,
    )


class CannedFileInline(OffersActiveInline):
    """The files that go along, to be removed; new ones come by the field below."""

    model = CannedFile
    fields = ("name",)
    readonly_fields = ("name",)
    extra = 0
    ordering = ("position",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CannedResponse)
class CannedResponseAdmin(SwitchingAdmin, ConfigurationAdmin):
    about = _("Answers that are needed often. Agents put them into a reply by typing /.")
    form = CannedForm
    list_display = ("title", "department", "is_active", "files")
    list_filter: ClassVar[Any] = (*ConfigurationAdmin.list_filter, "is_active")
    list_select_related = ("department__parent__parent",)
    sortable_by = ()
    fields = ("title", "department", "body", "added", "is_active", "notes", "mark")
    inlines = (CannedFileInline,)
    search_fields = ("title", "text")
    search_help_text = _("A part of the title or of the text.")
    ordering = ("title", "pk")
    actions: Any = ("activate", "deactivate", "archive", "bring_back", "delete_chosen")
    audited_words: ClassVar[Any] = ("title",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super().get_queryset(request).annotate(has_files=Exists(CannedFile.objects.filter(response=OuterRef("pk"))))
        )
        return rows

    @admin.display(description=_("files"), boolean=True)
    def files(self, response: Any) -> bool:
        return bool(response.has_files)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None and obj.files.exists() else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.write(form.cleaned_data["body"])
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            obj.add_files(form.cleaned_data["added"])

    @admin.action(description=_("Delete"), permissions=["delete"])
    @transaction.atomic
    def delete_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete for good, only what was archived before: that one can see coming, and take back."""
        rows = list(queryset.exclude(archived_at=None).order_by("pk"))
        for row in rows:
            self.log_deletions(request, [row])
        CannedResponse.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if not rows:
            text = gettext("Only what is archived can be deleted here. Archive it first.")
            self.message_user(request, text, messages.WARNING)
            return
        text = ngettext("%(count)s canned response deleted.", "%(count)s canned responses deleted.", len(rows))
        self.message_user(request, text % {"count": len(rows)}, messages.SUCCESS)
