"""Locks: who is kept out after failing to sign in too often, and letting them in again."""

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accounts import audit, tries
from accounts.models import AuditKind, Lock, User

# More than so many at once are an attack, and clearing them one by one is no answer to it.
MOST = 500


def held(at: datetime) -> dict[int, datetime]:
    """Return the locks that hold now: the line of the log that began each, and until when.

    A line is written again while somebody goes on trying, so none is older than two windows.
    """
    lines = Lock.objects.filter(kind=AuditKind.LOCKED, at__gt=at - 2 * tries.WINDOW).order_by("at", "pk")[:MOST]
    people = User.objects.in_bulk([line.target_id for line in lines if line.target_id is not None])
    found: dict[int, datetime] = {}
    seen: set[User | str] = set()
    for line in lines:
        who = people.get(line.target_id) if line.target_id is not None else line.client_ip
        if who is None or who in seen:
            continue
        seen.add(who)
        until = tries.locked_until(who) if isinstance(who, User) else tries.client_locked_until(who)
        if until is not None:
            found[line.pk] = until
    return found


def began(after: int, *, since: datetime) -> list[tuple[int, str, str]]:
    """Return (line, account, client) of the locks that began since then and after that line of the log, newest first.

    `account` is a person's address, "" where a client is locked.
    """
    email = User.objects.filter(pk=OuterRef("target_id")).values("email")
    lines = Lock.objects.filter(kind=AuditKind.LOCKED, at__gt=since, pk__gt=after)
    told = lines.annotate(email=Subquery(email)).order_by("-at", "-pk").values_list("pk", "email", "client_ip")
    return [(line, email or "", client or "") for line, email, client in told[:MOST]]


@transaction.atomic
def clear(lock: Lock, *, by: User, at: datetime) -> None:
    """Let the account, or the client, try again at once."""
    person = User.objects.filter(pk=lock.target_id).first() if lock.target_id is not None else None
    if person is not None:
        tries.unlock_account(person)
    elif lock.client_ip:
        tries.unlock_client(lock.client_ip)
    changes = {} if person else {"client": (lock.client_ip, None)}
    audit.record(AuditKind.UNLOCKED, by=by, at=at, target=person, changes=changes)
