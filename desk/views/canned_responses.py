"""The canned responses of the departments in which an agent's role lets them write these: listed, written, archived."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import directory
from accounts.directory import Sort
from accounts.models import AuditEvent, Permission
from core import writing_uploads
from desk.access import AgentRequest
from desk.answers import go
from desk.canned_form import CannedForm
from desk.canned_form import uploads_of as canned_uploads_of
from desk.records import allowed, place, press, pressed, show, turning
from desk.views.canned import LONGEST_SEARCH
from tickets import actions, policy
from tickets.counting import count_text
from tickets.errors import CannedChanged, DeedRefused
from tickets.models import CannedResponse

NAME = "canned-responses"


@allowed(Permission.CANNED_EDIT)
@require_safe
def canned_responses(request: AgentRequest) -> HttpResponse:
    """Show a page of them by title, those in which all words of ?q= stand; ?archived=yes shows what is put away."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    is_archive = request.GET.get("archived") == "yes"
    among = CannedResponse.objects.written_in(_places(request)).filter(archived_at__isnull=not is_archive)
    rows = among.select_related("department__parent__parent").defer("body", "text", "notes")
    found, how_many = directory.counted(rows.found_by(text), rows, text)
    page = directory.read_page(found, Sort.NAME, **place(request), named="title")
    given = {"q": text, "archived": "yes" if is_archive else ""}
    context = {
        "rows": page.rows,
        "text": text,
        "is_archive": is_archive,
        "count_text": count_text(how_many),
        **turning(page, reverse(f"desk:{NAME}"), query=urlencode({name: one for name, one in given.items() if one})),
    }
    return show(request, "desk/canned_responses.html", NAME, context)


@allowed(Permission.CANNED_EDIT)
def add_canned(request: AgentRequest) -> HttpResponse:
    return _edit(request, None)


@allowed(Permission.CANNED_EDIT)
def edit_canned(request: AgentRequest, response: int) -> HttpResponse:
    return _edit(request, _load(request, response))


@allowed(Permission.CANNED_EDIT)
@pressed(NAME)
def archive_canned(request: AgentRequest, response: int) -> HttpResponse:
    return _put(request, response, is_archived=True, words=_("“%(title)s” archived"))


@allowed(Permission.CANNED_EDIT)
@pressed(NAME)
def restore_canned(request: AgentRequest, response: int) -> HttpResponse:
    return _put(request, response, is_archived=False, words=_("“%(title)s” brought back"))


@allowed(Permission.CANNED_EDIT)
@require_POST
def canned_upload(request: AgentRequest) -> HttpResponse:
    """Store one file of what the agent is writing."""
    address = reverse("desk:canned-upload")
    return writing_uploads.take(request, owner=canned_uploads_of(request.user), address=address)


def _edit(request: AgentRequest, found: CannedResponse | None) -> HttpResponse:
    given: dict[str, Any] = {"places": _places(request), "by": request.user, "response": found, "auto_id": "canned-%s"}
    if request.method != "POST":
        return _form_page(request, CannedForm(**given, initial={} if found else {"is_active": True}))
    form = CannedForm(request.POST, request.FILES, **given)
    if not form.is_valid():
        return _form_page(request, form)
    try:
        saved = _save(request, form)
    except CannedChanged as changed:
        # With what it says now beside what was written, of which nothing is lost.
        assert found is not None  # what is new is nobody else's
        fresh = _load(request, found.pk)
        form.see_again(fresh)
        form.add_error(None, str(changed))
        return _form_page(request, form, now_says=fresh)
    except DeedRefused as refused:
        form.add_error(None, str(refused))
        return _form_page(request, form)
    messages.success(request, _("“%(title)s” saved") % {"title": saved.title})
    return go(request, reverse(f"desk:{NAME}"))


def _save(request: AgentRequest, form: CannedForm) -> CannedResponse:
    cleaned = form.cleaned_data
    return actions.write_canned(
        response=form.response,
        title=cleaned["title"],
        html=cleaned["body"],
        department=cleaned["department"],
        is_active=cleaned["is_active"],
        files=cleaned["attachments"],
        removed=form.removed,
        by=request.principal,
        at=now(),
        seen=cleaned["mark"] or None,
    )


def _form_page(request: AgentRequest, form: CannedForm, *, now_says: CannedResponse | None = None) -> HttpResponse:
    """Show the form; above it what the response says by now, where that was changed meanwhile, and by whom."""
    found = form.response
    context: dict[str, Any] = {
        "form": form,
        "title": _("Change “%(title)s”") % {"title": found.title} if found else _("Add a canned response"),
        "submit": _("Save") if found else _("Add"),
        "action": reverse("desk:canned-edit", args=[found.pk]) if found else reverse("desk:canned-add"),
        "now_says": now_says,
        "changed": _last_change(now_says) if now_says is not None else None,
    }
    return show(request, "desk/canned_form.html", NAME, context, status=422 if form.errors else 200)


def _last_change(response: CannedResponse) -> AuditEvent | None:
    """Return what the log tells of who changed it last, and when."""
    told = AuditEvent.objects.filter(target_model=response._meta.label_lower, target_id=response.pk)
    return told.select_related("by").order_by("-at", "-id").first()


def _put(request: AgentRequest, pk: int, *, is_archived: bool, words: str) -> HttpResponse:
    found = _load(request, pk)

    def deed() -> str:
        actions.archive_canned(response=found, is_archived=is_archived, by=request.principal, at=now())
        return words % {"title": found.title}

    return press(request, reverse(f"desk:{NAME}"), deed)


def _places(request: AgentRequest) -> frozenset[int]:
    return policy.departments_where(request.principal, Permission.CANNED_EDIT)


def _load(request: AgentRequest, pk: int) -> CannedResponse:
    """Return one that the agent may write. Raises Http404, whether it is another department's or none."""
    found = CannedResponse.objects.written_in(_places(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
