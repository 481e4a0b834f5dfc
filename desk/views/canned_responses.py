"""The canned responses of the departments in which an agent's role lets them write these: listed, written, archived."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import directory
from accounts.directory import Sort
from accounts.models import Permission
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in
from desk.canned_form import CannedForm
from desk.records import allowed, place, press, pressed, run, show, turning
from desk.views.canned import LONGEST_SEARCH
from tickets import actions, policy
from tickets.models import CannedResponse
from tickets.queues import count_text

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


def _edit(request: AgentRequest, found: CannedResponse | None) -> HttpResponse:
    places = _places(request)
    action = reverse("desk:canned-edit", args=[found.pk]) if found else reverse("desk:canned-add")
    given = filled_in(request, None if found else {"is_active": True})
    dialog = Dialog(
        id="canned",
        title=_("Change “%(title)s”") % {"title": found.title} if found else _("Add a canned response"),
        form=CannedForm(**given, auto_id="canned-%s", places=places, response=found),
        action=action,
        submit=_("Save") if found else _("Add"),
        cancel_url=reverse(f"desk:{NAME}"),
        rows=12,
    )

    def deed(cleaned: Mapping[str, Any]) -> tuple[str, str]:
        saved = actions.write_canned(
            response=found,
            title=cleaned["title"],
            html=cleaned["body"],
            department=cleaned["department"],
            is_active=cleaned["is_active"],
            by=request.principal,
            at=now(),
        )
        return _("“%(title)s” saved") % {"title": saved.title}, reverse(f"desk:{NAME}")

    return run(request, dialog, deed)


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
