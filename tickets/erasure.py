"""What goes with a person: how much there is, and how it is let go of, on this floor and those above.

Those above hand over their share at start (helpdesk/keepers.py); this floor knows none by name.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, Model, OuterRef, QuerySet, Subquery

from accounts.models import Address, Note, User
from core import sweeping
from tickets.models import Attachment, EntryKind, Participant, ThreadEntry, Ticket

# In the place of what was taken out. Stored, so it is the same in every language.
REMOVED = "[removed]"


@dataclass(frozen=True, slots=True)
class Keeper:
    """One floor that keeps something. Its functions are called in the deed's transaction, and may be called twice."""

    # The address is about to be deleted.
    address_gone: Callable[[Address], None]
    # Words about a person were taken out of this row: an entry, a file, a ticket, a note.
    redacted: Callable[[Any], None]
    # No trace of the person may stay.
    anonymise: Callable[[User, datetime], None]
    # The person is about to be deleted; their tickets are gone.
    person_gone: Callable[[User], None]


_keepers: tuple[Keeper, ...] = ()


def install(table: Sequence[Keeper]) -> None:
    """Replace the table. Called once, when the apps are ready."""
    global _keepers
    _keepers = tuple(table)


def keepers() -> Sequence[Keeper]:
    return _keepers


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of each kind there is."""

    tickets: int
    # Of all sides, in those tickets.
    entries: int
    # Written by the person, wherever.
    messages: int
    files: int
    notes: int
    addresses: int
    # What stands in the tickets of others, or was done there: it keeps a person from being deleted.
    elsewhere: bool


def reach(person: User) -> Reach:
    own = Ticket.objects.filter(requester=person)
    return Reach(
        tickets=own.count(),
        entries=ThreadEntry.objects.filter(ticket__in=own.values("pk")).count(),
        messages=messages_of(person).count(),
        files=Attachment.objects.filter(entry__in=messages_of(person).values("pk")).count(),
        notes=Note.objects.filter(person=person).count(),
        addresses=person.addresses.count(),
        elsewhere=stands_elsewhere(person),
    )


def messages_of(person: User) -> QuerySet[ThreadEntry]:
    """Return what the person wrote as who asks or takes part; what they wrote as an agent is the help desk's word."""
    return ThreadEntry.objects.filter(author=person, kind=EntryKind.MESSAGE)


def stands_elsewhere(person: User) -> bool:
    """Say whether rows that stay would name the person: entries in others' tickets, deeds, notes they wrote.

    Their own parts in tickets go with them; others who are reached at an address of theirs must have one of their own.
    """
    if (
        _parts_of_others(person.addresses.all())
        .exclude(user__in=Address.objects.filter(is_primary=True).values("user"))
        .exists()
    ):
        return True
    for rows, field in protected(User):
        if rows is Participant or (rows is not Ticket and not rows._meta.app_label.startswith(("tickets", "accounts"))):
            continue
        found = rows._base_manager.filter(**{field: person.pk})
        if rows is Ticket:
            found = found.exclude(requester=person)
        elif any(one.name == "ticket" for one in rows._meta.fields):
            found = found.exclude(ticket__requester=person)
        elif rows is Note:
            found = found.exclude(person=person)
        if found.exists():
            return True
    return False


def reach_others_at_their_own(addresses: QuerySet[Address]) -> None:
    """Let whoever takes part in a ticket by one of these addresses, and it is not theirs, be reached at their own."""
    own = Address.objects.filter(user=OuterRef("user"), is_primary=True)
    _parts_of_others(addresses).filter(Exists(own)).update(address=Subquery(own.values("pk")[:1]))


def purge(model: type[Model], keys: Collection[int]) -> None:
    """Delete these rows with all that hangs on them, whatever protects it; what may do without them lets go.

    Tables are asked for, not named, so that one added above, such as the outbox, goes too.
    """
    if not keys:
        return
    for rows, field, deletes in referring(model):
        found = rows._base_manager.filter(**{f"{field}__in": keys})
        if rows is model or not deletes:
            # A row that stays forgets what it says of people, where it has such words.
            found.update(**{field: None}, **getattr(rows, "WHEN_LET_GO", {}))
        else:
            purge(rows, list(found.values_list("pk", flat=True)))
    model._base_manager.filter(pk__in=keys).delete()


def let_go_of_files(attachments: "QuerySet[Attachment]", at: datetime) -> None:
    """Delete the attachments; the bytes that nothing else refers to go with the next sweep, which is due at once."""
    blobs = list(attachments.values_list("blob", flat=True))
    attachments.delete()
    if blobs:
        sweeping.let_go(blobs, at)


def _parts_of_others(addresses: QuerySet[Address]) -> QuerySet[Participant]:
    return Participant.objects.filter(address__in=addresses.values("pk")).exclude(user=F("address__user"))


def protected(model: type[Model]) -> list[tuple[type[Model], str]]:
    """Return model and field of each key that keeps a row of this model from going."""
    return [
        (relation.related_model, relation.field.name)
        for relation in _relations(model)
        if getattr(relation, "on_delete", None) is models.PROTECT
    ]


def referring(model: type[Model]) -> list[tuple[type[Model], str, bool]]:
    """Return model, field, and whether its rows go too, for each that refers to this one."""
    return [
        (
            relation.related_model,
            relation.field.name,
            getattr(relation, "on_delete", None) in {models.PROTECT, models.CASCADE},
        )
        for relation in _relations(model)
    ]


def _relations(model: type[Model]) -> list[Any]:
    return [
        relation
        for relation in model._meta.get_fields(include_hidden=True)
        if relation.auto_created
        and not relation.concrete
        and (relation.one_to_many or relation.one_to_one)
        and not relation.related_model._meta.proxy  # type: ignore[union-attr]
    ]
