"""What all pages of the administration share, and the site settings.

What is in use is archived and can be brought back; only what was never used can be deleted. Every list is
bounded, and every field that a browser may name stands in an allow-list.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import Exists, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.changes import Change, Changes, differences, filled_in, record, snapshot
from core.fields import DurationField
from core.logo import store_logo
from core.models import SiteSettings

# Django's own are generic only to the type checker.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
    InlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
    AnyPaginator = Paginator[Any]
else:
    ModelAdmin, TabularInline, ModelForm, InlineFormSet, AnyPaginator = (
        admin.ModelAdmin,
        admin.TabularInline,
        forms.ModelForm,
        forms.BaseInlineFormSet,
        Paginator,
    )

# Lists end here; who looks for more narrows them by a search or a filter.
MOST_ROWS = 1000


class CappedPaginator(AnyPaginator):
    """Counts to MOST_ROWS and no further: a list of a million rows costs no more than one of a thousand."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk")[:MOST_ROWS])


class AuditedAdmin(ModelAdmin):
    """Writes what it does into the audit log, and nothing into Django's, which holds names of people.

    What somebody changed is found by comparing the rows themselves, so that no page can forget to tell.
    """

    # Of these fields the words are kept, not only that they changed: never of what may name a person.
    audited_words: ClassVar[Any] = ()
    # Relations that the page edits without a field of the row or a table within the page.
    audited_relations: ClassVar[Any] = ()
    # Fields and relations whose change is told as something else than a change: as one of rights.
    audited_as: ClassVar[Mapping[str, Change]] = {}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Remember the row as it is: this comes before anything is saved."""
        row = super().save_form(request, form, change)
        row.before_change = snapshot(self, row.pk, lock=True) if row.pk else None
        return row

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        self._tell_change(request, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        self._tell_change(request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        for row in queryset:
            shot = snapshot(self, row.pk, lock=True) or {}
            record(Change.DELETED, request=request, row=row, changes=differences(filled_in(row, shot), {}))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the audit log of this one row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        query = urlencode({"thing": self.model._meta.concrete_model._meta.label_lower, "number": unquote(object_id)})
        return redirect(f"{reverse('admin:accounts_auditevent_changelist')}?{query}")

    def _tell_change(self, request: HttpRequest, row: Any) -> None:
        before, after = getattr(row, "before_change", None), snapshot(self, row.pk) or {}
        changes = differences(before or {}, after if before is not None else filled_in(row, after))
        told: dict[Change, Changes] = {Change.CREATED: {}} if before is None else {}
        for name, pair in changes.items():
            usual = Change.CHANGED if before is not None else Change.CREATED
            kind = self.audited_as.get(name.partition(":")[0], usual)
            told[kind] = {**told.get(kind, {}), name: pair}
        for kind, part in told.items():
            record(kind, request=request, row=row, changes=part)


class BoundedAdmin(AuditedAdmin):
    """A list that never counts a whole table, on pages of moderate size."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        """Return what the field that completes names is to find; None for all on the page of the model it leads to."""
        return None


class FindsWhole:
    """Finds by one whole value, so that an index does it: an e-mail address where there is an @, else a number.

    Django's own search asks for both at once and without regard to case, and reads the whole table for it.
    """

    finds_address: ClassVar[str] = ""
    # Empty: what is no address is sought as Django does it, in `search_fields`.
    finds_number: ClassVar[str] = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if term and "@" in term:
            return queryset.filter(**{self.finds_address: term.lower()}), False
        if term and self.finds_number:
            return queryset.filter(**{self.finds_number: term.removeprefix("#")}), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found


class ReadOnlyAdmin(BoundedAdmin):
    """To look at, and to do what its named actions do. The columns are not sorted by click: few have an index."""

    sortable_by: ClassVar[Any] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def is_in_use(row: Model) -> bool:
    """Say whether rows refer to this one that would not go with it. One query, however many tables may."""
    referring = Q()
    for relation in row._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete) or not (relation.one_to_many or relation.one_to_one):
            continue
        if getattr(relation, "on_delete", models.CASCADE) in {models.CASCADE, models.DO_NOTHING}:
            continue
        referring |= Q(Exists(relation.related_model._base_manager.filter(**{relation.field.name: row.pk})))  # type: ignore[union-attr]
    return bool(referring) and type(row)._base_manager.filter(referring, pk=row.pk).exists()


class DeletesUnusedAdmin(BoundedAdmin):
    """Offers to delete what nothing refers to, and only that."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or self.may_delete(obj)

    def may_delete(self, row: Any) -> bool:
        return not is_in_use(row)


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
        if field is not None:
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
        if wanted and self.instance.archived_at:
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
                for other in self.model._default_manager.filter(is_default=True).exclude(pk=obj.pk):
                    other.is_default = False
                    other.save(update_fields=["is_default"])
                    record(Change.CHANGED, request=request, row=other, changes={"is_default": (True, False)})
            super().save_model(request, obj, form, change)

    def why_not_archived(self, row: Any) -> str | None:
        if row.is_default:
            return gettext("“%(name)s” is the default. Make another one the default first.") % {"name": row}
        return None

    def may_delete(self, row: Any) -> bool:
        return not row.is_default and super().may_delete(row)


# --- Site settings -------------------------------------------------------------------------------


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
        (None, {"fields": ("name", "picture", "no_picture", "time_zone")}),
        (_("A ticket's end"), {"fields": ("close_after", "reopen_within")}),
        (_("Ticket numbers"), {"fields": ("numbering", "number_digits", "next_number")}),
        (_("Help topics"), {"fields": ("topic_order",)}),
        (_("Files"), {"fields": ("max_upload_mb",)}),
        (_("Who may come in"), {"fields": ("registration", "guests_may_ask", "agents_need_second_factor")}),
        (_("Signed out when idle"), {"fields": ("agents_idle_after", "requesters_idle_after")}),
    )
    radio_fields = {"numbering": admin.VERTICAL, "topic_order": admin.VERTICAL}
    audited_words = ("name", "time_zone")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: SiteSettings | None = None) -> Any:
        """Leave out "Remove the logo" where there is none."""
        if obj is not None and obj.logo_id is not None:
            return self.fieldsets
        first = (None, {"fields": ("name", "picture", "time_zone")})
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
