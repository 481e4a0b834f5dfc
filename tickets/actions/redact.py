"""Take the words that name a person out of what others wrote, and files that name them."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import AuditKind, Permission, User
from accounts.principal import Principal
from tickets import policy
from tickets.erasure import REMOVED, keepers, let_go_of_files
from tickets.file_texts import readings
from tickets.mentions import CONTENT, SOURCES, Wanted, is_named_in
from tickets.models import Attachment, Ticket


@transaction.atomic
def redact(*, person: User, source: str, pk: int, by: Principal, at: datetime) -> int:
    """Put a mark in the place of the person's name, addresses and phone in one row; say how many times.

    Which row is the caller's to choose; only the person's own words are touched in it. A file whose content names them
    is deleted, its bytes too if no other file has the same. Raises NotAllowed, and KeyError for a source that is none.
    """
    policy.require_anywhere(by, Permission.PERSON_DELETE)
    column = SOURCES[source]
    row: Any = column.model._base_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        return 0
    times = _delete(row, person, at) if source == CONTENT else _mark(source, row, person)
    if times:
        for keeper in keepers():
            keeper.redacted(row)
        audit.record(AuditKind.REDACTED, by=by.user, at=at, target=row, changes={"about": (None, person.pk)})
    return times


def _mark(source: str, row: Any, person: User) -> int:
    column = SOURCES[source]
    wanted = Wanted.of(person, in_own_ticket=_is_in_own_ticket(source, row, person))
    if not wanted:
        return 0
    pattern, times, changed = wanted.pattern(), 0, {}
    for field in column.fields:
        text, count = pattern.subn(REMOVED, str(getattr(row, field)))
        if field == "html" and any(pattern.search(reading) for reading in readings(text)):
            # Spread over tags, or hidden in entities: the text alone is left to be shown.
            text, count = "", count + 1
        if count:
            changed[field] = _fitting(row, field, text)
            times = max(times, count)
    if changed:
        column.model._base_manager.filter(pk=row.pk).update(**changed)
    return times


def _fitting(row: Any, field: str, text: str) -> str:
    """Return the text as the column takes it: no longer than that, and with a number where it must be the only one."""
    kept = row._meta.get_field(field)
    longest = getattr(kept, "max_length", None)
    fitting, number = text[:longest], 1
    while kept.unique and type(row)._base_manager.filter(**{field: fitting}).exclude(pk=row.pk).exists():
        number += 1
        end = f" {number}"
        fitting = (text[: longest - len(end)] if longest else text) + end
    return fitting


def _delete(file: Attachment, person: User, at: datetime) -> int:
    if is_named_in(file, person) is None:
        return 0
    let_go_of_files(Attachment.objects.filter(pk=file.pk), at)
    return 1


def _is_in_own_ticket(source: str, row: Any, person: User) -> bool:
    if source == "entry":
        return bool(row.ticket.requester_id == person.pk)
    if source == "file":
        return bool(row.entry.ticket.requester_id == person.pk)
    return isinstance(row, Ticket) and row.requester_id == person.pk
