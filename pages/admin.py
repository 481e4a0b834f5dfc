"""Pages in the administration: begun by their kind, written in each language, looked at as the portal shows them."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from core import writing_uploads
from core.bounded_admin import DeletesUnusedAdmin
from core.changes import Change, differences, filled_in, record, snapshot
from core.configuration_admin import OffersActiveAdmin, OffersActiveInline
from core.languages import mail_languages
from core.models import SiteSettings
from core.policies import framed_by_us, with_own_frames
from pages import live, words
from pages.editing import AddForm, PageForm, PageFormBase, copy, write
from pages.models import Page, PageKind, PageText
from pages.words import Shown
from tickets.models import Department, HelpTopic, Ticket

# Beside name, publishing and notes, which every page has.
OF_KIND: dict[str, tuple[str, ...]] = {
    PageKind.OTHER: ("slug", "in_footer", "position"),
    PageKind.THANKS: ("topics",),
    PageKind.NOTICE: ("severity", "audience", "starts_at", "ends_at"),
}
SAMPLE_NUMBER = "123456"


class PageTextInline(OffersActiveInline):
    """Tells the audit log that a text changed, and in which language; the form of the page edits it."""

    model = PageText
    audited_words: ClassVar[Any] = ("language",)


@admin.register(Page)
class PageAdmin(DeletesUnusedAdmin, OffersActiveAdmin):
    about = _("What the portal says in words of your own, in each language. Notices stand above every page.")
    change_form_template = "admin/page.html"
    list_display = ("name", "kind", "is_published", "languages", "slug")
    list_filter: ClassVar[Any] = ("kind", "is_published")
    sortable_by = ()
    search_fields = ("name",)
    ordering = ("kind", "position", "name", "pk")
    inlines = (PageTextInline,)
    actions: Any = ("copy_chosen",)
    autocomplete_fields = ("topics",)
    audited_words: ClassVar[Any] = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("texts")

    @admin.display(description=_("languages"))
    def languages(self, page: Page) -> str:
        return ", ".join(sorted(text.language for text in page.texts.all()))

    # --- The form --------------------------------------------------------------------------------

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kind",) if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Page | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("name", "kind", "slug")}),)
        first = ("name", "kind", "is_published", *OF_KIND.get(obj.kind, ()), "notes", "seen")
        return (
            (None, {"fields": first}),
            *(
                (name, {"fields": (f"title_{code}", f"body_{code}"), "classes": ["page-text-fields"]})
                for code, name in mail_languages()
            ),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            return super().get_form(request, obj, change, form=AddForm, **kwargs)
        owner = {"owner": owner_of(request)}
        return super().get_form(request, obj, change, form=type("PageForm", (PageForm,), owner), **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the page. Of several who save pages one comes after the other, so that each sees what there is."""
        if request.method == "POST" and transaction.get_connection().in_atomic_block:
            SiteSettings.objects.select_for_update(no_key=True).get(pk=1)
        return super().get_object(request, object_id, from_field)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if isinstance(form, PageFormBase):
            write(form.instance, form)
        live.changed()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        live.changed()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Lead on to where the texts are written."""
        self.message_user(request, gettext("Now write it. It is a draft until you publish it."), messages.SUCCESS)
        return redirect("admin:pages_page_change", obj.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row: Page | None = kwargs.get("obj")
        if row is not None:
            context |= {
                "preview_url": reverse("admin:pages_page_preview"),
                "languages": mail_languages(),
                "public_url": reverse("pages:page", args=[row.slug]) if row.slug and row.is_published else "",
            }
        answer = super().render_change_form(request, context, *args, **kwargs)
        with_own_frames(request, answer)
        return answer

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        if field == "topics":
            return HelpTopic.objects.active().with_path().in_order()
        return super().looked_up(field)

    # --- Beside saving ---------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("preview/", view(require_POST(self.preview)), name="pages_page_preview"),
            path("upload/", view(self.upload), name="pages_page_upload"),
            *super().get_urls(),
        ]

    def upload(self, request: HttpRequest) -> HttpResponseBase:
        """Store a picture of what is being written; by GET, show it to whoever stored it."""
        return _upload(request)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the form says in one language, saved or not, as the portal would: within a frame."""
        row = self.get_object(request, request.POST.get("row", ""))
        if row is None:
            raise Http404
        form = self.get_form(request, row, change=True)(request.POST, instance=row)
        form.is_valid()
        language = request.POST.get("preview", "")
        fields = (f"title_{language}", f"body_{language}")
        wrong = [str(sentence) for name in fields for sentence in form.errors.get(name, [])]
        draft = form.draft_in(language)
        if draft is None and not wrong:
            wrong = [gettext("There is no text in this language: the portal says what it says in the other one.")]
        text = None if wrong or draft is None else _said(row, draft, form)
        context = {"kind": row.kind, "text": text, "sentences": wrong, "severity": form.data.get("severity", "info")}
        response = render(request, "pages/preview.html", context)
        framed_by_us(request, response)
        return response

    @admin.action(description=_("Copy"), permissions=["add"])
    @transaction.atomic
    def copy_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Make drafts that say the same. Each stands in the audit log with what it is a copy of."""
        made = []
        for page in queryset.order_by("pk"):
            row = copy(page)
            shot = filled_in(row, snapshot(self, row.pk) or {})
            changes = {**differences({}, shot), "copied_from": (None, page.pk)}
            record(Change.CREATED, request=request, row=row, changes=changes)
            made.append(row)
        names = ", ".join(str(row) for row in made[:5])
        self.message_user(request, gettext("Copied as drafts: %(names)s.") % {"names": names}, messages.SUCCESS)
        return redirect("admin:pages_page_change", made[0].pk) if len(made) == 1 else None


def owner_of(request: HttpRequest) -> str:
    """Return whose uploads these are, for core.uploads: what is uploaded for a page is no file elsewhere."""
    return f"pages:{request.user.pk}"


@require_http_methods(["GET", "HEAD", "POST"])
def _upload(request: HttpRequest) -> HttpResponseBase:
    owner = owner_of(request)
    if request.method != "POST":
        return writing_uploads.show(request, owner=owner)
    return writing_uploads.take(request, owner=owner, address=reverse("admin:pages_page_upload"), images_only=True)


def _said(page: Page, draft: Any, form: PageFormBase) -> Shown:
    """Return the draft as its readers would be shown it; a thank-you for a made-up ticket."""
    ticket = Ticket(
        number=SAMPLE_NUMBER, opened_at=now(), department=Department.objects.filter(is_default=True).first()
    )
    return words.say(
        page.kind,
        language=draft.language,
        title=draft.title,
        body=draft.body,
        site=SiteSettings.load(),
        ticket=ticket,
        images=form.new_images(),
    )
