"""What agents keep about people: contact data, whether they may sign in, notes. Each change stands in the audit log.

Who may do it is asked by the doors. Addresses are in accounts.addresses.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, people
from accounts.addresses import claim
from accounts.models import Address, AuditKind, Note, Organization, User

# Of these the log says that they changed, and neither from what nor to what.
PERSONAL = frozenset({"name", "phone", "time_zone", "language"})
FIELDS = (*sorted(PERSONAL), "organization", "is_primary_contact")


class NotPossible(Exception):
    """What cannot be done to this person; `str()` is a sentence for whoever tried."""


def require_changeable(person: User) -> None:
    """Raise NotPossible for whoever is not changed from the desk.

    Agents and administrators are not: whoever could give an administrator another address could sign in as one.
    """
    if person.anonymised_at is not None:
        raise NotPossible(_("This person is anonymised. Nothing of theirs can be changed."))
    if person.is_agent or person.is_administrator:
        raise NotPossible(_("%(name)s works here and is changed in the administration.") % {"name": person})


@transaction.atomic
def add_person(email: str, *, by: User, at: datetime, **fields: Any) -> User:
    """Add a guest with one address, which is not confirmed yet. Raises AddressTaken."""
    person = User(**fields)
    person.set_unusable_password()
    person.save()
    address = claim(person, email, is_primary=True)
    given = {name: value for name, value in fields.items() if value not in (None, "", False)}
    changes = _changes(User(), given) | {"addresses": (None, [address.pk])}
    audit.record(AuditKind.CREATED, by=by, at=at, target=person, changes=changes)
    return person


@transaction.atomic
def change_person(person: User, fields: Mapping[str, Any], *, by: User, at: datetime) -> bool:
    """Change what differs; say whether anything did. Raises NotPossible."""
    held = User.objects.select_for_update().get(pk=person.pk)
    require_changeable(held)
    changes = _changes(held, fields)
    if not changes:
        return False
    for name in changes:
        setattr(held, name, fields[name])
    if held.organization_id is None:
        held.is_primary_contact = False
    held.save(update_fields=[*changes, "is_primary_contact"])
    audit.record(AuditKind.CHANGED, by=by, at=at, target=held, changes=changes)
    return True


@transaction.atomic
def set_active(person: User, is_active: bool, *, by: User, at: datetime) -> bool:
    """Lock the person out, or let them in again; say whether that changed anything. Raises NotPossible.

    Who is locked is signed out at once, their ticket links stop working, and no ticket opens with their addresses.
    """
    held = User.objects.select_for_update().get(pk=person.pk)
    require_changeable(held)
    if held.is_active == is_active:
        return False
    people.set_active(held, is_active)
    changes = {"is_active": (not is_active, is_active)}
    audit.record(AuditKind.CHANGED, by=by, at=at, target=held, changes=changes)
    return True


def primary_address(person: User) -> Address | None:
    return person.addresses.filter(is_primary=True).first()


# --- Notes ---------------------------------------------------------------------------------------


def add_note(about: User | Organization, text: str, *, by: User, at: datetime) -> Note:
    field = "person" if isinstance(about, User) else "organization"
    return Note.objects.create(**{field: about}, text=text, author=by, created_at=at)


def delete_note(note: Note, *, by: User) -> None:
    """Delete what one wrote oneself. Raises NotPossible for a note of somebody else."""
    if note.author_id != by.pk:
        raise NotPossible(_("Only %(name)s can delete this note.") % {"name": note.author})
    note.delete()


def _changes(held: User, fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, as the audit log keeps it."""
    changes: dict[str, tuple[Any, Any]] = {}
    for name in FIELDS:
        if name not in fields or getattr(held, name) == fields[name]:
            continue
        old, new = getattr(held, name), fields[name]
        if name in PERSONAL:
            old = new = None
        elif name == "organization":
            old, new = old and old.pk, new and new.pk
        changes[name] = (old, new)
    return changes
