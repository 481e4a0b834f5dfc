"""Take the words that name a person out of what others wrote."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import AuditKind, Permission, User
from accounts.principal import Principal
from tickets import policy
from tickets.erasure import REMOVED, keepers
from tickets.mentions import SOURCES, parts_of, pattern_for, words_of
from tickets.models import Ticket


@transaction.atomic
def redact(*, person: User, source: str, pk: int, by: Principal, at: datetime) -> int:
    """Put a mark in the place of the person's name, addresses and phone in one row; say how many times.

    Which row is the caller's to choose; only the person's own words are touched in it. Raises NotAllowed, and KeyError
    for a source that is none.
    """
    policy.require_anywhere(by, Permission.PERSON_DELETE)
    column = SOURCES[source]
    row: Any = column.model._base_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        return 0
    words = words_of(person)
    if _is_in_own_ticket(source, row, person):
        words += parts_of(person)
    if not words:
        return 0
    pattern, times, changed = pattern_for(words), 0, []
    for field in column.fields:
        text, count = pattern.subn(REMOVED, str(getattr(row, field)))
        if count:
            # The mark can be longer than what it replaces, and a column is as long as it is.
            setattr(row, field, text[: getattr(column.model._meta.get_field(field), "max_length", None)])
            changed.append(field)
            times = max(times, count)
    if changed:
        column.model._base_manager.filter(pk=pk).update(**{field: getattr(row, field) for field in changed})
        for keeper in keepers():
            keeper.redacted(row)
        audit.record(AuditKind.REDACTED, by=by.user, at=at, target=row, changes={"about": (None, person.pk)})
    return times


def _is_in_own_ticket(source: str, row: Any, person: User) -> bool:
    if source == "entry":
        return bool(row.ticket.requester_id == person.pk)
    if source == "file":
        return bool(row.entry.ticket.requester_id == person.pk)
    return isinstance(row, Ticket) and row.requester_id == person.pk
