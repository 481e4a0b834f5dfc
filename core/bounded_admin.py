"""What all pages of the administration share: every change is told, every list has an end.

Every field that a browser may name stands in an allow-list; what rows refer to cannot be deleted.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Exists, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst

from core.changes import Change, Changes, differences, filled_in, record, snapshot

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

    # What stands in the list, in one sentence above it.
    about: ClassVar[Any] = ""
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Call the list by what stands in it: there is more to do here than to "select one to change"."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

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
