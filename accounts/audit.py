"""Writing the audit log: one function for every door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from accounts.models import AuditEvent, AuditKind, User


def record(
    kind: AuditKind,
    *,
    by: User | None,
    at: datetime,
    target: Model | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    client_ip: str | None = None,
) -> AuditEvent:
    """Note that `by` did this, in the transaction of the deed itself.

    `changes` is field → (old, new), as plain JSON values; of personal fields give numbers or nothing, never the
    value. `by` is None for the system and for whoever is not known, such as a refused sign-in.
    """
    return AuditEvent.objects.create(
        kind=kind,
        by=by,
        at=at,
        target_model=target._meta.label_lower if target is not None else "",
        target_id=target.pk if target is not None else None,
        changes={name: list(pair) for name, pair in (changes or {}).items()},
        client_ip=client_ip,
    )
