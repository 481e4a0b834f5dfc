"""Write, archive and bring back canned responses at the desk: those of the departments in which a role allows it.

What is for all departments is the administrators'.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditKind, Permission
from accounts.principal import Principal
from core.models import NewFile
from tickets import policy
from tickets.errors import CannedChanged, NotAllowed, NotOffered
from tickets.models import CannedFile, CannedResponse, Department


@transaction.atomic
def write_canned(
    *,
    response: CannedResponse | None,
    title: str,
    html: str,
    department: Department,
    is_active: bool,
    by: Principal,
    at: datetime,
    files: Sequence[NewFile] = (),
    removed: Collection[int] = (),
    seen: str | None = None,
) -> CannedResponse:
    """Change a canned response, or make one. `html` is cleaned by allow-list.

    `files` come behind those it has, but for those of the keys `removed`. `seen` is its mark as its writer saw it.
    Raises NotAllowed; CannedChanged if it is another by now, unless it says all this already: a form may come twice.

    The log keeps title, department and whether it is offered; of the words, that they changed.
    """
    places = {department.pk}
    row = CannedResponse(department=department)
    if response is not None:
        row = _locked(response)
        places.add(row.department_id or 0)
    _require(by, places)
    old = _facts(row) if row.pk else {}
    words = row.body
    is_stale = response is not None and seen is not None and row.mark() != seen
    row.title, row.department, row.is_active = title, department, is_active
    row.write(html)
    new = _facts(row)
    changes = {name: (old.get(name), new[name]) for name in new if old.get(name) != new[name]}
    if row.body != words:
        changes["body"] = (None, None)
    if is_stale:
        if changes or not _has_these(row, files, removed):
            raise CannedChanged
        return row
    row.save()
    changes |= _change_files(row, files, removed)
    kind = AuditKind.CHANGED if response is not None else AuditKind.CREATED
    audit.record(kind, by=by.user, at=at, target=row, changes=changes)
    return row


def _locked(response: CannedResponse) -> CannedResponse:
    """Return the row as it stands, for as long as the transaction lasts. Raises NotOffered for one that is deleted."""
    row = CannedResponse.objects.select_for_update().filter(pk=response.pk).first()
    if row is None:
        raise NotOffered(_("This canned response was deleted meanwhile."))
    return row


def _has_these(row: CannedResponse, files: Sequence[NewFile], removed: Collection[int]) -> bool:
    there = set(row.files.values_list("blob", "name"))
    is_gone = not row.files.filter(pk__in=removed).exists()
    return is_gone and {(file.blob.pk, file.name) for file in files} <= there


def _change_files(row: CannedResponse, files: Sequence[NewFile], removed: Collection[int]) -> dict[str, Any]:
    """Add and remove files; return for the log which places were filled or became empty, no names."""
    gone = list(row.files.filter(pk__in=removed))
    CannedFile.objects.filter(pk__in=[file.pk for file in gone]).delete()
    new = row.add_files(files)
    told: dict[str, Any] = {f"files:{file.pk}": ({"position": file.position}, None) for file in gone}
    return told | {f"files:{file.pk}": (None, {"position": file.position}) for file in new}


@transaction.atomic
def archive_canned(*, response: CannedResponse, is_archived: bool, by: Principal, at: datetime) -> None:
    """Take it out of what is offered, or bring it back; twice is once. Raises NotAllowed."""
    row = _locked(response)
    _require(by, {row.department_id or 0})
    if (row.archived_at is not None) == is_archived:
        return
    row.archived_at = at if is_archived else None
    row.save(update_fields=["archived_at"])
    audit.record(AuditKind.ARCHIVED if is_archived else AuditKind.RESTORED, by=by.user, at=at, target=row)


def _facts(row: CannedResponse) -> dict[str, Any]:
    return {"title": row.title, "department": row.department_id, "is_active": row.is_active}


def _require(by: Principal, departments: set[int]) -> None:
    if not departments <= policy.departments_where(by, Permission.CANNED_EDIT):
        reason = _("Your role does not include: %(permission)s.") % {"permission": Permission.CANNED_EDIT.label}
        raise NotAllowed(policy.Verdict(False, reason))
