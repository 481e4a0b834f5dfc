"""Pages for what the help desk is made of: archived and brought back; exactly one may be the default."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import BoundedAdmin, DeletesUnusedAdmin, InlineFormSet, ModelForm, TabularInline
from core.changes import Change, record
from core.fields import DurationField


class ArchivedFilter(admin.SimpleListFilter):
    """What is archived is out of the way until asked for."""

    title = _("archived")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Archived")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("In use"),
        }
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.exclude(archived_at=None)
            case "all":
                return queryset
        return queryset.filter(archived_at=None)


class OffersActiveAdmin(BoundedAdmin):
    """Forms read and write times as people do, and offer to choose what is not archived, or was chosen before."""

    formfield_overrides = {models.DurationField: {"form_class": DurationField}}

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        return offer_active(super().formfield_for_foreignkey(db_field, request, **kwargs), db_field, request)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose what there is: beside a choice nothing is deleted."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(widget := getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            widget.can_delete_related = widget.can_view_related = False
        return field


class SpokenFormSet(InlineFormSet):
    """A table's heading names its columns for the eye; each field says its name itself (WCAG 4.1.2)."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            # Django draws a choice of rows by a widget within its widget.
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", field.label)


class OffersActiveInline(TabularInline):
    """The same for the rows of a table within a page. Choices are read once, however many rows there are."""

    formset = SpokenFormSet
    formfield_overrides = {models.DurationField: {"form_class": DurationField}}
    extra = 0
    # What is changed here stands in the audit log of the page.
    audited = True
    audited_words: ClassVar[Any] = ()

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field = offer_active(field, db_field, request, parent=self.parent_model)
        # What is sought by name reads its few chosen rows itself.
        if field is not None and db_field.name not in self.get_autocomplete_fields(request):
            field.choices = list(field.choices)
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(widget := getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
        return field


def offer_active(
    field: Any, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, parent: type[Model] | None = None
) -> Any:
    """Leave out of the field's choices what is archived, unless the row that is edited has it already.

    What is named with what it is below comes in that order, and is read at once.
    """
    if field is not None and hasattr(field.queryset, "with_path"):
        field.queryset = field.queryset.with_path().in_order()
    if field is None or not any(one.name == "archived_at" for one in db_field.related_model._meta.fields):
        return field
    known: QuerySet[Any] = db_field.model._default_manager.none()
    pk = request.resolver_match.kwargs.get("object_id", "") if request.resolver_match else ""
    if str(pk).isdigit():
        if parent is None:
            known = db_field.model._default_manager.filter(pk=pk)
        else:
            key = next(
                one.name
                for one in db_field.model._meta.fields
                if one.related_model and one.related_model._meta.concrete_model is parent._meta.concrete_model
            )
            known = db_field.model._default_manager.filter(**{key: pk})
    field.queryset = field.queryset.filter(Q(archived_at=None) | Q(pk__in=known.values(db_field.name)))
    return field


class ConfigurationAdmin(DeletesUnusedAdmin, OffersActiveAdmin):
    """A page for what the help desk is made of: archived when it is no longer wanted, deleted only if never used."""

    change_form_template = "admin/configuration.html"
    list_filter: ClassVar[Any] = (ArchivedFilter,)
    actions: Any = ("archive", "bring_back")
    audited_words: ClassVar[Any] = ("name",)

    def deeds(self, row: Any) -> list[tuple[str, Any]]:
        """Return the actions of the list that make sense for this one row: name and label."""
        if row.archived_at is not None:
            return [("bring_back", _("Bring back"))]
        return [("archive", _("Archive"))] if self.why_not_archived(row) is None else []

    def why_kept(self, row: Any) -> list[str]:
        """Return why this one cannot be archived or deleted, and what to do about it, each in one sentence."""
        told = []
        if row.archived_at is None and (reason := self.why_not_archived(row)):
            told.append(reason)
        elif not self.may_delete(row):
            told.append(gettext("It is in use, so it cannot be deleted. Archive it: what uses it keeps it."))
        return told

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if row := kwargs.get("obj"):
            context |= {"deeds": self.deeds(row), "why_kept": self.why_kept(row)}
        return super().render_change_form(request, context, *args, **kwargs)

    def why_not_archived(self, row: Any) -> str | None:
        """Return why this one has to stay, in one sentence; None if it may go."""
        return None

    @admin.action(description=_("Archive"), permissions=["change"])
    @transaction.atomic
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done = []
        for row in queryset.filter(archived_at=None).order_by("pk"):
            if reason := self.why_not_archived(row):
                self.message_user(request, reason, messages.ERROR)
                continue
            row.archived_at = now()
            row.save(update_fields=["archived_at"])
            record(Change.ARCHIVED, request=request, row=row)
            done.append(str(row))
        self._tell(request, done, gettext("Archived: %(names)s. What uses it keeps it."))

    @admin.action(description=_("Bring back"), permissions=["change"])
    @transaction.atomic
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done = []
        for row in queryset.exclude(archived_at=None).order_by("pk"):
            row.archived_at = None
            row.save(update_fields=["archived_at"])
            record(Change.RESTORED, request=request, row=row)
            done.append(str(row))
        self._tell(request, done, gettext("Brought back: %(names)s."))

    def _tell(self, request: HttpRequest, names: Iterable[str], sentence: str) -> None:
        if names := list(names):
            self.message_user(request, sentence % {"names": ", ".join(names)}, messages.SUCCESS)


def take_default(request: HttpRequest, row: Any) -> None:
    """Let no row but this one be the default; the log tells of the one that was. In the transaction that saves it."""
    rows = type(row)._default_manager
    for other in rows.filter(is_default=True).exclude(pk=row.pk):
        rows.filter(pk=other.pk).update(is_default=False)
        record(Change.CHANGED, request=request, row=other, changes={"is_default": (True, False)})


class OneDefaultForm(ModelForm):
    """`make_default` stands for `is_default`: checking it moves the default here, which no plain field could say."""

    make_default = forms.BooleanField(label=_("Default"), required=False)
    # Whether there must always be one.
    needs_default = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("make_default")) is not None:
            field.initial = self.instance.is_default
            field.help_text = self._meta.model._meta.get_field("is_default").help_text

    def clean_make_default(self) -> bool:
        wanted = bool(self.cleaned_data["make_default"])
        if wanted and getattr(self.instance, "archived_at", None):
            raise ValidationError(_("What is archived cannot be the default. Bring it back first."))
        if wanted and getattr(self.instance, "disabled_at", None):
            raise ValidationError(_("What is disabled cannot be the default. Enable it first."))
        if self.needs_default and self.instance.is_default and not wanted:
            raise ValidationError(_("There has to be a default. Make another one the default instead."))
        return wanted


class OneDefaultAdmin(ConfigurationAdmin):
    """Exactly one row is the default; making another one it takes it from the old one, in one transaction."""

    form = OneDefaultForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.is_default = form.cleaned_data["make_default"]
        with transaction.atomic():
            if obj.is_default:
                take_default(request, obj)
            super().save_model(request, obj, form, change)

    def why_not_archived(self, row: Any) -> str | None:
        if row.is_default:
            return gettext("“%(name)s” is the default. Make another one the default first.") % {"name": row}
        return None

    def may_delete(self, row: Any) -> bool:
        return not row.is_default and super().may_delete(row)
