"""Write, archive and bring back canned responses at the desk: those of the departments in which a role allows it.

What is for all departments is the administrators'.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditKind, Permission
from accounts.principal import Principal
from tickets import policy
from tickets.errors import NotAllowed
from tickets.models import CannedResponse, Department


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
) -> CannedResponse:
    """Change a canned response, or make one. `html` is cleaned by allow-list. Raises NotAllowed.

    The log keeps title, department and whether it is offered; of the words, that they changed.
    """
    places = {department.pk}
    row = CannedResponse(department=department)
    if response is not None:
        row = CannedResponse.objects.select_for_update().get(pk=response.pk)
        places.add(row.department_id or 0)
    _require(by, places)
    old = _facts(row) if row.pk else {}
    words = row.body
    row.title, row.department, row.is_active = title, department, is_active
    row.write(html)
    row.save()
    new = _facts(row)
    changes = {name: (old.get(name), new[name]) for name in new if old.get(name) != new[name]}
    if row.body != words:
        changes["body"] = (None, None)
    kind = AuditKind.CHANGED if response is not None else AuditKind.CREATED
    audit.record(kind, by=by.user, at=at, target=row, changes=changes)
    return row


@transaction.atomic
def archive_canned(*, response: CannedResponse, is_archived: bool, by: Principal, at: datetime) -> None:
    """Take it out of what is offered, or bring it back; twice is once. Raises NotAllowed."""
    row = CannedResponse.objects.select_for_update().get(pk=response.pk)
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
