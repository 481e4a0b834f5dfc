"""Writing the audit log: one function for every door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind, User
from core import changes as changed
from core import clients
from core.changes import Change, Changes


def record(
    kind: AuditKind,
    *,
    by: User | None,
    at: datetime,
    target: Model | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> AuditEvent:
    """Note that `by` did this, in the transaction of the deed itself.

    `changes` is field → (old, new), as plain JSON values; of personal fields give numbers or nothing, never the
    value. `by` is None for the system and for whoever is not known, such as a refused sign-in.
    """
    return AuditEvent.objects.create(
        kind=kind,
        by=by,
        at=at,
        # A person is one thing, whichever page they were looked at on.
        target_model=target._meta.concrete_model._meta.label_lower if target is not None else "",  # type: ignore[union-attr]
        target_id=target.pk if target is not None else None,
        changes={name: list(pair) for name, pair in (changes or {}).items()},
        client_ip=clients.client_ip(),
    )


def forget_addresses(person: User) -> None:
    """Forget from where the person came: the one change of the log that the database allows (migration 0007)."""
    # Not by the log's own manager, which allows none.
    QuerySet(AuditEvent).filter(by=person).exclude(client_ip=None).update(client_ip=None)


def record_change(change: Change, *, request: HttpRequest, row: Model, changes: Changes) -> None:
    """Note what a page of the administration did (core.changes)."""
    assert isinstance(request.user, User)
    record(
        AuditKind(change),
        by=request.user,
        at=now(),
        target=row,
        changes=changes,
    )


def install() -> None:
    """Hand the pages of the administration, which stand below, what writes their log."""
    changed.hand_over(record_change)
